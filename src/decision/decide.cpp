// SPDX-License-Identifier: Apache-2.0
#include "decision/decide.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "decision/schedules.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::decision {
namespace {

namespace reason = policy::reason;
using policy::kMaxInstances;

// The proposal on its way through the guardrails. Each step may change `to`, and then says so in the trace and in the
// sentence.
class Course {
 public:
  Course(const policy::Spec& spec, const Observation& observation, Signals signals, const History& history,
         WallTime now)
      : spec_(spec),
        signals_(std::move(signals)),
        history_(history),
        now_(now),
        schedules_(active_schedules(spec, now)),
        from_(observation.current),
        to_(from_) {
    trace_.reserve(signals_.each.size() + 6);
  }

  void follow(const std::optional<Advice>& advice);
  void require_data();
  void require_confidence();
  void veto();
  void stabilize_it();
  void keep_policies();
  void keep_cooldown();
  void keep_bounds();
  void keep_max_step();
  void keep_freeze();
  [[nodiscard]] Decision finish(const std::optional<Advice>& advice) &&;

 private:
  void report_beside(const Advice& advice);
  void keep_authority();
  // Sets `to`; records the step when it changed something.
  void set(std::string_view step, int to, std::string_view why, const std::string& message);
  [[nodiscard]] Duration cooldown_left(Duration cooldown) const;
  void come_down_to(int max);

  const policy::Spec& spec_;
  Signals signals_;
  const History& history_;
  WallTime now_;
  Active schedules_;
  int from_;
  int to_;
  std::string reason_;
  std::string message_;
  bool trusted_ = true;
  double confidence_ = 1.0;  // of what `to_` rests on; what the metrics ask for counts as sure
  std::optional<int> recommended_;
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
  for (const Active::Line& line : schedules_.lines) trace_.push_back(TraceLine{"schedule", from_, from_, line.message});
  for (const Signal& signal : signals_.each) {
    trace_.push_back(TraceLine{"signal", from_, signal.proposal.value_or(from_), signal.message});
  }
  if (!advice) {
    set("advice", from_, reason::kMetricsMissing, "no advice");
    return;
  }
  for (const TraceLine& line : advice->trace) trace_.push_back(line);
  const int advised = advice->action == Action::no_change ? from_ : std::clamp(advice->target, 0, kMaxInstances);
  confidence_ = advice->confidence;
  set("advice", advised, advice->reason, advice->message);
  report_beside(*advice);
  keep_authority();
}

// Advice that is not followed, only told.
void Course::report_beside(const Advice& advice) {
  if (!advice.beside) return;
  for (const TraceLine& line : advice.beside->trace) trace_.push_back(line);
  const int told = advice.beside->action == Action::no_change ? from_ : advice.beside->target;
  trace_.push_back(TraceLine{"beside", from_, told, advice.beside->message});
  message_.append("; not applied: ").append(advice.beside->message);
}

// An advisor may raise, and go below what the metrics propose only with full authority. To change nothing is below it,
// too, while they propose more.
void Course::keep_authority() {
  const int floor = signals_.proposal.value_or(from_);
  if (to_ >= floor || spec_.advisor.authority == policy::Authority::full) return;
  const auto leads = [&](const Signal& s) { return s.name == signals_.leading; };
  const auto leading = std::find_if(signals_.each.begin(), signals_.each.end(), leads);
  const bool known = leading != signals_.each.end() && !leading->reason.empty();
  if (floor > from_) confidence_ = 1.0;
  set("authority", floor, floor == from_ || !known ? reason::kAdviceBounded : leading->reason,
      fmt::format("authority is bounded: not below {}{}", floor, known ? " (" + leading->message + ")" : ""));
}

// Law 2: what is missing never scales down.
void Course::require_data() {
  if (to_ >= from_ || signals_.may_scale_down) return;
  set("missingData", from_, signals_.instances_missing ? reason::kInstancesMissing : reason::kMetricsMissing,
      "no scale-down while data is missing (" + signals_.missing + ")");
}

// Unsure advice changes nothing. With bounded authority it does not keep the metrics from asking for more either.
void Course::require_confidence() {
  if (to_ == from_ || confidence_ >= spec_.advisor.confidence_threshold) return;
  const bool full = spec_.advisor.authority == policy::Authority::full;
  const int instead = full ? from_ : std::max(from_, signals_.proposal.value_or(from_));
  std::string why = fmt::format("confidence {:.2f} is below {:.2f}", confidence_, spec_.advisor.confidence_threshold);
  if (instead == from_) {
    trusted_ = false;
  } else {
    confidence_ = 1.0;
    why += fmt::format(", the metrics ask for {}", instead);
  }
  set("confidence", instead, reason::kLowConfidence, why);
}

// Whoever asks: no way down while a metric is above its upper limit.
void Course::veto() {
  if (to_ >= from_ || signals_.above.empty()) return;
  set("veto", from_, reason::kMetricVeto, "no scale-down while " + signals_.above);
}

void Course::stabilize_it() {
  // What rests on missing data or on advice that nobody trusts is no recommendation.
  if (!trusted_ || !signals_.proposal || (!signals_.may_scale_down && to_ <= from_)) return;
  recommended_ = to_;
  const Duration up = spec_.behavior.scale_up.stabilization_window;
  const Duration down = spec_.behavior.scale_down.stabilization_window;
  const int stable = stabilize(from_, to_, history_.recommendations, up, down, now_);
  if (stable == to_) return;
  const bool rising = to_ > from_;
  set("stabilization", stable, rising ? reason::kScaleUpStabilized : reason::kScaleDownStabilized,
      rising ? fmt::format("held: {} was enough within the last {}", stable, format_duration(up))
             : fmt::format("held: {} was needed within the last {}", stable, format_duration(down)));
}

void Course::keep_policies() {
  const policy::Behavior& behavior = spec_.behavior;
  if (to_ > from_) {
    const int limit = std::max(from_, limit_up(from_, behavior.scale_up, history_.events, now_));
    if (to_ <= limit || limit >= schedules_.bounds.max) return;  // the bounds are nearer, and say so
    set("policies", limit, reason::kScaleUpLimit, fmt::format("behavior.scaleUp allows {} for now", limit));
  } else if (to_ < from_) {
    const int limit = std::min(from_, limit_down(from_, behavior.scale_down, history_.events, now_));
    if (to_ >= limit || limit <= schedules_.bounds.min) return;
    set("policies", limit, reason::kScaleDownLimit, fmt::format("behavior.scaleDown allows {} for now", limit));
  }
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

// Bounds need no metrics. Below min: up to it, at once.
void Course::keep_bounds() {
  const auto [min, max] = schedules_.bounds;
  if (to_ < min) {
    set("bounds", min, reason::kTooFewInstances,
        fmt::format("bounds.min is {}{}", min, min == spec_.bounds.min ? "" : " by schedule"));
  } else if (to_ > max && from_ <= max) {
    set("bounds", max, reason::kTooManyInstances,
        fmt::format("bounds.max is {}{}", max, max == spec_.bounds.max ? "" : " by schedule"));
  } else if (to_ > max) {
    come_down_to(max);
  }
}

// A count above max comes down as in any scale-down, only with all data and within the rules; or at once by
// enforceMax: immediate.
void Course::come_down_to(int max) {
  const policy::ScaleRules& rules = spec_.behavior.scale_down;
  const bool immediate = spec_.behavior.enforce_max == policy::EnforceMax::immediate;
  if (!immediate && !signals_.may_scale_down) {
    set("bounds", from_, signals_.instances_missing ? reason::kInstancesMissing : reason::kMetricsMissing,
        fmt::format("above bounds.max ({}), but no scale-down while data is missing ({})", max, signals_.missing));
  } else if (!immediate && cooldown_left(rules.cooldown) > Duration(0)) {
    set("bounds", from_, reason::kScaleDownCooldown,
        fmt::format("above bounds.max ({}), held: less than {} since the last scaling ended", max,
                    format_duration(rules.cooldown)));
  } else {
    const int limit = immediate ? max : std::min(from_, limit_down(from_, rules, history_.events, now_));
    set("bounds", std::max(max, limit), reason::kTooManyInstances, fmt::format("bounds.max is {}", max));
  }
}

// Law 11 on the way down, whatever the cause. On the way up a count below bounds.min may reach it in one step.
void Course::keep_max_step() {
  if (to_ > from_) {
    const int limit = step_size(spec_.behavior.scale_up.max_step, from_);
    const int highest = std::max(from_ + limit, std::min(to_, schedules_.bounds.min));
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

// A freeze holds whatever asks: bounds, too.
void Course::keep_freeze() {
  if (to_ >= from_ || schedules_.freeze.empty()) return;
  set("freeze", from_, reason::kScaleDownFrozen, "no scale-down during schedule " + schedules_.freeze);
}

Decision Course::finish(const std::optional<Advice>& advice) && {
  Decision decision;
  decision.from = from_;
  decision.to = to_;
  decision.action = to_ > from_ ? Action::scale_up : to_ < from_ ? Action::scale_down : Action::no_change;
  decision.confidence = confidence_;
  decision.advisor = advice ? advice->advisor : "none";
  decision.reason = std::move(reason_);
  decision.message = std::move(message_);
  decision.recommended = recommended_;
  decision.bounds = schedules_.bounds;
  decision.suspended_by = schedules_.suspend;
  decision.signals = std::move(signals_.each);
  decision.trace = std::move(trace_);
  decision.advice = advice;
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

void note_end(History& history, Duration warmup, int from, int to, WallTime ended) {
  history.last_scale_end = ended;
  history.warming = std::max(0, to - from);
  history.warm_until = ended + warmup;
}

void note_scaled(History& history, const policy::Behavior& behavior, Duration warmup, int from, int to,
                 WallTime ended) {
  note_end(history, warmup, from, to, ended);
  history.events.push_back({ended, to - from});
  forget(history.events, behavior, ended);
}

Decision decide(const policy::Spec& spec, const Observation& observation, const std::optional<Advice>& advice,
                const History& history, WallTime now) {
  Course course(spec, observation, read_signals(spec, observation, history, now), history, now);
  course.follow(advice);
  course.require_data();
  course.require_confidence();
  course.veto();
  course.stabilize_it();
  course.keep_policies();
  course.keep_cooldown();
  course.keep_bounds();
  course.keep_max_step();
  course.keep_freeze();
  return std::move(course).finish(advice);
}

}  // namespace stackscaler::decision
