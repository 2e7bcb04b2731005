// SPDX-License-Identifier: Apache-2.0
#include "controller/simulation.hpp"

#include <fmt/core.h>

#include <memory>

#include "advisor/rules.hpp"
#include "forecast/advise.hpp"
#include "metrics/presets.hpp"

namespace stackscaler::controller {
namespace {

simulate::Advise by_rules() {
  return [](const simulate::Question& q) { return advisor::rules_advice(q.observation, q.signals); };
}

simulate::Advise by_forecast(const policy::ScalingPolicy& policy, Duration boot) {
  auto forecaster = std::make_shared<forecast::Forecaster>(forecast::settings_for(policy.spec.advisor.forecast, boot));
  return [forecaster](const simulate::Question& q) {
    if (const auto need = forecast::need_of(q.policy.spec, q.observation, q.signals)) forecaster->observe(q.now, *need);
    return forecast::forecast_advice(*forecaster, q.observation, q.signals,
                                     advisor::rules_advice(q.observation, q.signals));
  };
}

}  // namespace

Result<LoadQuery> load_query(const policy::ScalingPolicy& policy, const metrics::Endpoint& process, double slo) {
  for (const policy::Metric& metric : policy.spec.metrics) {
    auto own = metrics::endpoint_of(metric, process);
    if (!own) return fail(std::move(own).error());
    if (metric.target && metric.target->type == policy::TargetType::per_instance && !metric.query.empty()) {
      return LoadQuery{metric.query, std::move(*own), false, metric.target->value / slo};
    }
    if (metric.preset != policy::Preset::cpu && metric.preset != policy::Preset::memory) continue;
    const auto preset = metrics::preset_queries(metric.preset, policy.stack_label());
    const std::string& used = metric.query.empty() ? preset.query : metric.query;
    return LoadQuery{fmt::format("({}) / 100 * ({})", used, preset.reporting), std::move(*own), true};
  }
  return fail(ErrorKind::invalid_input,
              "no metric of " + policy.key.str() +
                  " tells the whole stack's load (preset cpu or memory, or a PerInstance target)");
}

Result<simulate::Trace> trace_of(metrics::RangeAnswer answer, const std::string& origin) {
  if (answer.series.size() != 1) {
    return fail(ErrorKind::invalid_input,
                fmt::format("{}: {} series instead of one: aggregate them, as by sum()", origin, answer.series.size()));
  }
  std::vector<simulate::Point> points;
  for (const metrics::Sample& sample : answer.series.front().samples) points.push_back({sample.time, sample.value});
  return simulate::make_trace(std::move(points), origin);
}

bool asks_a_model(const policy::ScalingPolicy& policy) {
  const policy::AdvisorType type = policy.spec.advisor.type;
  return type == policy::AdvisorType::gemini || type == policy::AdvisorType::openai;
}

SimulateAdvisor advisor_in_replay(const policy::ScalingPolicy& policy) {
  const policy::Advisor& advisor = policy.spec.advisor;
  const policy::AdvisorType type = asks_a_model(policy) ? advisor.fallback : advisor.type;
  return type == policy::AdvisorType::forecast ? SimulateAdvisor::forecast : SimulateAdvisor::rules;
}

std::string name_of(SimulateAdvisor advisor) {
  switch (advisor) {
    case SimulateAdvisor::forecast: return "forecast";
    case SimulateAdvisor::oracle: return "oracle";
    case SimulateAdvisor::policy:
    case SimulateAdvisor::rules: break;
  }
  return "rules";
}

simulate::Measures simulate_policy(const policy::ScalingPolicy& policy, SimulateAdvisor advisor,
                                   const simulate::Load& load, const simulate::Conditions& conditions,
                                   const simulate::Sink& sink) {
  if (advisor == SimulateAdvisor::oracle) return simulate::replay_oracle(policy, load, conditions, sink);
  const bool ahead = advisor == SimulateAdvisor::forecast;
  return simulate::replay(policy, load, conditions, ahead ? by_forecast(policy, conditions.boot_delay) : by_rules(),
                          sink);
}

}  // namespace stackscaler::controller
