// SPDX-License-Identifier: Apache-2.0
//
// How fast a count may follow what is recommended: stabilization windows and rate policies, the
// HorizontalPodAutoscaler's rules over a history that is kept whole.
//
// What it is not: the bounds, the cooldown and the limit of one operation, which decide() keeps.
// Times in the future count as now. Pure; any thread. Source: kubernetes.io, "Horizontal Pod Autoscaling", configurable
// scaling behavior.
#pragma once

#include <vector>

#include "base/time.hpp"
#include "policy/types.hpp"

namespace stackscaler::decision {

// What was recommended before the guardrails, and when for the last time.
struct Recommendation {
  WallTime time{};
  int count = 0;
  bool operator==(const Recommendation&) const = default;
};

// A scaling that took place: the change of the count, when its apply ended.
struct ScaleEvent {
  WallTime time{};
  int change = 0;  // above 0: up
  bool operator==(const ScaleEvent&) const = default;
};

// The count between the lowest recommendation of the up window and the highest of the down window that is nearest to
// the current one. Recommendations younger than a window belong to it, and `desired` itself.
[[nodiscard]] int stabilize(int current, int desired, const std::vector<Recommendation>& log, Duration up_window,
                            Duration down_window, WallTime now);

// The furthest that the rules let the count go in their direction. What the periods have seen already counts, so it may
// lie on the other side of `current`, and below 0. Without policies: no limit (the largest int, or the smallest).
[[nodiscard]] int limit_up(int current, const policy::ScaleRules& rules, const std::vector<ScaleEvent>& events,
                           WallTime now);
[[nodiscard]] int limit_down(int current, const policy::ScaleRules& rules, const std::vector<ScaleEvent>& events,
                             WallTime now);

// Adds what was recommended now, and drops what no rule of `behavior` will ask for again.
void remember(std::vector<Recommendation>& log, const policy::Behavior& behavior, int recommended, WallTime now);
void forget(std::vector<ScaleEvent>& events, const policy::Behavior& behavior, WallTime now);

}  // namespace stackscaler::decision
