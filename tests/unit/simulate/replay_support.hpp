// SPDX-License-Identifier: Apache-2.0
//
// Policies and loads for the simulator's tests.
#pragma once

#include <string>
#include <vector>

#include "advisor/rules.hpp"
#include "simulate/replay.hpp"

namespace stackscaler::simulate {

inline policy::ScalingPolicy threshold_policy(double up, double down) {
  policy::ScalingPolicy out;
  out.key.name = "web";
  out.spec.bounds = {1, 10};
  out.spec.interval = std::chrono::minutes(1);
  policy::Metric cpu;
  cpu.name = "cpu";
  cpu.preset = policy::Preset::cpu;
  cpu.threshold = policy::Threshold{up, down, {}};
  out.spec.metrics.push_back(std::move(cpu));
  for (policy::ScaleRules* rules : {&out.spec.behavior.scale_up, &out.spec.behavior.scale_down}) {
    rules->cooldown = Duration(0);
    rules->stabilization_window = Duration(0);
    rules->max_step = {100, false};
  }
  return out;
}

inline policy::ScalingPolicy target_policy(double target) {
  policy::ScalingPolicy out = threshold_policy(1, 0);
  out.spec.metrics[0].threshold.reset();
  out.spec.metrics[0].target = policy::Target{policy::TargetType::utilization, target};
  return out;
}

inline Load load_of(std::vector<double> values) {
  Load out;
  out.tick = std::chrono::minutes(1);
  out.values = std::move(values);
  return out;
}

inline Advise rules() {
  return [](const Question& q) { return advisor::rules_advice(q.observation, q.signals); };
}

struct Told {
  std::vector<Step> steps;
  std::vector<std::string> reasons;
  Sink sink() {
    return [this](const Step& step) {
      steps.push_back(step);
      reasons.emplace_back(step.reason);
      steps.back().reason = steps.back().message = {};
    };
  }
  template <class Field>
  [[nodiscard]] std::vector<int> all(Field field) const {
    std::vector<int> out;
    for (const Step& step : steps) out.push_back(step.*field);
    return out;
  }
};

}  // namespace stackscaler::simulate
