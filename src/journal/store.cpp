// SPDX-License-Identifier: Apache-2.0
#include "journal/store.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "journal/rows.hpp"

namespace stackscaler::journal {
namespace {

using ports::OperationRecord;
using ports::Phase;

constexpr const char* kTables = R"sql(
CREATE TABLE IF NOT EXISTS operations (
  id TEXT PRIMARY KEY, stack TEXT NOT NULL, folder TEXT NOT NULL, workspace TEXT NOT NULL, requested_by TEXT NOT NULL,
  from_count INTEGER NOT NULL, to_count INTEGER NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,
  phase TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, plan_digest TEXT NOT NULL, plan_summary TEXT NOT NULL,
  pid INTEGER NOT NULL, pid_start INTEGER NOT NULL, boot_id TEXT NOT NULL, stream TEXT NOT NULL, count_after INTEGER,
  outcome_reason TEXT NOT NULL, outcome TEXT NOT NULL, applied INTEGER NOT NULL, half_made TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS operations_stack ON operations (stack, started);
CREATE INDEX IF NOT EXISTS operations_open ON operations (phase) WHERE phase IN ('intended', 'planned', 'applying');
CREATE TABLE IF NOT EXISTS decisions (
  number INTEGER PRIMARY KEY, time INTEGER NOT NULL, policy TEXT NOT NULL, stack TEXT NOT NULL, action TEXT NOT NULL,
  from_count INTEGER NOT NULL, to_count INTEGER NOT NULL, confidence REAL NOT NULL, advisor TEXT NOT NULL,
  reason TEXT NOT NULL, message TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS decisions_policy ON decisions (policy, number);
CREATE TABLE IF NOT EXISTS recommendations (
  policy TEXT NOT NULL, count INTEGER NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (policy, count)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS decisions_stack ON decisions (stack, number);
CREATE TABLE IF NOT EXISTS boot_times (
  stack TEXT NOT NULL, time INTEGER NOT NULL, took INTEGER NOT NULL, PRIMARY KEY (stack, time)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS generations (policy TEXT PRIMARY KEY, digest TEXT NOT NULL, generation INTEGER NOT NULL);
)sql";

constexpr std::string_view kOperationColumns =
    "id, stack, folder, workspace, requested_by, from_count, to_count, reason, message, phase, started, ended, "
    "plan_digest, plan_summary, pid, pid_start, boot_id, stream, count_after, outcome_reason, outcome, "
    "plan_ms, apply_ms, half_made";
constexpr int kOperationColumnCount = 24;

Phase phase_of(std::string_view text) {
  for (const Phase p : {Phase::intended, Phase::planned, Phase::applying, Phase::succeeded, Phase::failed}) {
    if (ports::to_string(p) == text) return p;
  }
  return Phase::abandoned;
}

// "2 3 10". What is no index is dropped: a doubtful taint is somebody else's then.
std::string write_indexes(const std::vector<int>& indexes) {
  std::string text;
  for (const int index : indexes) text += (text.empty() ? "" : " ") + std::to_string(index);
  return text;
}

std::vector<int> read_indexes(std::string_view text) {
  std::vector<int> indexes;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    int index = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), index);
    if (error == std::errc() && end == word.data() + word.size() && index >= 0) indexes.push_back(index);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return indexes;
}

OperationRecord read_operation(const Statement& row) {
  OperationRecord r;
  r.id = row.text(0);
  r.stack = row.text(1);
  r.folder = row.text(2);
  r.workspace = row.text(3);
  r.requested_by = row.text(4);
  r.from = static_cast<int>(row.integer(5));
  r.to = static_cast<int>(row.integer(6));
  r.reason = row.text(7);
  r.message = row.text(8);
  r.phase = phase_of(row.text(9));
  r.started = time_of(row.integer(10));
  if (!row.null(11)) r.ended = time_of(row.integer(11));
  r.plan_digest = row.text(12);
  r.plan_summary = row.text(13);
  r.pid = static_cast<int>(row.integer(14));
  r.pid_start = static_cast<std::uint64_t>(row.integer(15));
  r.boot_id = row.text(16);
  r.stream = row.text(17);
  if (!row.null(18)) r.count_after = static_cast<int>(row.integer(18));
  r.outcome_reason = row.text(19);
  r.outcome = row.text(20);
  r.plan_ms = row.integer(21);
  r.apply_ms = row.integer(22);
  r.half_made = read_indexes(row.text(23));
  return r;
}

// A damaged database is kept for a person to look at, never overwritten.
Result<std::filesystem::path> set_file_aside(const std::filesystem::path& file) {
  for (int n = 1; n < 1000; ++n) {
    std::filesystem::path aside = file.string() + ".damaged-" + std::to_string(n);
    std::error_code ec;
    if (std::filesystem::exists(aside, ec)) continue;
    std::filesystem::rename(file, aside, ec);
    if (ec) return fail(ErrorKind::unavailable, "cannot set the damaged journal aside: " + ec.message());
    // Its newest records may be in the -wal alone, so that goes with it; -shm is made anew from it.
    std::filesystem::rename(file.string() + "-wal", aside.string() + "-wal", ec);
    std::filesystem::remove(file.string() + "-shm", ec);
    return aside;
  }
  return fail(ErrorKind::unavailable, "there are 1000 damaged journals beside " + file.string() + "; remove some");
}

}  // namespace

Result<Store> Store::open(const std::filesystem::path& folder, std::string& set_aside) {
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  if (ec) return fail(ErrorKind::unavailable, "cannot create the data folder " + folder.string() + ": " + ec.message());
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ec);
  const std::filesystem::path file = folder / "journal.db";
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto db = Database::open(file);
    if (db) {
      Store store(std::move(*db));
      auto created = store.create_tables();
      if (created) created = store.prune();
      if (created) return store;
      if (created.error().kind() != ErrorKind::internal) return fail(std::move(created).error());
    } else if (db.error().kind() != ErrorKind::internal) {
      return fail(std::move(db).error());
    }
    auto aside = set_file_aside(file);
    if (!aside) return fail(std::move(aside).error());
    set_aside = aside->string();
  }
  return fail(ErrorKind::internal, "cannot begin a new journal in " + folder.string());
}

Result<void> Store::create_tables() {
  if (auto created = db_.execute(kTables); !created) return created;
  // Columns of later versions; earlier ones write beside them.
  constexpr std::string_view kNumber = "INTEGER NOT NULL DEFAULT 0";
  if (auto added = add_column("operations", "plan_ms", kNumber); !added) return added;
  if (auto added = add_column("operations", "apply_ms", kNumber); !added) return added;
  if (auto added = add_column("decisions", "seen", kNumber); !added) return added;
  return add_column("operations", "half_made", "TEXT NOT NULL DEFAULT ''");
}

Result<void> Store::add_column(std::string_view table, std::string_view column, std::string_view type) {
  auto has_it = [&]() -> Result<bool> {
    auto found = db_.prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = ?");
    if (!found) return fail(std::move(found).error());
    found->bind(table).bind(column);
    return found->step();
  };
  auto there = has_it();
  if (!there) return fail(std::move(there).error());
  if (*there) return {};
  const std::string sql =
      "ALTER TABLE " + std::string(table) + " ADD COLUMN " + std::string(column) + " " + std::string(type);
  auto added = db_.execute(sql.c_str());
  if (added) return {};
  // Another process may have been faster.
  there = has_it();
  if (there && *there) return {};
  return added;
}

Result<void> Store::prune() {
  decisions_since_prune_ = 0;
  operations_since_prune_ = 0;
  auto decisions = db_.prepare("DELETE FROM decisions WHERE number <= (SELECT max(number) FROM decisions) - ?");
  if (!decisions) return fail(std::move(decisions).error());
  decisions->bind(kKeptDecisions);
  if (auto done = run(*decisions); !done) return done;
  auto operations = db_.prepare(
      "DELETE FROM operations WHERE phase IN ('succeeded', 'failed', 'abandoned') AND rowid <= "
      "(SELECT max(rowid) FROM operations) - ?");
  if (!operations) return fail(std::move(operations).error());
  operations->bind(kKeptOperations);
  if (auto done = run(*operations); !done) return done;
  // Of policies that are gone; what is there is asked for by the hour.
  constexpr std::int64_t kDayMs = 86'400'000;
  auto recommendations =
      db_.prepare("DELETE FROM recommendations WHERE time < (SELECT max(time) FROM recommendations) - ?");
  if (!recommendations) return fail(std::move(recommendations).error());
  recommendations->bind(kDayMs);
  return run(*recommendations);
}

Result<void> Store::put_operation(const OperationRecord& r) {
  if (!durable_) {
    if (auto set = db_.execute("PRAGMA synchronous = FULL"); !set) return set;
    durable_ = true;
  }
  // An update in place keeps the row id, which is the order of age for prune().
  auto put = db_.prepare(
      "INSERT INTO operations (" + std::string(kOperationColumns) +
      ", applied) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET "
      "from_count=excluded.from_count, to_count=excluded.to_count, phase=excluded.phase, ended=excluded.ended, "
      "plan_digest=excluded.plan_digest, plan_summary=excluded.plan_summary, pid=excluded.pid, "
      "pid_start=excluded.pid_start, boot_id=excluded.boot_id, stream=excluded.stream, "
      "count_after=excluded.count_after, outcome_reason=excluded.outcome_reason, outcome=excluded.outcome, "
      "plan_ms=excluded.plan_ms, apply_ms=excluded.apply_ms, half_made=excluded.half_made, "
      "applied=max(applied, excluded.applied)");
  if (!put) return fail(std::move(put).error());
  const bool applied = r.phase == Phase::applying || r.phase == Phase::succeeded || r.phase == Phase::failed;
  put->bind(r.id).bind(r.stack).bind(r.folder).bind(r.workspace).bind(r.requested_by);
  put->bind(std::int64_t{r.from}).bind(std::int64_t{r.to}).bind(r.reason).bind(r.message).bind(to_string(r.phase));
  put->bind(ms_of(r.started)).bind(r.ended ? std::optional(ms_of(*r.ended)) : std::nullopt);
  put->bind(r.plan_digest).bind(r.plan_summary).bind(std::int64_t{r.pid});
  put->bind(static_cast<std::int64_t>(r.pid_start)).bind(r.boot_id).bind(r.stream);
  put->bind(r.count_after ? std::optional<std::int64_t>(*r.count_after) : std::nullopt);
  put->bind(r.outcome_reason).bind(r.outcome).bind(r.plan_ms).bind(r.apply_ms).bind(write_indexes(r.half_made));
  put->bind(std::int64_t{applied ? 1 : 0});
  if (auto done = run(*put); !done) return done;
  // The record is on the disk: what comes now must not say otherwise.
  if (++operations_since_prune_ >= 1000) (void)prune();
  return {};
}

Result<std::vector<OperationRecord>> Store::select_operations(std::string_view where, const std::string& argument) {
  auto rows = db_.prepare("SELECT " + std::string(kOperationColumns) + " FROM operations " + std::string(where));
  if (!rows) return fail(std::move(rows).error());
  if (where.find('?') != std::string_view::npos) rows->bind(argument);
  std::vector<OperationRecord> out;
  for (;;) {
    auto more = rows->step();
    if (!more) return fail(std::move(more).error());
    if (!*more) return out;
    out.push_back(read_operation(*rows));
  }
}

Result<std::vector<OperationRecord>> Store::unfinished_operations() {
  return select_operations("WHERE phase IN ('intended', 'planned', 'applying') ORDER BY started", "");
}

Result<std::vector<OperationRecord>> Store::operations(const std::string& stack, int limit) {
  return select_operations(
      "WHERE (?1 = '' OR stack = ?1) ORDER BY started DESC, rowid DESC LIMIT " + std::to_string(limit), stack);
}

// One more than asked for is read, to know whether there are more. The row id is the order of age.
Result<Store::Page<OperationRecord>> Store::operation_page(const PageQuery& query) {
  constexpr std::int64_t kEver = 1LL << 60U;
  auto rows = db_.prepare("SELECT " + std::string(kOperationColumns) +
                          ", rowid FROM operations WHERE (?1 = '' OR stack = ?1) AND rowid < ?2 AND "
                          "(ended IS NULL OR ended >= ?3) AND started < ?4 ORDER BY rowid DESC LIMIT ?5");
  if (!rows) return fail(std::move(rows).error());
  rows->bind(query.name).bind(query.before == 0 ? kEver : query.before);
  rows->bind(query.since ? ms_of(*query.since) : -kEver).bind(query.until ? ms_of(*query.until) : kEver);
  rows->bind(std::int64_t{query.limit} + 1);
  Page<OperationRecord> out;
  std::int64_t last = 0;
  for (;;) {
    auto more = rows->step();
    if (!more) return fail(std::move(more).error());
    if (!*more) return out;
    if (out.records.size() == static_cast<std::size_t>(query.limit)) {
      out.next = last;
      return out;
    }
    out.records.push_back(read_operation(*rows));
    last = rows->integer(kOperationColumnCount);
  }
}

Result<std::optional<OperationRecord>> Store::last_applied(const std::string& stack) {
  auto rows = select_operations("WHERE stack = ? AND applied = 1 ORDER BY started DESC, rowid DESC LIMIT 1", stack);
  if (!rows) return fail(std::move(rows).error());
  if (rows->empty()) return std::nullopt;
  return std::move(rows->front());
}

Result<std::optional<OperationRecord>> Store::possible_orphans(const std::string& stack) {
  auto rows = select_operations(
      "WHERE stack = ?1 AND outcome_reason = 'PossibleOrphans' AND rowid > (SELECT coalesce(max(rowid), 0) FROM "
      "operations WHERE stack = ?1 AND phase = 'succeeded') ORDER BY rowid DESC LIMIT 1",
      stack);
  if (!rows) return fail(std::move(rows).error());
  if (rows->empty()) return std::nullopt;
  return std::move(rows->front());
}

Result<std::optional<OperationRecord>> Store::operation(const std::string& id) {
  auto rows = select_operations("WHERE id = ?", id);
  if (!rows) return fail(std::move(rows).error());
  if (rows->empty()) return std::nullopt;
  return std::move(rows->front());
}

Result<std::vector<ports::Scaling>> Store::scalings(const std::string& stack, WallTime since) {
  auto rows = db_.prepare(
      "SELECT stack, ended, from_count, count_after FROM operations WHERE applied = 1 AND ended >= ? AND "
      "count_after IS NOT NULL AND count_after <> from_count AND (? = '' OR stack = ?) ORDER BY ended, rowid");
  if (!rows) return fail(std::move(rows).error());
  rows->bind(ms_of(since)).bind(stack).bind(stack);
  std::vector<ports::Scaling> out;
  for (;;) {
    auto more = rows->step();
    if (!more) return fail(std::move(more).error());
    if (!*more) return out;
    ports::Scaling one;
    one.stack = rows->text(0);
    one.ended = time_of(rows->integer(1));
    one.from = static_cast<int>(rows->integer(2));
    one.to = static_cast<int>(rows->integer(3));
    out.push_back(std::move(one));
  }
}

}  // namespace stackscaler::journal
