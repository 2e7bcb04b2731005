// SPDX-License-Identifier: Apache-2.0
#include "forecast/advise.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/digest.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::forecast {
namespace {

using decision::Action;

constexpr double kFull = 99.9;    // percent
constexpr double kHidden = 1.25;  // what a full utilization counts as

bool is_percentage(const policy::Metric& metric) {
  return metric.preset == policy::Preset::cpu || metric.preset == policy::Preset::memory ||
         (metric.target && metric.target->type == policy::TargetType::utilization);
}

int count_of(double need) {
  constexpr double kHair = 1e-6;
  return static_cast<int>(std::clamp(std::ceil(need - kHair), 0.0, static_cast<double>(policy::kMaxInstances)));
}

}  // namespace

std::optional<double> need_of(const policy::Metric& metric, const policy::Behavior& behavior, double value,
                              int serving) {
  if (!std::isfinite(value) || value < 0) return std::nullopt;
  if (metric.desired) return value;
  const double edge = 1 + behavior.scale_up.tolerance;
  if (metric.target && metric.target->type == policy::TargetType::per_instance) {
    return value / (metric.target->value * edge);
  }
  const double load = value * serving * (is_percentage(metric) && value >= kFull ? kHidden : 1.0);
  if (metric.target) return load / (metric.target->value * edge);
  if (metric.threshold && metric.threshold->scale_up > 0) return load / metric.threshold->scale_up;
  return std::nullopt;
}

std::optional<double> need_of(const policy::Spec& spec, const decision::Observation& observation,
                              const decision::Signals& signals) {
  const int booted = std::max(0, observation.current - signals.booting);
  const int serving = std::min(observation.reporting.value_or(booted), observation.current);
  std::optional<double> out;
  for (std::size_t i = 0; i < std::min(spec.metrics.size(), observation.metrics.size()); ++i) {
    const policy::Metric& metric = spec.metrics[i];
    if (!metric.target && !metric.threshold && !metric.desired) continue;
    if (!observation.metrics[i].value) return std::nullopt;
    const auto need = need_of(metric, spec.behavior, *observation.metrics[i].value, serving);
    if (need) out = std::max(out.value_or(0), *need);
  }
  return out;
}

std::string basis_of(const policy::ScalingPolicy& policy) {
  std::string text;
  const auto add = [&text](std::string_view value) { text += fmt::format("{}:{}\n", value.size(), value); };
  add(policy.stack_label());
  for (const policy::Metric& metric : policy.spec.metrics) {
    if (!metric.target && !metric.threshold && !metric.desired) continue;
    text += fmt::format("{} {} ", static_cast<int>(metric.preset), metric.desired);
    if (metric.target) text += fmt::format("{} {} ", static_cast<int>(metric.target->type), metric.target->value);
    if (metric.threshold) text += fmt::format("{} ", metric.threshold->scale_up);
    text += fmt::format("{}\n", policy.spec.behavior.scale_up.tolerance);
    add(metric.query);
    add(metric.source ? metric.source->url : "");
    add(metric.source ? metric.source->tenant : "");
  }
  return sha256_hex(text);
}

decision::Advice forecast_advice(const Forecaster& forecaster, const decision::Observation& observation,
                                 const decision::Signals& signals, decision::Advice rules) {
  const auto outlook = forecaster.outlook();
  if (!outlook || !signals.proposal) {
    rules.message += !outlook ? fmt::format("; no forecast yet: {} of history, {} are needed",
                                            format_duration(forecaster.seen()), format_duration(Forecaster::kEnough))
                              : std::string("; no forecast: no metric proposes a count");
    return rules;
  }
  const int current = observation.current;
  const int soon = count_of(outlook->soon);
  const int kept = std::max(soon, count_of(outlook->longer));
  decision::Advice advice = std::move(rules);
  if (soon > std::max(current, *signals.proposal)) {
    advice.action = Action::scale_up;
    advice.target = soon;
    advice.reason = policy::reason::kForecast;
    advice.message =
        outlook->surge
            ? fmt::format("the load rises steeply: {} will be needed when new instances serve", soon)
            : fmt::format("{} will be needed when new instances serve (expected {:.1f})", soon, outlook->expected);
  } else if (*signals.proposal < current) {
    advice.target = std::min(current, std::max(*signals.proposal, kept));
    if (advice.target == current) {
      advice.action = Action::no_change;
      advice.reason = policy::reason::kForecast;
      advice.message = fmt::format("held: {} may be needed within half an hour", kept);
    } else if (advice.target > *signals.proposal) {
      advice.message += fmt::format("; {} may be needed within half an hour", kept);
    }
  }
  advice.advisor = "forecast";
  return advice;
}

ForecastSettings settings_for(const policy::Forecast& forecast, Duration boot) {
  return ForecastSettings{forecast.risk, forecast.look_ahead.value_or(boot), forecast.history};
}

}  // namespace stackscaler::forecast
