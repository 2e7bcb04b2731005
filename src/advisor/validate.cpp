// SPDX-License-Identifier: Apache-2.0
#include "advisor/validate.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "advisor/detail/answer_object.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::advisor {
namespace {

using decision::Action;
using detail::AnswerObject;
using detail::Field;

// The answer on its way to advice. Each check returns false when there is no going on.
class Check {
 public:
  Check(const policy::Spec& spec, const policy::Bounds& bounds, int current, std::string_view advisor)
      : spec_(spec), bounds_(bounds), current_(current), target_(current), advisor_(advisor) {}

  Validated run(std::string_view raw) {
    const auto answer = detail::answer_object(raw);
    if (!answer) {
      refuse(answer.error().message());
    } else if (read_action(answer->action) && read_target(answer->target) && read_confidence(answer->confidence)) {
      note_surroundings(*answer);
      agree();
      bound();
      limit_step();
      finish(answer->reason);
    }
    return std::move(out_);
  }

 private:
  bool refuse(std::string why) {
    note(current_, "refused: " + why);
    out_.refused = std::move(why);
    return false;
  }
  void note(int after, std::string message) {
    out_.trace.push_back(decision::TraceLine{"validation", target_, after, std::move(message)});
    target_ = after;
  }

  bool read_action(const Field& field);
  bool read_target(const Field& field);
  bool read_confidence(const Field& field);
  void note_surroundings(const AnswerObject& answer);
  void agree();
  void bound();
  void limit_step();
  void finish(const Field& reason);

  const policy::Spec& spec_;
  policy::Bounds bounds_;
  int current_;
  int target_;
  std::string_view advisor_;
  Action action_ = Action::no_change;
  double confidence_ = 0;
  Validated out_;
};

// "81", "0.85": the whole text, a finite number.
std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// "Scale-Up" -> "scaleup": letters alone.
std::string letters(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') out.push_back(static_cast<char>(c - 'A' + 'a'));
    if (c >= 'a' && c <= 'z') out.push_back(c);
  }
  return out;
}

bool Check::read_action(const Field& field) {
  if (field.kind == Field::Kind::missing) return refuse("the action is missing");
  if (field.kind != Field::Kind::text) return refuse("the action is no text");
  constexpr std::size_t kLongest = 32;
  if (field.text.size() > kLongest) return refuse("the action is none of scale_up, scale_down and no_change");
  for (const Action action : {Action::no_change, Action::scale_up, Action::scale_down}) {
    if (letters(field.text) != letters(to_string(action))) continue;
    action_ = action;
    if (field.text != to_string(action))
      note(target_, fmt::format("the action was spelt otherwise than {}", to_string(action)));
    return true;
  }
  return refuse("the action is none of scale_up, scale_down and no_change");
}

bool Check::read_target(const Field& field) {
  if (field.kind == Field::Kind::missing && action_ == Action::no_change) {
    note(current_, "the target is missing: with no_change it is the present count");
    return true;
  }
  if (field.kind == Field::Kind::missing) return refuse("the target is missing");
  std::optional<double> value;
  if (field.kind == Field::Kind::number && std::isfinite(field.number)) value = field.number;
  if (field.kind == Field::Kind::text) value = number_in(trimmed(field.text));
  if (!value) return refuse("the target is no number");
  // Rounded up: one instance too many does less harm than one too few.
  const double whole = std::ceil(*value);
  const int target = static_cast<int>(std::clamp(whole, 0.0, static_cast<double>(policy::kMaxInstances)));
  if (field.kind == Field::Kind::text) note(target, "the target was a text");
  if (whole != *value) note(target, "the target was a fraction: rounded up");
  if (whole < 0) note(target, "the target was below 0");
  if (whole > policy::kMaxInstances) note(target, fmt::format("the target was above {}", policy::kMaxInstances));
  target_ = target;
  return true;
}

bool Check::read_confidence(const Field& field) {
  if (field.kind == Field::Kind::missing) return refuse("the confidence is missing");
  std::optional<double> value;
  std::string_view changed;
  if (field.kind == Field::Kind::number) {
    value = field.number;
  } else if (field.kind == Field::Kind::text) {
    std::string_view text = trimmed(field.text);
    const bool percent = text.ends_with('%');
    if (percent) text = trimmed(text.substr(0, text.size() - 1));
    value = number_in(text);
    if (value && percent) *value /= 100;
    changed = percent ? "the confidence was a percentage" : "the confidence was a text";
  }
  if (!value || !std::isfinite(*value)) return refuse("the confidence is no number");
  // Not clamped: who says 85 or 1.2 means something that we would have to guess.
  if (*value < 0 || *value > 1) return refuse("the confidence is not from 0 to 1");
  confidence_ = *value;
  if (!changed.empty()) note(target_, fmt::format("{}: read as {:.2f}", changed, confidence_));
  return true;
}

void Check::note_surroundings(const AnswerObject& answer) {
  if (!answer.bare) note(target_, "text around the JSON object was left out");
  if (answer.others > 0) note(target_, fmt::format("{} unknown fields were left out", answer.others));
}

// Action and target must say the same; where they don't, nothing changes.
void Check::agree() {
  const bool up = target_ > current_;
  const bool down = target_ < current_;
  if (action_ == Action::no_change && (up || down)) {
    note(current_, fmt::format("no_change with target {}: the present count is taken", target_));
  } else if ((action_ == Action::scale_up && !up) || (action_ == Action::scale_down && !down)) {
    note(current_, fmt::format("{} with target {} at {} instances: they disagree, so nothing changes",
                               to_string(action_), target_, current_));
    action_ = Action::no_change;
  }
}

void Check::bound() {
  if (action_ == Action::no_change) return;
  const int kept = std::clamp(target_, bounds_.min, bounds_.max);
  if (kept == target_) return;
  note(kept, fmt::format("target {} is out of bounds {} to {}", target_, bounds_.min, bounds_.max));
  if (action_ == Action::scale_up ? kept > current_ : kept < current_) return;
  note(current_, fmt::format("{} is not possible within bounds", to_string(action_)));
  action_ = Action::no_change;
}

void Check::limit_step() {
  const policy::Behavior& behavior = spec_.behavior;
  if (action_ == Action::scale_up) {
    const int most = policy::step_size(behavior.scale_up.max_step, current_);
    if (target_ - current_ > most)
      note(current_ + most, fmt::format("a step of {} is beyond scaleUp.maxStep ({})", target_ - current_, most));
  } else if (action_ == Action::scale_down) {
    const int most = policy::limit_size(behavior.scale_down.max_step, current_);
    if (current_ - target_ > most)
      note(current_ - most, fmt::format("a step of {} is beyond scaleDown.maxStep ({})", current_ - target_, most));
  }
}

void Check::finish(const Field& reason) {
  decision::Advice advice;
  advice.action = action_;
  advice.target = target_;
  advice.confidence = confidence_;
  advice.advisor = advisor_;
  advice.reason = policy::reason::kAdvised;
  const std::string why = reason.kind == Field::Kind::text ? shown_text(reason.text, kMaxReason) : std::string();
  if (reason.kind != Field::Kind::text) note(target_, "the reason is missing");
  advice.message = fmt::format("{} advises {} ({:.2f})", advisor_,
                               action_ == Action::no_change ? "no change" : std::to_string(target_), confidence_);
  if (!why.empty()) advice.message += ": " + why;
  advice.trace = out_.trace;
  out_.advice = std::move(advice);
}

}  // namespace

std::string shown_text(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : text) {
    if (out.size() > limit) break;
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == ' ') {
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
    } else {
      out.push_back(byte < 0x80 ? c : '?');
    }
  }
  if (out.size() > limit) {
    out.resize(limit >= 3 ? limit - 3 : 0);
    out.append(limit >= 3 ? "..." : "");
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

Validated validate(std::string_view raw, const policy::Spec& spec, const policy::Bounds& bounds, int current,
                   std::string_view advisor) {
  return Check(spec, bounds, current, advisor).run(raw);
}

}  // namespace stackscaler::advisor
