// SPDX-License-Identifier: Apache-2.0
//
// FleetGuard: what the fleet as a whole may lose (the blast radius), beside what each stack's own rules allow.
//
// Two limits, both on scale-downs only:
// - a budget: at most so many instances destroyed within an hour, over all stacks;
// - a breaker: when many policies begin to want fewer within a few minutes, that is rather a fault of the metrics
//   than a calm. It opens then and holds all scale-downs until fewer of those policies want it, for an hour at most.
// What it is not: a memory. What was destroyed comes from the journal, so that other processes count and a restart
// forgets nothing. Pure data; the caller owns time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "policy/types.hpp"
#include "ports/journal.hpp"

namespace stackscaler::controller {

struct FleetLimits {
  int max_destroyed_per_hour = 0;             // 0: no limit
  int shrink_breaker_percent = 50;            // of the policies; 0: no breaker
  int shrink_breaker_least = 4;               // policies that must want it at least
  Duration window = std::chrono::minutes(5);  // "at once"
  Duration longest_hold = std::chrono::hours(1);
};

class FleetGuard {
 public:
  explicit FleetGuard(FleetLimits limits) : limits_(limits) {}

  // What a policy's metrics want now, before any guardrail.
  void note(const policy::PolicyKey& key, bool wants_fewer, SteadyTime now);
  void forget(const policy::PolicyKey& key);

  // FleetShrinking while the breaker is open.
  [[nodiscard]] Result<void> check_breaker() const;
  // How many more instances may go, when `destroyed` went in the last hour beside what is reserved. FleetLimit at none.
  [[nodiscard]] Result<int> allowance(int destroyed) const;
  [[nodiscard]] bool reserved(const std::string& stack) const { return reserved_.contains(stack); }

  [[nodiscard]] const FleetLimits& limits() const { return limits_; }

 private:
  friend class Reservation;
  void update(SteadyTime now);

  FleetLimits limits_;
  std::map<policy::PolicyKey, std::optional<SteadyTime>> wants_since_;  // every policy; since when it wants fewer
  std::set<policy::PolicyKey> burst_;                                   // those that opened the breaker
  SteadyTime opened_{};
  std::map<std::string, int> reserved_;  // by stack: instances that a scale-down under way may destroy
};

// A scale-down under way counts against the budget before the journal knows what it destroyed.
class Reservation {
 public:
  Reservation(FleetGuard& guard, std::string stack, int instances) : guard_(guard), stack_(std::move(stack)) {
    guard_.reserved_[stack_] += instances;
  }
  ~Reservation() { guard_.reserved_.erase(stack_); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

 private:
  FleetGuard& guard_;
  std::string stack_;
};

// How many instances went in the last hour, by the journal, and how many those operations may destroy that are open: of
// other processes, or left by a crash. What `guard` has reserved is left out.
[[nodiscard]] boost::asio::awaitable<Result<int>> destroyed_lately(ports::Journal& journal, const FleetGuard& guard,
                                                                   WallTime now);

}  // namespace stackscaler::controller
