// SPDX-License-Identifier: Apache-2.0
//
// Measures: how well a supply followed a demand.
//
// theta: how much was missing (U) or idle (O), as the mean over time of the share of the demand; tau: how long;
// upsilon: how long supply and demand did not move in the same direction. All five in percent. Source: SPEC RG, "Ready
// for Rain? A View from SPEC Research on the Future of Cloud Metrics" (SPEC-RG-2016-01), elasticity metrics; a demand
// of 0 counts as 1 where it divides. Supply is what serves.
#pragma once

#include <cstddef>
#include <optional>

#include "base/time.hpp"

namespace stackscaler::simulate {

struct Measures {
  double instance_hours = 0;  // billed: serving and booting
  double minutes_above_80 = 0;
  double minutes_above_90 = 0;
  int actions = 0;
  int flaps = 0;  // actions against the direction of the one before, within 15 minutes
  double theta_u = 0;
  double theta_o = 0;
  double tau_u = 0;
  double tau_o = 0;
  double upsilon = 0;
  double lost_load = 0;     // instance-hours of load that found no capacity
  double offered_load = 0;  // instance-hours
  double cost = 0;
  double hours = 0;  // of the trace
  std::size_t decisions = 0;
};

// Takes one tick after the other.
class Meter {
 public:
  explicit Meter(Duration tick) : tick_(tick) {}
  void tick(double load, int serving, int total, int demand);
  void action(int change, WallTime at);
  void decision() { ++out_.decisions; }
  [[nodiscard]] Measures finish(double price_per_hour) const;

 private:
  Duration tick_;
  Measures out_;
  std::size_t ticks_ = 0;
  std::optional<int> last_serving_;
  int last_demand_ = 0;
  int last_direction_ = 0;
  WallTime last_action_{};
};

// 100 load / serving, at most 100; 100 when nothing serves a load.
[[nodiscard]] double utilization(double load, int serving);

}  // namespace stackscaler::simulate
