// SPDX-License-Identifier: Apache-2.0
//
// The store's tables of decisions, recommendations and generations.
#include <algorithm>

#include "journal/rows.hpp"
#include "journal/store.hpp"

namespace stackscaler::journal {

using ports::DecisionRecord;

// What is written next survives a crash of the program, not of the machine.
Result<void> Store::relax() {
  if (!durable_) return {};
  if (auto set = db_.execute("PRAGMA synchronous = NORMAL"); !set) return set;
  durable_ = false;
  return {};
}

Result<void> Store::put_decision(const DecisionRecord& r) {
  if (auto relaxed = relax(); !relaxed) return relaxed;
  const std::int64_t seen = ms_of(std::max(r.seen, r.time));
  if (r.again) {
    auto update = db_.prepare(
        "UPDATE decisions SET seen = ?, message = ?, detail = ? WHERE number = (SELECT max(number) FROM decisions "
        "WHERE "
        "policy = ?)");
    if (!update) return fail(std::move(update).error());
    update->bind(seen).bind(r.message).bind(r.detail).bind(r.policy);
    return run(*update);
  }
  auto put = db_.prepare(
      "INSERT INTO decisions (time, policy, stack, action, from_count, to_count, confidence, advisor, reason, message, "
      "detail, seen) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
  if (!put) return fail(std::move(put).error());
  put->bind(ms_of(r.time)).bind(r.policy).bind(r.stack).bind(r.action).bind(std::int64_t{r.from});
  put->bind(std::int64_t{r.to}).bind(r.confidence).bind(r.advisor).bind(r.reason).bind(r.message).bind(r.detail);
  put->bind(seen);
  if (auto done = run(*put); !done) return done;
  if (++decisions_since_prune_ >= 1000) return prune();
  return {};
}

DecisionRecord Store::read_decision(const Statement& row) {
  DecisionRecord r;
  r.time = time_of(row.integer(0));
  r.policy = row.text(1);
  r.stack = row.text(2);
  r.action = row.text(3);
  r.from = static_cast<int>(row.integer(4));
  r.to = static_cast<int>(row.integer(5));
  r.confidence = row.real(6);
  r.advisor = row.text(7);
  r.reason = row.text(8);
  r.message = row.text(9);
  r.detail = row.text(10);
  r.seen = std::max(r.time, time_of(row.integer(11)));
  return r;
}

Result<std::vector<DecisionRecord>> Store::decisions(const std::string& policy, int limit) {
  auto rows = db_.prepare(
      "SELECT time, policy, stack, action, from_count, to_count, confidence, advisor, reason, message, detail, seen "
      "FROM decisions WHERE (?1 = '' OR policy = ?1) ORDER BY number DESC LIMIT ?2");
  if (!rows) return fail(std::move(rows).error());
  rows->bind(policy).bind(std::int64_t{limit});
  std::vector<DecisionRecord> out;
  for (;;) {
    auto more = rows->step();
    if (!more) return fail(std::move(more).error());
    if (!*more) return out;
    out.push_back(read_decision(*rows));
  }
}

// One more than asked for is read, to know whether there are more.
Result<Store::Page<DecisionRecord>> Store::decision_page(const PageQuery& query) {
  constexpr std::int64_t kEver = 1LL << 60U;
  auto rows = db_.prepare(
      "SELECT time, policy, stack, action, from_count, to_count, confidence, advisor, reason, message, detail, seen, "
      "number FROM decisions WHERE (?1 = '' OR policy = ?1) AND number < ?2 AND max(seen, time) >= ?3 AND time < ?4 "
      "ORDER BY number DESC LIMIT ?5");
  if (!rows) return fail(std::move(rows).error());
  rows->bind(query.name).bind(query.before == 0 ? kEver : query.before);
  rows->bind(query.since ? ms_of(*query.since) : -kEver).bind(query.until ? ms_of(*query.until) : kEver);
  rows->bind(std::int64_t{query.limit} + 1);
  Page<DecisionRecord> out;
  std::int64_t last = 0;
  for (;;) {
    auto more = rows->step();
    if (!more) return fail(std::move(more).error());
    if (!*more) return out;
    if (out.records.size() == static_cast<std::size_t>(query.limit)) {
      out.next = last;
      return out;
    }
    out.records.push_back(read_decision(*rows));
    last = rows->integer(12);
  }
}

Result<std::vector<std::string>> Store::policies_named(const std::string& name) {
  auto rows = db_.prepare(
      "SELECT DISTINCT policy FROM decisions WHERE policy = ?1 OR substr(policy, instr(policy, '/') + 1) = ?1");
  if (!rows) return fail(std::move(rows).error());
  rows->bind(name);
  std::vector<std::string> out;
  for (;;) {
    auto more = rows->step();
    if (!more) return fail(std::move(more).error());
    if (!*more) return out;
    out.push_back(rows->text(0));
  }
}

Result<std::vector<decision::Recommendation>> Store::recommendations(const std::string& policy, WallTime since) {
  auto rows = db_.prepare("SELECT count, time FROM recommendations WHERE policy = ? AND time >= ? ORDER BY time");
  if (!rows) return fail(std::move(rows).error());
  rows->bind(policy).bind(ms_of(since));
  std::vector<decision::Recommendation> out;
  for (;;) {
    auto more = rows->step();
    if (!more) return fail(std::move(more).error());
    if (!*more) return out;
    out.push_back({time_of(rows->integer(1)), static_cast<int>(rows->integer(0))});
  }
}

Result<void> Store::put_recommendation(const std::string& policy, const decision::Recommendation& next) {
  if (auto relaxed = relax(); !relaxed) return relaxed;
  auto put = db_.prepare(
      "INSERT INTO recommendations (policy, count, time) VALUES (?,?,?) ON CONFLICT (policy, count) DO UPDATE SET "
      "time=excluded.time");
  if (!put) return fail(std::move(put).error());
  put->bind(policy).bind(std::int64_t{next.count}).bind(ms_of(next.time));
  if (auto done = run(*put); !done) return done;
  auto old = db_.prepare("DELETE FROM recommendations WHERE policy = ? AND time < ?");
  if (!old) return fail(std::move(old).error());
  old->bind(policy).bind(ms_of(next.time - std::chrono::hours(1)));
  return run(*old);
}

Result<std::vector<Duration>> Store::boot_times(const std::string& stack) {
  auto rows = db_.prepare("SELECT took FROM boot_times WHERE stack = ? ORDER BY time DESC LIMIT ?");
  if (!rows) return fail(std::move(rows).error());
  rows->bind(stack).bind(kKeptBootTimes);
  std::vector<Duration> out;
  for (;;) {
    auto more = rows->step();
    if (!more) return fail(std::move(more).error());
    if (!*more) return out;
    out.emplace_back(rows->integer(0));
  }
}

Result<void> Store::put_boot_time(const std::string& stack, WallTime time, Duration took) {
  if (auto relaxed = relax(); !relaxed) return relaxed;
  auto put = db_.prepare("INSERT OR REPLACE INTO boot_times (stack, time, took) VALUES (?,?,?)");
  if (!put) return fail(std::move(put).error());
  put->bind(stack).bind(ms_of(time));
  put->bind(std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(took).count()});
  if (auto done = run(*put); !done) return done;
  auto old = db_.prepare(
      "DELETE FROM boot_times WHERE stack = ?1 AND time NOT IN "
      "(SELECT time FROM boot_times WHERE stack = ?1 ORDER BY time DESC LIMIT ?2)");
  if (!old) return fail(std::move(old).error());
  old->bind(stack).bind(kKeptBootTimes);
  return run(*old);
}

Result<std::optional<std::string>> Store::manager_of(const std::string& stack) {
  for (const char* query :
       {"SELECT policy FROM decisions WHERE stack = ? ORDER BY number DESC LIMIT 1",
        "SELECT substr(requested_by, 8) FROM operations WHERE stack = ? AND requested_by LIKE 'policy %' "
        "ORDER BY started DESC, rowid DESC LIMIT 1"}) {
    auto row = db_.prepare(query);
    if (!row) return fail(std::move(row).error());
    row->bind(stack);
    auto found = row->step();
    if (!found) return fail(std::move(found).error());
    if (*found) return std::optional<std::string>(row->text(0));
  }
  return std::nullopt;
}

Result<std::int64_t> Store::generation(const std::string& policy, const std::string& digest) {
  if (durable_) {
    if (auto set = db_.execute("PRAGMA synchronous = NORMAL"); !set) return fail(std::move(set).error());
    durable_ = false;
  }
  auto put = db_.prepare(
      "INSERT INTO generations (policy, digest, generation) VALUES (?, ?, 1) ON CONFLICT (policy) DO UPDATE SET "
      "generation = generation + (digest <> excluded.digest), digest = excluded.digest RETURNING generation");
  if (!put) return fail(std::move(put).error());
  put->bind(policy).bind(digest);
  auto row = put->step();
  if (!row) return fail(std::move(row).error());
  const std::int64_t generation = put->integer(0);
  if (auto done = run(*put); !done) return fail(std::move(done).error());
  return generation;
}

}  // namespace stackscaler::journal
