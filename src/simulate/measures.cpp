// SPDX-License-Identifier: Apache-2.0
#include "simulate/measures.hpp"

#include <algorithm>

namespace stackscaler::simulate {
namespace {

constexpr Duration kFlap = std::chrono::minutes(15);
constexpr double kHair = 1e-9;  // a load that fills an instance to the limit exactly is not above it

int sign(int value) {
  return (value > 0) - (value < 0);
}

}  // namespace

double utilization(double load, int serving) {
  if (load <= 0) return 0;
  return serving > 0 ? std::min(100.0, 100.0 * load / serving) : 100.0;
}

void Meter::tick(double load, int serving, int total, int demand) {
  ++ticks_;
  out_.instance_hours += total;
  const double used = utilization(load, serving);
  if (used > 80 + kHair) out_.minutes_above_80 += 1;
  if (used > 90 + kHair) out_.minutes_above_90 += 1;
  const double base = std::max(1, demand);
  out_.theta_u += std::max(0, demand - serving) / base;
  out_.theta_o += std::max(0, serving - demand) / base;
  if (serving < demand) out_.tau_u += 1;
  if (serving > demand) out_.tau_o += 1;
  if (last_serving_ && sign(serving - *last_serving_) != sign(demand - last_demand_)) out_.upsilon += 1;
  last_serving_ = serving;
  last_demand_ = demand;
  out_.offered_load += load;
  out_.lost_load += std::max(0.0, load - serving);
}

void Meter::action(int change, WallTime at) {
  ++out_.actions;
  const int direction = sign(change);
  if (last_direction_ == -direction && at - last_action_ <= kFlap) ++out_.flaps;
  last_direction_ = direction;
  last_action_ = at;
}

Measures Meter::finish(double price_per_hour) const {
  Measures out = out_;
  if (ticks_ == 0) return out;
  const double hours = std::chrono::duration<double, std::ratio<3600>>(tick_).count();
  const double minutes = hours * 60;
  const auto ticks = static_cast<double>(ticks_);
  for (double* sum : {&out.instance_hours, &out.lost_load, &out.offered_load}) *sum *= hours;
  for (double* sum : {&out.minutes_above_80, &out.minutes_above_90}) *sum *= minutes;
  for (double* sum : {&out.theta_u, &out.theta_o, &out.tau_u, &out.tau_o}) *sum *= 100 / ticks;
  if (ticks_ > 1) out.upsilon *= 100 / (ticks - 1);
  out.hours = ticks * hours;
  out.cost = out.instance_hours * price_per_hour;
  return out;
}

}  // namespace stackscaler::simulate
