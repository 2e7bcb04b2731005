// SPDX-License-Identifier: Apache-2.0
//
// Load: a trace cut into ticks of equal length, in units of what one instance can do.
//
// Each tick has the value that holds at its begin (a sample holds until the next: interpolation would let a forecast
// read the next sample from the slope). With `capacity_per_instance` a value of so much is a load of one instance.
// Without, the scale is such that the 99.9th percentile (linear between ranks) of the means of consecutive five
// minutes needs exactly `peak_instances` at the SLO. Pure; any thread.
#pragma once

#include <optional>
#include <vector>

#include "simulate/trace.hpp"

namespace stackscaler::simulate {

struct Scale {
  Duration tick = std::chrono::seconds(60);
  double slo = 0.8;  // utilization that still counts as good, as a share
  int peak_instances = 20;
  std::optional<double> capacity_per_instance;
};

struct Load {
  WallTime start;
  Duration tick{};
  double capacity = 1;  // of one instance, in the trace's unit
  double slo = 0.8;
  std::vector<double> values;  // one a tick, in instances' capacities
  [[nodiscard]] double hours() const {
    return static_cast<double>(values.size()) * std::chrono::duration<double, std::ratio<3600>>(tick).count();
  }
};

inline constexpr std::size_t kMaxTicks = 20'000'000;

// invalid_input: a trace of nothing but zeros that is to be scaled, too many ticks, a tick longer than the trace.
[[nodiscard]] Result<Load> make_load(const Trace& trace, const Scale& scale);

// How many instances keep the load at or below the SLO; 0 without load.
[[nodiscard]] int demand(double load, double slo);

}  // namespace stackscaler::simulate
