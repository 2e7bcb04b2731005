// SPDX-License-Identifier: Apache-2.0
#include "decision/decide.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "policy/reasons.hpp"

namespace stackscaler::decision {
namespace {

namespace reason = policy::reason;

// The proposal on its way through the guardrails. Each step may change `to`, and then says so in the trace and in the
// sentence.
class Course {
 public:
  Course(const policy::Spec& spec, const Observation& observation, const Signals& signals, const History& history,
         WallTime now)
      : spec_(spec), signals_(signals), history_(history), now_(now), from_(observation.current), to_(from_) {}

  void follow(const std::optional<Advice>& advice);
  void require_data();
  void require_confidence(const std::optional<Advice>& advice);
  void keep_cooldown();
  void keep_bounds();
  void keep_max_step();
  [[nodiscard]] Decision finish(const std::optional<Advice>& advice) &&;

 private:
  // Sets `to`; records the step when it changed something.
  void set(std::string_view step, int to, std::string_view why, const std::string& message);
  [[nodiscard]] Duration cooldown_left(Duration cooldown) const;

  const policy::Spec& spec_;
  const Signals& signals_;
  const History& history_;
  WallTime now_;
  int from_;
  int to_;
  std::string reason_;
  std::string message_;
  std::vector<TraceLine> trace_;
};

void Course::set(std::string_view step, int to, std::string_view why, const std::string& message) {
  trace_.push_back(TraceLine{step, to_, to, message});
  to_ = to;
  reason_ = why;
  if (!message_.empty()) message_.append("; ");
  message_.append(message);
}

void Course::follow(const std::optional<Advice>& advice) {
  for (const Signal& signal : signals_.each) {
    trace_.push_back(TraceLine{"signal", from_, signal.proposal.value_or(from_), signal.message});
  }
  if (!advice) {
    set("advice", from_, reason::kMetricsMissing, "no advice");
    return;
  }
  // An advisor may raise, never go below what the metrics propose.
  const int floor = signals_.proposal.value_or(from_);
  const int target = advice->action == Action::no_change ? from_ : std::max(advice->target, floor);
  set("advice", std::clamp(target, 0, policy::kMaxInstances), advice->reason, advice->message);
}

// Law 2: what is missing never scales down.
void Course::require_data() {
  if (to_ >= from_ || signals_.may_scale_down) return;
  set("missingData", from_, signals_.instances_missing ? reason::kInstancesMissing : reason::kMetricsMissing,
      "no scale-down while data is missing (" + signals_.missing + ")");
}

void Course::require_confidence(const std::optional<Advice>& advice) {
  if (to_ == from_ || !advice || advice->confidence >= spec_.advisor.confidence_threshold) return;
  set("confidence", from_, reason::kLowConfidence,
      fmt::format("confidence {:.2f} is below {:.2f}", advice->confidence, spec_.advisor.confidence_threshold));
}

Duration Course::cooldown_left(Duration cooldown) const {
  if (!history_.last_scale_end) return Duration(0);
  const WallTime end = std::min(*history_.last_scale_end, now_);  // a clock that went back can't hold us longer
  return std::max(Duration(0), cooldown - (now_ - end));
}

void Course::keep_cooldown() {
  if (to_ == from_) return;
  const bool up = to_ > from_;
  const Duration cooldown = up ? spec_.behavior.scale_up.cooldown : spec_.behavior.scale_down.cooldown;
  if (cooldown_left(cooldown) == Duration(0)) return;
  set("cooldown", from_, up ? reason::kScaleUpCooldown : reason::kScaleDownCooldown,
      fmt::format("held: less than {} since the last scaling ended", format_duration(cooldown)));
}

// Bounds need no metrics. Below min: up to it, at once. Above max: down, but as any scale-down only with all data and
// after the cooldown.
void Course::keep_bounds() {
  const auto [min, max] = spec_.bounds;
  if (to_ < min) {
    set("bounds", min, reason::kTooFewInstances, fmt::format("bounds.min is {}", min));
  } else if (to_ > max && from_ <= max) {
    set("bounds", max, reason::kTooManyInstances, fmt::format("bounds.max is {}", max));
  } else if (to_ > max) {
    const Duration cooldown = spec_.behavior.scale_down.cooldown;
    if (!signals_.may_scale_down) {
      set("bounds", from_, signals_.instances_missing ? reason::kInstancesMissing : reason::kMetricsMissing,
          fmt::format("above bounds.max ({}), but no scale-down while data is missing ({})", max, signals_.missing));
    } else if (cooldown_left(cooldown) > Duration(0)) {
      set("bounds", from_, reason::kScaleDownCooldown,
          fmt::format("above bounds.max ({}), held: less than {} since the last scaling ended", max,
                      format_duration(cooldown)));
    } else {
      set("bounds", max, reason::kTooManyInstances, fmt::format("bounds.max is {}", max));
    }
  }
}

// Law 11 on the way down, whatever the cause. On the way up a count below bounds.min may reach it in one step.
void Course::keep_max_step() {
  if (to_ > from_) {
    const int limit = step_size(spec_.behavior.scale_up.max_step, from_);
    const int highest = std::max(from_ + limit, std::min(to_, spec_.bounds.min));
    if (to_ > highest) {
      set("maxStep", highest, reason::kScaleUpLimit, fmt::format("at most {} more at once", limit));
    }
  } else if (to_ < from_) {
    const int limit = limit_size(spec_.behavior.scale_down.max_step, from_);
    if (from_ - to_ > limit) {
      set("maxStep", from_ - limit, reason::kScaleDownLimit, fmt::format("at most {} fewer at once", limit));
    }
  }
}

Decision Course::finish(const std::optional<Advice>& advice) && {
  Decision decision;
  decision.from = from_;
  decision.to = to_;
  decision.action = to_ > from_ ? Action::scale_up : to_ < from_ ? Action::scale_down : Action::no_change;
  decision.confidence = advice ? advice->confidence : 1.0;
  decision.advisor = advice ? advice->advisor : "none";
  decision.reason = std::move(reason_);
  decision.message = std::move(message_);
  decision.signals = signals_.each;
  decision.trace = std::move(trace_);
  return decision;
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::no_change: return "no_change";
    case Action::scale_up: return "scale_up";
    case Action::scale_down: return "scale_down";
  }
  return "no_change";
}

Decision decide(const policy::Spec& spec, const Observation& observation, const std::optional<Advice>& advice,
                const History& history, WallTime now) {
  const Signals signals = read_signals(spec, observation, history, now);
  Course course(spec, observation, signals, history, now);
  course.follow(advice);
  course.require_data();
  course.require_confidence(advice);
  course.keep_cooldown();
  course.keep_bounds();
  course.keep_max_step();
  return std::move(course).finish(advice);
}

}  // namespace stackscaler::decision
