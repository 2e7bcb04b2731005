// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "decision/decide.hpp"
#include "decision/proportion.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::decision {
namespace {

namespace reason = policy::reason;
using policy::kMaxInstances;

// Reads the metrics of one observation.
class Reader {
 public:
  Reader(const policy::Spec& spec, const Observation& observation, int booting)
      : current_(observation.current),
        booting_(booting),
        tolerance_{spec.behavior.scale_up.tolerance, spec.behavior.scale_down.tolerance} {}

  [[nodiscard]] Signal read(const policy::Metric& metric, const MetricReading& reading) const;

 private:
  void by_threshold(const policy::Threshold& limit, double value, Signal& signal) const;
  void by_target(const policy::Target& target, double value, Signal& signal) const;
  void by_value(double value, Signal& signal) const;
  // A count for the instances that serve, seen from all of them. What boots was asked for already: more is wanted only
  // if it is not enough, and it stays when fewer are wanted.
  [[nodiscard]] int with_booting(int wanted, bool up) const {
    return up ? std::max(current_, wanted) : std::min(current_, wanted + booting_);
  }
  // The value asks for more, and those that boot are it.
  void say_booting(Signal& signal) const;
  [[nodiscard]] int serving() const { return current_ - booting_; }

  int current_;
  int booting_;
  Tolerance tolerance_;
};

void Reader::by_threshold(const policy::Threshold& limit, double value, Signal& signal) const {
  const std::string shown = format_value(value);
  signal.proposal = current_;
  signal.reason = reason::kDesiredWithinRange;
  if (value > limit.scale_up) {
    signal.above = true;
    signal.reason = reason::kAboveThreshold;
    signal.proposal = with_booting(serving() + step_size(limit.step, serving()), true);
    signal.message = fmt::format("{} {} is above {}", signal.name, shown, format_value(limit.scale_up));
    if (*signal.proposal == current_) say_booting(signal);
  } else if (value < limit.scale_down) {
    signal.reason = reason::kBelowThreshold;
    signal.proposal = current_ - step_size(limit.step, current_);
    signal.message = fmt::format("{} {} is below {}", signal.name, shown, format_value(limit.scale_down));
  } else {
    signal.message = fmt::format("{} {} is between {} and {}", signal.name, shown, format_value(limit.scale_down),
                                 format_value(limit.scale_up));
  }
}

void Reader::say_booting(Signal& signal) const {
  if (booting_ == 0) return;
  signal.reason = reason::kWarmingUp;
  signal.message += fmt::format(", and {} of {} instances were just created", booting_, current_);
}

void Reader::by_target(const policy::Target& target, double value, Signal& signal) const {
  const bool each = target.type == policy::TargetType::per_instance;
  const double measured = each && current_ > 0 ? value / current_ : value;
  const double ratio = measured / target.value;
  int wanted = each ? count_by_instance(value, target.value, current_, tolerance_)
                    : count_by_ratio(value, target.value, current_, serving(), tolerance_);
  const bool inside = current_ > 0 && within(ratio, tolerance_);
  if (!each && !inside && current_ > 0) wanted = with_booting(wanted, ratio > 1);
  signal.proposal = wanted;
  signal.above = !inside && ratio > 1;
  signal.reason = inside ? reason::kDesiredWithinRange : ratio > 1 ? reason::kAboveTarget : reason::kBelowTarget;
  signal.message =
      fmt::format("{} {}{} is {} its target {}", signal.name, format_value(measured), each ? " per instance" : "",
                  inside      ? "within the tolerance of"
                  : ratio > 1 ? "above"
                              : "below",
                  format_value(target.value));
  if (signal.above && !each && wanted == current_) say_booting(signal);
}

void Reader::by_value(double value, Signal& signal) const {
  // A count that went through floating point sums may miss a whole number by a hair.
  constexpr double kHair = 1e-6;
  signal.proposal = static_cast<int>(std::clamp(std::ceil(value - kHair), 0.0, static_cast<double>(kMaxInstances)));
  signal.reason = *signal.proposal == current_ ? reason::kDesiredWithinRange : reason::kDesiredByMetric;
  signal.above = *signal.proposal > current_;
  signal.message = fmt::format("{} asks for {}", signal.name, *signal.proposal);
}

Signal Reader::read(const policy::Metric& metric, const MetricReading& reading) const {
  Signal signal;
  signal.name = metric.name;
  if (!reading.value || !std::isfinite(*reading.value)) {
    signal.missing = reading.missing.empty() ? "no value" : reading.missing;
    signal.message = fmt::format("{}: {}", metric.name, signal.missing);
    return signal;
  }
  signal.value = reading.value;
  if (metric.threshold) {
    by_threshold(*metric.threshold, *reading.value, signal);
  } else if (metric.target) {
    by_target(*metric.target, *reading.value, signal);
  } else if (metric.desired) {
    by_value(*reading.value, signal);
  } else {
    signal.message = fmt::format("{} is {} (observed only)", metric.name, format_value(*reading.value));
  }
  if (signal.proposal) signal.proposal = std::clamp(*signal.proposal, 0, kMaxInstances);
  return signal;
}

// Instances that were created just now and have not booted, as far as the warm-up tells.
int booting(const Observation& observation, const History& history, WallTime now) {
  if (!history.warm_until || now >= *history.warm_until) return 0;
  return std::clamp(history.warming, 0, observation.current);
}

void note_missing(Signals& signals, std::string what) {
  signals.may_scale_down = false;
  if (signals.missing.empty()) signals.missing = std::move(what);
}

// Law 2: fewer that report than the state knows, those still booting apart, is missing data.
void check_reporting(const Observation& observation, Signals& signals) {
  if (!observation.reporting_missing.empty()) {
    note_missing(signals, "reporting instances: " + observation.reporting_missing);
    signals.instances_missing = true;
  } else if (observation.reporting) {
    const int expected = observation.current - signals.booting;
    if (*observation.reporting >= expected) return;
    signals.instances_missing = true;
    note_missing(signals, fmt::format("{} of {} instances report", *observation.reporting, expected));
  }
}

// onMissingMetrics: with no proposal at all, at least that many; never fewer than there are.
void fall_back(const policy::Spec& spec, const Observation& observation, Signals& signals) {
  if (signals.proposal || !spec.on_missing_instances || signals.missing.empty()) return;
  signals.proposal = std::max(observation.current, *spec.on_missing_instances);
  Signal signal;
  signal.name = "onMissingMetrics";
  signal.proposal = signals.proposal;
  signal.reason = reason::kFallbackInstances;
  signal.message =
      fmt::format("all metrics are missing ({}): at least {}", signals.missing, *spec.on_missing_instances);
  signals.leading = signal.name;
  signals.each.push_back(std::move(signal));
}

}  // namespace

Signals read_signals(const policy::Spec& spec, const Observation& observation, const History& history, WallTime now) {
  Signals signals;
  signals.booting = booting(observation, history, now);
  const Reader reader(spec, observation, signals.booting);
  signals.each.reserve(spec.metrics.size() + 1);
  for (std::size_t i = 0; i < spec.metrics.size(); ++i) {
    MetricReading none;
    none.missing = "it was not read";
    const MetricReading& reading = i < observation.metrics.size() ? observation.metrics[i] : none;
    Signal signal = reader.read(spec.metrics[i], reading);
    if (!signal.value) note_missing(signals, signal.message);
    if (signal.above && signals.above.empty()) signals.above = signal.message;
    if (signal.value && !reading.partial.empty()) {
      note_missing(signals, fmt::format("{}: the answer may lack a part: {}", reading.name, reading.partial));
    }
    if (signal.proposal && (!signals.proposal || *signal.proposal > *signals.proposal)) {
      signals.proposal = signal.proposal;
      signals.leading = signal.name;
    }
    signals.each.push_back(std::move(signal));
  }
  fall_back(spec, observation, signals);
  check_reporting(observation, signals);
  return signals;
}

std::string format_value(double value) {
  if (value == std::trunc(value) && std::abs(value) < 1e15) return fmt::format_int(static_cast<long long>(value)).str();
  std::string text = fmt::format("{:.4f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace stackscaler::decision
