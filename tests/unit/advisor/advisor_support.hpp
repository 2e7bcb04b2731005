// SPDX-License-Identifier: Apache-2.0
//
// Builders for the advisors' tests: a policy with one metric, a reading, and a model's words.
#pragma once

#include <string>

#include "decision/decide.hpp"

namespace stackscaler::advisor {

inline constexpr WallTime kNow{std::chrono::hours(500'000)};

// cpu 75/30 step 1, bounds 2..10, up at most 3, down at most a quarter; no cooldown, no window.
inline policy::Spec spec() {
  policy::Spec s;
  s.bounds = {2, 10};
  policy::Metric m;
  m.name = "cpu";
  m.query = "secret_query_text";
  m.threshold = policy::Threshold{75, 30, {1, false}};
  s.metrics.push_back(m);
  s.behavior.scale_up.max_step = {3, false};
  s.behavior.scale_up.cooldown = Duration(0);
  s.behavior.scale_down.cooldown = Duration(0);
  s.behavior.scale_down.stabilization_window = Duration(0);
  return s;
}

inline decision::Observation observe(int current, std::optional<double> cpu) {
  decision::Observation o;
  o.current = current;
  decision::MetricReading r;
  r.name = "cpu";
  r.value = cpu;
  if (!cpu) r.missing = "no data";
  o.metrics.push_back(std::move(r));
  return o;
}

inline std::string words(const std::string& action, const std::string& target, const std::string& confidence) {
  return R"({"action":")" + action + R"(","target":)" + target + R"(,"confidence":)" + confidence +
         R"(,"reason":"load"})";
}

}  // namespace stackscaler::advisor
