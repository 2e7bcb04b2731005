// SPDX-License-Identifier: Apache-2.0
#include "decision/limits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stackscaler::decision {
namespace {

using policy::RatePolicy;
using policy::ScaleRules;
using policy::SelectPolicy;

constexpr int kMost = std::numeric_limits<int>::max();
constexpr int kLeast = std::numeric_limits<int>::min();

bool younger(WallTime time, Duration age, WallTime now) {
  return std::min(time, now) > now - age;
}

// What the count was when the policy's period began.
double at_period_start(int current, Duration period, const std::vector<ScaleEvent>& events, WallTime now) {
  double count = current;
  for (const ScaleEvent& event : events) {
    if (younger(event.time, period, now)) count -= event.change;
  }
  return count;
}

int to_count(double count) {
  return static_cast<int>(std::clamp<double>(count, kLeast, kMost));
}

int allowed(const RatePolicy& policy, bool up, int current, const std::vector<ScaleEvent>& events, WallTime now) {
  const double start = at_period_start(current, policy.period, events, now);
  const double share = policy.value / 100.0;
  if (up) return to_count(policy.percent ? std::ceil(start * (1 + share)) : start + policy.value);
  return to_count(policy.percent ? std::trunc(start * (1 - share)) : start - policy.value);
}

Duration longest_period(const policy::Behavior& behavior) {
  Duration longest{};
  for (const ScaleRules* rules : {&behavior.scale_up, &behavior.scale_down}) {
    for (const RatePolicy& policy : rules->policies) longest = std::max(longest, policy.period);
  }
  return longest;
}

}  // namespace

int stabilize(int current, int desired, const std::vector<Recommendation>& log, Duration up_window,
              Duration down_window, WallTime now) {
  int lowest = desired;
  int highest = desired;
  for (const Recommendation& entry : log) {
    if (younger(entry.time, up_window, now)) lowest = std::min(lowest, entry.count);
    if (younger(entry.time, down_window, now)) highest = std::max(highest, entry.count);
  }
  return std::min(std::max(current, lowest), highest);
}

int limit_up(int current, const ScaleRules& rules, const std::vector<ScaleEvent>& events, WallTime now) {
  if (rules.select_policy == SelectPolicy::disabled) return current;
  if (rules.policies.empty()) return kMost;
  const bool widest = rules.select_policy == SelectPolicy::max;
  int limit = widest ? kLeast : kMost;
  for (const RatePolicy& policy : rules.policies) {
    const int count = allowed(policy, true, current, events, now);
    limit = widest ? std::max(limit, count) : std::min(limit, count);
  }
  return limit;
}

int limit_down(int current, const ScaleRules& rules, const std::vector<ScaleEvent>& events, WallTime now) {
  if (rules.select_policy == SelectPolicy::disabled) return current;
  if (rules.policies.empty()) return kLeast;
  const bool widest = rules.select_policy == SelectPolicy::max;
  int limit = widest ? kMost : kLeast;
  for (const RatePolicy& policy : rules.policies) {
    const int count = allowed(policy, false, current, events, now);
    limit = widest ? std::min(limit, count) : std::max(limit, count);
  }
  return limit;
}

void remember(std::vector<Recommendation>& log, const policy::Behavior& behavior, int recommended, WallTime now) {
  const Duration window = std::max(behavior.scale_up.stabilization_window, behavior.scale_down.stabilization_window);
  std::erase_if(log, [&](const Recommendation& entry) {
    return entry.count == recommended || !younger(entry.time, window, now);
  });
  if (window > Duration(0)) log.push_back(Recommendation{now, recommended});
}

void forget(std::vector<ScaleEvent>& events, const policy::Behavior& behavior, WallTime now) {
  const Duration longest = longest_period(behavior);
  std::erase_if(events, [&](const ScaleEvent& event) { return !younger(event.time, longest, now); });
}

}  // namespace stackscaler::decision
