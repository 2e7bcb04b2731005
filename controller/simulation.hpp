// SPDX-License-Identifier: Apache-2.0
//
// What `stackscaler simulate` and the API's simulation share: where a policy's load can be read, who advises in a
// replay, and the replay of one policy.
//
// Pure, but for the forecaster that lives as long as the replay. Any thread.
#pragma once

#include <string>

#include "controller/simulate_options.hpp"
#include "controller/simulate_render.hpp"
#include "metrics/endpoint.hpp"
#include "metrics/range_reader.hpp"
#include "simulate/load.hpp"
#include "simulate/trace.hpp"

namespace stackscaler::controller {

// What to ask Prometheus for.
struct LoadQuery {
  std::string text;
  metrics::Endpoint endpoint;
  bool in_instances = false;  // else in a unit of its own
  double capacity = 1;        // of it, of one instance, as far as the policy tells
};

// By the first metric that tells the whole stack's load: preset cpu or memory, or a PerInstance target, of which an
// instance at its target counts as utilized as `slo` says. invalid_input: there is none.
[[nodiscard]] Result<LoadQuery> load_query(const policy::ScalingPolicy& policy, const metrics::Endpoint& process,
                                           double slo);

// invalid_input: not exactly one series, or too little of it. `origin` begins the messages.
[[nodiscard]] Result<simulate::Trace> trace_of(metrics::RangeAnswer answer, const std::string& origin);

// Rules or forecast. Models are not asked about the past: their fallback stands in.
[[nodiscard]] SimulateAdvisor advisor_in_replay(const policy::ScalingPolicy& policy);
[[nodiscard]] bool asks_a_model(const policy::ScalingPolicy& policy);
[[nodiscard]] std::string name_of(SimulateAdvisor advisor);

// `advisor`: not `policy`. `sink` may be empty.
[[nodiscard]] simulate::Measures simulate_policy(const policy::ScalingPolicy& policy, SimulateAdvisor advisor,
                                                 const simulate::Load& load, const simulate::Conditions& conditions,
                                                 const simulate::Sink& sink);

}  // namespace stackscaler::controller
