// SPDX-License-Identifier: Apache-2.0
//
// replay(): what a policy would have done with a load, tick by tick, by the decision code of the live loop.
//
// The model: in tick t the serving instances meet the load L[t] (in instances' capacities); utilization is
// min(100, 100 L / serving), load above the capacity is lost. At the end of the tick the policy, if its interval says
// that it is due, sees that tick's metrics and sets the count for t + 1. New instances are billed at once and serve
// after the boot delay; scale-in is immediate and takes booting instances first. Applies take no time, never fail, and
// nobody else changes the count. warmup: auto is the boot delay and one tick, for then the metrics know the new
// instances. What a metric sees: thresholds, targets of type Utilization and the presets cpu and memory the utilization
// in percent; targets of type Value and PerInstance the load in the trace's unit; `desired` the demand; preset
// instances how many serve. A preset also tells how many report: those that serve. No chance, no clock: equal input
// gives equal output. Measures: simulate/measures.hpp. Any thread.
#pragma once

#include <functional>
#include <string>

#include "decision/decide.hpp"
#include "policy/types.hpp"
#include "simulate/load.hpp"
#include "simulate/measures.hpp"

namespace stackscaler::simulate {

// What an advisor is asked at the end of a tick.
struct Question {
  const policy::ScalingPolicy& policy;
  const decision::Observation& observation;
  const decision::Signals& signals;
  WallTime now;
};
using Advise = std::function<decision::Advice(const Question&)>;

// One tick, and what was decided at its end. Views end with the call.
struct Step {
  WallTime time;  // the tick's begin
  double load = 0;
  int serving = 0;
  int total = 0;  // serving and booting: what is billed
  int demand = 0;
  double utilization = 0;  // percent
  int desired = 0;         // the count for the next tick
  decision::Action action = decision::Action::no_change;
  std::string_view reason;   // "" where the policy was not due
  std::string_view message;  // the decision's sentence
};
using Sink = std::function<void(const Step&)>;

struct Conditions {
  Duration boot_delay = std::chrono::seconds(120);
  double price_per_hour = 0;  // of one instance
  std::optional<int> start;   // the count at the begin; absent: the first tick's demand
};

// `sink` may be empty.
[[nodiscard]] Measures replay(const policy::ScalingPolicy& policy, const Load& load, const Conditions& conditions,
                              const Advise& advise, const Sink& sink);

// The same with a count chosen in the knowledge of the whole load: the fewest instances that keep the SLO, each ordered
// a boot delay before it is needed. A yardstick, no policy.
[[nodiscard]] Measures replay_oracle(const policy::ScalingPolicy& policy, const Load& load,
                                     const Conditions& conditions, const Sink& sink);

}  // namespace stackscaler::simulate
