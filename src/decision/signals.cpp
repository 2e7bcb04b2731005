// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>

#include "decision/decide.hpp"

namespace stackscaler::decision {
namespace {

Signal read_one(const policy::Metric& metric, const MetricReading& reading, int current) {
  Signal signal;
  signal.name = metric.name;
  if (!reading.value) {
    signal.missing = reading.missing.empty() ? "no value" : reading.missing;
    signal.message = fmt::format("{}: {}", metric.name, signal.missing);
    return signal;
  }
  signal.value = reading.value;
  const std::string shown = format_value(*reading.value);
  if (!metric.threshold) {
    signal.message = fmt::format("{} is {} (observed only)", metric.name, shown);
    return signal;
  }
  const policy::Threshold& limit = *metric.threshold;
  if (*reading.value > limit.scale_up) {
    signal.proposal = std::min(current + step_size(limit.step, current), policy::kMaxInstances);
    signal.message = fmt::format("{} {} is above {}", metric.name, shown, format_value(limit.scale_up));
  } else if (*reading.value < limit.scale_down) {
    signal.proposal = std::max(current - step_size(limit.step, current), 0);
    signal.message = fmt::format("{} {} is below {}", metric.name, shown, format_value(limit.scale_down));
  } else {
    signal.proposal = current;
    signal.message = fmt::format("{} {} is between {} and {}", metric.name, shown, format_value(limit.scale_down),
                                 format_value(limit.scale_up));
  }
  return signal;
}

// Instances that have just been created may be silent until they have booted.
int expected_reports(const Observation& observation, const History& history, WallTime now) {
  const bool warm_up = history.warm_until && now < *history.warm_until;
  return observation.current - (warm_up ? history.warming : 0);
}

void note_missing(Signals& signals, std::string what) {
  signals.may_scale_down = false;
  if (signals.missing.empty()) signals.missing = std::move(what);
}

}  // namespace

Signals read_signals(const policy::Spec& spec, const Observation& observation, const History& history, WallTime now) {
  Signals signals;
  for (std::size_t i = 0; i < spec.metrics.size(); ++i) {
    MetricReading none;
    none.missing = "it was not read";
    const MetricReading& reading = i < observation.metrics.size() ? observation.metrics[i] : none;
    Signal signal = read_one(spec.metrics[i], reading, observation.current);
    if (!signal.value) note_missing(signals, signal.message);
    if (signal.value && !reading.partial.empty()) {
      note_missing(signals, fmt::format("{}: the answer may lack a part: {}", reading.name, reading.partial));
    }
    if (signal.proposal && (!signals.proposal || *signal.proposal > *signals.proposal)) {
      signals.proposal = signal.proposal;
      signals.leading = signal.name;
    }
    signals.each.push_back(std::move(signal));
  }
  if (!observation.reporting_missing.empty()) {
    note_missing(signals, "reporting instances: " + observation.reporting_missing);
    signals.instances_missing = true;
  } else if (observation.reporting) {
    const int expected = expected_reports(observation, history, now);
    if (*observation.reporting < expected) {
      signals.instances_missing = true;
      note_missing(signals, fmt::format("{} of {} instances report", *observation.reporting, expected));
    }
  }
  return signals;
}

std::string format_value(double value) {
  std::string text = fmt::format("{:.4f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace stackscaler::decision
