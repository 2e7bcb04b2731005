// SPDX-License-Identifier: Apache-2.0
//
// BootTime: how long a stack's instances take from the turn that ordered them until they serve, as turns see it.
//
// The turn before the count rose gave the order; the first turn in which as many report as there are ends the wait, so
// apply, boot and the loop's own interval are in it. Where nothing tells how many report, the warm-up stands for the
// boot. What is not clear is no measurement: a count that falls meanwhile, a wait of more than two hours.
// Pure; any thread, one at a time.
#pragma once

#include <optional>
#include <vector>

#include "base/time.hpp"

namespace stackscaler::forecast {

class BootTime {
 public:
  // `reporting`: absent when nobody can tell.
  void observe(WallTime now, int current, std::optional<int> reporting, Duration warmup);
  // What three of four of the last measurements kept to; absent with fewer than kFewest.
  [[nodiscard]] std::optional<Duration> usual() const;
  [[nodiscard]] const std::vector<Duration>& measured() const { return measured_; }  // oldest first
  void restore(std::vector<Duration> measured);

  static constexpr std::size_t kFewest = 3;
  static constexpr std::size_t kKept = 12;
  static constexpr Duration kLongest = std::chrono::hours(2);

 private:
  void add(Duration took);

  std::vector<Duration> measured_;
  std::optional<WallTime> turn_;  // the last
  int count_ = 0;                 // in it
  std::optional<WallTime> ordered_;
};

}  // namespace stackscaler::forecast
