// SPDX-License-Identifier: Apache-2.0
#include "controller/fleet_guard.hpp"

#include <algorithm>

#include "policy/reasons.hpp"

namespace stackscaler::controller {

namespace reason = policy::reason;

void FleetGuard::note(const policy::PolicyKey& key, bool wants_fewer, SteadyTime now) {
  auto& since = wants_since_[key];
  if (!wants_fewer) {
    since.reset();
  } else if (!since) {
    since = now;
  }
  update(now);
}

void FleetGuard::forget(const policy::PolicyKey& key) {
  wants_since_.erase(key);
  burst_.erase(key);
}

void FleetGuard::update(SteadyTime now) {
  if (limits_.shrink_breaker_percent == 0) return;
  const auto many = [&](std::size_t count) {
    return count >= static_cast<std::size_t>(limits_.shrink_breaker_least) &&
           count * 100 > wants_since_.size() * static_cast<std::size_t>(limits_.shrink_breaker_percent);
  };
  if (!burst_.empty()) {
    const auto still = static_cast<std::size_t>(std::count_if(burst_.begin(), burst_.end(), [&](const auto& key) {
      const auto found = wants_since_.find(key);
      return found != wants_since_.end() && found->second;
    }));
    if (many(still) && now - opened_ < limits_.longest_hold) return;
    burst_.clear();
    // Whoever wanted it all the time has waited long enough, and opens it no second time.
    return;
  }
  std::set<policy::PolicyKey> fresh;
  for (const auto& [key, since] : wants_since_) {
    if (since && now - *since < limits_.window) fresh.insert(key);
  }
  if (!many(fresh.size())) return;
  burst_ = std::move(fresh);
  opened_ = now;
}

Result<void> FleetGuard::check_breaker() const {
  if (burst_.empty()) return {};
  return fail(ErrorKind::conflict, reason::kFleetShrinking,
              "more than " + std::to_string(limits_.shrink_breaker_percent) +
                  " % of the policies began to want fewer instances within " + format_duration(limits_.window) +
                  ", which may be a fault of the metrics: nothing is scaled down until fewer want it, for " +
                  format_duration(limits_.longest_hold) + " at most");
}

Result<int> FleetGuard::allowance(int destroyed) const {
  const int limit = limits_.max_destroyed_per_hour;
  if (limit == 0) return policy::kMaxInstances;
  int left = limit - destroyed;
  for (const auto& [stack, instances] : reserved_) left -= instances;
  if (left > 0) return left;
  return fail(ErrorKind::conflict, reason::kFleetLimit,
              "at most " + std::to_string(limit) +
                  " instances may be destroyed within an hour over all stacks (--max-destroyed-per-hour), and so many "
                  "went or are going");
}

boost::asio::awaitable<Result<int>> destroyed_lately(ports::Journal& journal, const FleetGuard& guard, WallTime now) {
  auto lately = co_await journal.scalings(std::string(), now - std::chrono::hours(1));
  if (!lately) co_return fail(std::move(lately).error());
  auto open = co_await journal.unfinished_operations();
  if (!open) co_return fail(std::move(open).error());
  int destroyed = 0;
  for (const ports::Scaling& one : *lately) destroyed += std::max(0, one.from - one.to);
  for (const ports::OperationRecord& one : *open) {
    if (!guard.reserved(one.stack)) destroyed += std::max(0, one.from - one.to);
  }
  co_return destroyed;
}

}  // namespace stackscaler::controller
