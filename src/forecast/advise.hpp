// SPDX-License-Identifier: Apache-2.0
//
// What a forecast makes of a turn: the need that was observed, and the advice.
//
// The advice never asks for fewer than the metrics propose, raises ahead of the load, and lets instances go only when
// the metrics propose fewer and the next half hour does not need them. Without enough history it is the rules' advice,
// and says so. Pure but for the forecaster it is given.
#pragma once

#include <optional>
#include <string>

#include "decision/decide.hpp"
#include "forecast/forecaster.hpp"

namespace stackscaler::forecast {

// How many instances would just keep every metric at the edge where the rules order more: a target and its tolerance, a
// threshold's scaleUp. Absent when a metric that proposes is missing, or none can tell. A utilization of 100 % hides
// the rest: it counts as a quarter more.
[[nodiscard]] std::optional<double> need_of(const policy::Spec& spec, const decision::Observation& observation,
                                            const decision::Signals& signals);

// The same for one metric's value with so many instances serving.
[[nodiscard]] std::optional<double> need_of(const policy::Metric& metric, const policy::Behavior& behavior,
                                            double value, int serving);

// What needs of this policy are made of: metrics, their edges and the stack that is counted, as a SHA-256. Needs of
// equal bases may follow one another in one series.
[[nodiscard]] std::string basis_of(const policy::ScalingPolicy& policy);

// `rules`: what the metrics alone advise. The forecaster has observed this turn already.
[[nodiscard]] decision::Advice forecast_advice(const Forecaster& forecaster, const decision::Observation& observation,
                                               const decision::Signals& signals, decision::Advice rules);

// The settings for a policy; `boot`: how long its instances take to serve, for lookAhead: auto.
[[nodiscard]] ForecastSettings settings_for(const policy::Forecast& forecast, Duration boot);

}  // namespace stackscaler::forecast
