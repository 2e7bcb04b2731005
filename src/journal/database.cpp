// SPDX-License-Identifier: Apache-2.0
#include "journal/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <utility>

namespace stackscaler::journal {
namespace {

Error sqlite_error(sqlite3* db, std::string_view what) {
  const int code = sqlite3_errcode(db);
  const ErrorKind kind =
      code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_BUSY ? ErrorKind::unavailable : ErrorKind::internal;
  return Error(kind, std::string(what) + ": " + sqlite3_errmsg(db));
}

}  // namespace

Statement::~Statement() {
  sqlite3_finalize(stmt_);
}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_), stmt_(std::exchange(other.stmt_, nullptr)), next_(other.next_) {}

Statement& Statement::bind(std::string_view text) {
  // The text must live until step(); SQLite copies it, so that no caller has to think of it.
  sqlite3_bind_text(stmt_, next_++, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(stmt_, next_++, number);
  return *this;
}

Statement& Statement::bind(double number) {
  sqlite3_bind_double(stmt_, next_++, number);
  return *this;
}

Statement& Statement::bind(std::optional<std::int64_t> number) {
  if (number) return bind(*number);
  sqlite3_bind_null(stmt_, next_++);
  return *this;
}

Result<bool> Statement::step() {
  switch (sqlite3_step(stmt_)) {
    case SQLITE_ROW: return true;
    case SQLITE_DONE: return false;
    default: return fail(sqlite_error(db_, "journal"));
  }
}

std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(stmt_, column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column)));
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(stmt_, column);
}
double Statement::real(int column) const {
  return sqlite3_column_double(stmt_, column);
}
bool Statement::null(int column) const {
  return sqlite3_column_type(stmt_, column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::filesystem::path& path) {
  // SQLite gives its -wal and -shm files the mode of the main file, so that one is made first.
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorKind::unavailable, "cannot open the journal " + path.string());
  ::close(fd);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database db(raw);
  if (code != SQLITE_OK) return fail(sqlite_error(raw, "cannot open the journal " + path.string()));
  sqlite3_busy_timeout(raw, 5000);
  if (auto wal = db.execute("PRAGMA journal_mode = WAL"); !wal) return fail(std::move(wal).error());
  // The -wal file is cut back to this after a checkpoint; SQLite begins one at 1000 pages (4 MB) by itself.
  if (auto cut = db.execute("PRAGMA journal_size_limit = 8388608"); !cut) return fail(std::move(cut).error());
  auto check = db.prepare("PRAGMA quick_check(1)");
  if (!check) return fail(std::move(check).error());
  auto row = check->step();
  if (!row) return fail(std::move(row).error());
  if (check->text(0) != "ok") return fail(ErrorKind::internal, "the journal is damaged: " + check->text(0));
  return db;
}

Database::Database(Database&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
Database& Database::operator=(Database&& other) noexcept {
  std::swap(db_, other.db_);
  return *this;
}
Database::~Database() {
  sqlite3_close_v2(db_);
}

Result<void> Database::execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return fail(sqlite_error(db_, "journal"));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* stmt = nullptr;
  if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &stmt, nullptr) != SQLITE_OK) {
    return fail(sqlite_error(db_, "journal"));
  }
  return Statement(db_, stmt);
}

}  // namespace stackscaler::journal
