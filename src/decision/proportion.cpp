// SPDX-License-Identifier: Apache-2.0
#include "decision/proportion.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stackscaler::decision {
namespace {

int rounded_up(double count) {
  constexpr double kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp(std::ceil(count), 0.0, kMost));
}

}  // namespace

bool within(double ratio, const Tolerance& tolerance) {
  return ratio >= 1.0 - tolerance.down && ratio <= 1.0 + tolerance.up;
}

int count_by_ratio(double value, double target, int current, int ready, const Tolerance& tolerance) {
  const double ratio = value / target;
  if (current == 0) return rounded_up(ratio);
  if (within(ratio, tolerance)) return current;
  return rounded_up(ratio * ready);
}

int count_by_instance(double value, double target, int current, const Tolerance& tolerance) {
  if (current != 0 && within(value / (target * current), tolerance)) return current;
  return rounded_up(value / target);
}

}  // namespace stackscaler::decision
