// SPDX-License-Identifier: Apache-2.0
//
// BootTimer: how long new instances of a stack take until they report, measured by the loop's own looks.
//
// A scale-up starts it; the first reading in which as many report as the state knows stops it. What it gives is an
// upper bound: the truth is at most one look shorter. Nothing is measured across a restart, a change of the count by
// another hand or a further scaling, nor where the policy's metrics can't tell who reports. Pure; one stack's.
#pragma once

#include <optional>
#include <vector>

#include "base/time.hpp"

namespace stackscaler::controller {

// How many measured times count: the newest.
inline constexpr std::size_t kBootTimesKept = 5;

class BootTimer {
 public:
  // An operation of the loop that changed the count ended then. Going down stops the watch.
  void scaled(int from, int to, WallTime ended);
  // One look: what the state knows and how many report. Gives the time once, when it is complete.
  [[nodiscard]] std::optional<Duration> look(int current, std::optional<int> reporting, WallTime now);

 private:
  std::optional<WallTime> since_;
  int count_ = 0;
};

// The median of what was measured (of an even number the longer of the middle two), or nothing.
[[nodiscard]] std::optional<Duration> usual_boot_time(std::vector<Duration> measured);

}  // namespace stackscaler::controller
