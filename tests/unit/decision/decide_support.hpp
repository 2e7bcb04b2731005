// SPDX-License-Identifier: Apache-2.0
//
// Builders for the decision tests: a one-metric policy and readings.
#pragma once

#include <limits>

#include "advisor/rules.hpp"
#include "decision/decide.hpp"

namespace stackscaler::decision {

inline constexpr WallTime kNow{std::chrono::hours(500'000)};

inline policy::Metric metric(std::string name, double up, double down, policy::Step step = {1, false}) {
  policy::Metric m;
  m.name = std::move(name);
  m.query = "q";
  m.threshold = policy::Threshold{up, down, step};
  return m;
}

// cpu 75/30 step 1, bounds 1..10, maxStep 25 % down and 10 up.
inline policy::Spec spec() {
  policy::Spec s;
  s.bounds = {1, 10};
  s.metrics.push_back(metric("cpu", 75, 30));
  return s;
}

inline MetricReading value(std::string name, double v) {
  MetricReading r;
  r.name = std::move(name);
  r.value = v;
  return r;
}

inline MetricReading missing(std::string name, std::string why = "no data") {
  MetricReading r;
  r.name = std::move(name);
  r.missing = std::move(why);
  return r;
}

inline Observation observe(int current, std::vector<MetricReading> metrics) {
  Observation o;
  o.current = current;
  o.metrics = std::move(metrics);
  return o;
}

// The whole way that the loop takes with rules: signals, advice, decision.
inline Decision decide_by_rules(const policy::Spec& s, const Observation& o, const History& h = {},
                                WallTime now = kNow) {
  return decide(s, o, advisor::rules_advice(o, read_signals(s, o, h, now)), h, now);
}

}  // namespace stackscaler::decision
