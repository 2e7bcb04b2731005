// SPDX-License-Identifier: Apache-2.0
#include "advisor/forecast_files.hpp"

#include <string>
#include <system_error>

#include "base/digest.hpp"
#include "base/files.hpp"

namespace stackscaler::advisor {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxName = 200;
constexpr unsigned kMode = 0600;

}  // namespace

fs::path ForecastFiles::file_of(const policy::PolicyKey& key) const {
  std::string name = key.name;
  if (name.size() > kMaxName) name = name.substr(0, kMaxName - 17) + "-" + sha256_hex(key.name).substr(0, 16);
  return folder_ / key.namespace_ / (name + ".forecast");
}

Result<forecast::Record> ForecastFiles::read(const policy::PolicyKey& key) const {
  const fs::path file = file_of(key);
  const auto bytes = read_file(file, forecast::kMaxRecordBytes);
  if (!bytes) return fail(bytes.error());
  auto record = forecast::decode(*bytes);
  if (!record) return fail(std::move(record).error().with_context(file.string()));
  return record;
}

Result<void> ForecastFiles::write(const policy::PolicyKey& key, const forecast::Record& record) const {
  const fs::path file = file_of(key);
  std::error_code ec;
  fs::create_directories(file.parent_path(), ec);
  if (ec) return fail(ErrorKind::unavailable, "cannot create " + file.parent_path().string() + ": " + ec.message());
  return write_file_atomic(file, forecast::encode(record), kMode);
}

int ForecastFiles::remove_old() const {
  int removed = 0;
  std::error_code ec;
  const auto oldest = fs::file_time_type::clock::now() - kForgottenAfter;
  fs::recursive_directory_iterator at(folder_, ec);
  for (; !ec && at != fs::recursive_directory_iterator(); at.increment(ec)) {
    std::error_code inner;
    // The name of a write that a crash cut off has a suffix.
    const bool ours = at->path().filename().string().find(".forecast") != std::string::npos;
    if (!ours || at.depth() != 1 || !at->is_regular_file(inner) || at->is_symlink(inner)) continue;
    const auto written = at->last_write_time(inner);
    if (!inner && written < oldest && fs::remove(at->path(), inner)) ++removed;
  }
  return removed;
}

}  // namespace stackscaler::advisor
