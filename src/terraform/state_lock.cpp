// SPDX-License-Identifier: Apache-2.0
#include "terraform/state_lock.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "terraform/stream.hpp"

namespace stackscaler::terraform {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxRecord = 65536;

// The value behind `name` on its own line.
std::string field_of(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const std::size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 == 0
    const std::string_view before = text.substr(line, at - line);
    if (before.find_first_not_of(' ') != std::string_view::npos) continue;
    std::string_view rest = text.substr(at + name.size());
    rest = rest.substr(0, rest.find('\n'));
    return one_line(rest, 160);
  }
  return {};
}

std::string word(const std::string& id) {
  const bool safe = !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == ':' || c == '/';
  });
  return safe && id.front() != '-' ? id : std::string();
}

// "HTTP remote state already locked: ID=35cc64a8-…".
std::string named_holder(std::string_view message) {
  constexpr std::string_view kSign = "already locked: ID=";
  const std::size_t at = message.find(kSign);
  if (at == std::string_view::npos) return {};
  message.remove_prefix(at + kSign.size());
  return word(std::string(message.substr(0, message.find_first_of(" \n\r\t"))));
}

// "45s", "12m", "3h", "2d".
std::string age_text(Duration age) {
  using namespace std::chrono_literals;
  const auto in = [&](Duration unit) { return std::to_string(age / unit); };
  if (age < 1min) return in(1s) + "s";
  if (age < 2h) return in(1min) + "m";
  if (age < 48h) return in(1h) + "h";
  return in(24h) + "d";
}

}  // namespace

std::optional<WallTime> StateLock::since() const {
  // Go's time.String(): "2026-11-24 05:59:18.123456789 +0000 UTC"; terraform writes it in UTC.
  const std::size_t day = created.find(' ');
  const std::size_t clock = day == std::string::npos ? day : created.find(' ', day + 1);
  if (clock == std::string::npos || created.compare(clock, 6, " +0000") != 0) return std::nullopt;
  const auto time = parse_rfc3339(created.substr(0, day) + "T" + created.substr(day + 1, clock - day - 1) + "Z");
  if (!time) return std::nullopt;
  return *time;
}

std::optional<StateLock> parse_lock(std::string_view text) {
  const std::size_t info = text.find("Lock Info:");
  if (info == std::string_view::npos) return std::nullopt;
  const std::string_view message = text.substr(0, info);
  text.remove_prefix(info);
  StateLock lock;
  lock.id = word(field_of(text, "ID:"));
  lock.who = field_of(text, "Who:");
  lock.operation = field_of(text, "Operation:");
  lock.created = field_of(text, "Created:");
  // The http backend's info is the refused call's own: only the id in its message is the holder's.
  const std::string holder = named_holder(one_line(message, 4096));  // it is broken at 78 columns
  if (!holder.empty() && holder != lock.id) {
    lock = StateLock();
    lock.id = holder;
  }
  if (lock.id.empty() && lock.who.empty()) return std::nullopt;
  return lock;
}

std::string describe(const StateLock& lock, WallTime now) {
  std::string text = "held by " + (lock.who.empty() ? std::string("somebody unknown") : lock.who);
  if (const auto since = lock.since(); since && now >= *since) {
    text += " for " + age_text(std::chrono::duration_cast<Duration>(now - *since));
  }
  text += " (" + (lock.operation.empty() ? std::string("operation unknown") : lock.operation);
  if (!lock.created.empty()) text += ", since " + lock.created;
  if (!lock.id.empty()) text += ", lock " + lock.id;
  return text + ")";
}

std::string lock_sentence(const std::optional<StateLock>& lock, WallTime now, const fs::path& folder) {
  if (!lock) return "the Terraform state lock is held by somebody unknown; nothing was changed";
  std::string text = "the Terraform state lock is " + describe(*lock, now) + "; nothing was changed";
  if (!lock->id.empty()) {
    text += ". If that run is surely dead: terraform -chdir=" + folder.string() + " force-unlock " + lock->id;
  }
  return text;
}

Result<void> write_lock_record(const fs::path& folder, const LockRecord& record) {
  Json json;
  json["lock"] = record.lock_id;
  json["who"] = record.who;
  json["created"] = record.created;
  json["pid"] = record.holder.pid;
  json["pid_start"] = record.holder.start;
  json["boot_id"] = record.holder.boot_id;
  return write_file_atomic(folder / "lock.json", json.dump() + "\n", 0600);
}

std::optional<LockRecord> read_lock_record(const fs::path& folder) {
  const auto text = read_file(folder / "lock.json", kMaxRecord);
  if (!text) return std::nullopt;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto is = [&](const char* key, bool number) {
    return json.contains(key) && (number ? json[key].is_number_unsigned() : json[key].is_string());
  };
  for (const char* key : {"lock", "who", "created", "boot_id"}) {
    if (!is(key, false)) return std::nullopt;
  }
  if (!is("pid", true) || !is("pid_start", true)) return std::nullopt;
  LockRecord record;
  record.lock_id = json["lock"].get<std::string>();
  record.who = json["who"].get<std::string>();
  record.created = json["created"].get<std::string>();
  record.holder =
      ProcessId{json["pid"].get<int>(), json["pid_start"].get<std::uint64_t>(), json["boot_id"].get<std::string>()};
  if (record.lock_id.empty() || record.holder.pid <= 0) return std::nullopt;
  return record;
}

}  // namespace stackscaler::terraform
