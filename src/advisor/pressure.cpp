// SPDX-License-Identifier: Apache-2.0
#include "advisor/pressure.hpp"

#include <cmath>

namespace stackscaler::advisor {
namespace {

constexpr double kNear = 0.1;  // of a threshold

bool near(const policy::Metric& metric, const policy::Behavior& behavior, double value, int count) {
  if (metric.threshold) {
    const double up = metric.threshold->scale_up;
    const double down = metric.threshold->scale_down;
    return value >= up - std::abs(up) * kNear || value <= down + std::abs(down) * kNear;
  }
  if (!metric.target) return false;
  const bool each = metric.target->type == policy::TargetType::per_instance && count > 0;
  const double ratio = (each ? value / count : value) / metric.target->value;
  return ratio > 1 + behavior.scale_up.tolerance / 2 || ratio < 1 - behavior.scale_down.tolerance / 2;
}

}  // namespace

bool under_pressure(const policy::Spec& spec, const decision::Observation& observation,
                    const decision::Signals& signals) {
  if (signals.proposal && *signals.proposal != observation.current) return true;
  for (std::size_t i = 0; i < spec.metrics.size() && i < signals.each.size(); ++i) {
    const auto& value = signals.each[i].value;
    if (value && near(spec.metrics[i], spec.behavior, *value, observation.current)) return true;
  }
  return false;
}

}  // namespace stackscaler::advisor
