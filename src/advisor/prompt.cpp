// SPDX-License-Identifier: Apache-2.0
#include "advisor/prompt.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace stackscaler::advisor {
namespace {

constexpr std::string_view kInstruction =
    "You advise an autoscaler. The user message is one JSON object of measurements of one group of identical servers. "
    "Answer with one JSON object and nothing else: {\"action\": \"scale_up\" | \"scale_down\" | \"no_change\", "
    "\"target\": <the wanted number of instances, an integer>, \"confidence\": <a number from 0 to 1>, \"reason\": "
    "<one short English sentence>}. "
    "count is the present number of instances. bounds are the allowed numbers; maxUp and maxDown are the largest "
    "change of one step. Each of metrics has a rule: with threshold, above scaleUp more instances are needed and below "
    "scaleDown fewer; with target, the value should be near the target (perInstance: the value divided by count); with "
    "desired, the value is the wanted count; observed has no rule. value null means that it is missing: then never "
    "scale down. proposal is the number of instances that the rules ask for. past are earlier observations, oldest "
    "first, leaving out those that did not change; advised are earlier answers of yours and the count that followed. "
    "With no_change target is count; with scale_up it is above, with scale_down below. Never scale down while a value "
    "is above its limit. Be unsure (confidence below 0.5) when the numbers do not agree.";

// Writes an object's or array's parts with commas between them.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void raw(std::string_view name, std::string_view value) {
    comma();
    out_.append("\"").append(name).append("\":").append(value);
  }
  void word(std::string_view name, std::string_view value) { raw(name, "\"" + std::string(value) + "\""); }
  void count(std::string_view name, std::int64_t value) { raw(name, std::to_string(value)); }
  void number(std::string_view name, std::optional<double> value) { raw(name, prompt_number(value)); }

 private:
  void comma() {
    if (!first_) out_.push_back(',');
    first_ = false;
  }
  std::string& out_;
  bool first_ = true;
};

template <class Fill>
std::string object(Fill fill) {
  std::string out = "{";
  Writer writer(out);
  fill(writer);
  return out + "}";
}

template <class Range, class Text>
std::string array(const Range& range, Text text) {
  std::string out = "[";
  for (const auto& one : range) {
    if (out.size() > 1) out.push_back(',');
    out.append(text(one));
  }
  return out + "]";
}

std::string_view kind_of(policy::Preset preset) {
  switch (preset) {
    case policy::Preset::cpu: return "cpuPercent";
    case policy::Preset::memory: return "memoryPercent";
    case policy::Preset::instances: return "instances";
    case policy::Preset::none: break;
  }
  return "custom";
}

void write_rule(Writer& w, const policy::Metric& metric) {
  if (metric.threshold) {
    w.word("rule", "threshold");
    w.number("scaleUp", metric.threshold->scale_up);
    w.number("scaleDown", metric.threshold->scale_down);
  } else if (metric.target) {
    const bool each = metric.target->type == policy::TargetType::per_instance;
    w.word("rule", "target");
    w.number("target", metric.target->value);
    w.raw("perInstance", each ? "true" : "false");
  } else {
    w.word("rule", metric.desired ? "desired" : "observed");
  }
}

std::string metrics_text(const policy::Spec& spec, const decision::Signals& signals) {
  std::size_t i = 0;
  return array(spec.metrics, [&](const policy::Metric& metric) {
    const std::size_t at = i++;
    return object([&](Writer& w) {
      w.word("id", "m" + std::to_string(at + 1));
      w.word("kind", kind_of(metric.preset));
      write_rule(w, metric);
      const bool known = at < signals.each.size();
      w.number("value", known ? signals.each[at].value : std::nullopt);
      if (known && signals.each[at].proposal) w.count("proposal", *signals.each[at].proposal);
    });
  });
}

// A step of the present count.
std::string limits_text(const policy::Behavior& behavior, int count) {
  return object([&](Writer& w) {
    w.count("maxUp", policy::step_size(behavior.scale_up.max_step, count));
    w.count("maxDown", policy::limit_size(behavior.scale_down.max_step, count));
    w.number("cooldownUpSeconds", static_cast<double>(behavior.scale_up.cooldown.count()) / 1000);
    w.number("cooldownDownSeconds", static_cast<double>(behavior.scale_down.cooldown.count()) / 1000);
  });
}

// The last `most` of a list.
template <class T>
std::vector<T> newest(const std::vector<T>& all, std::size_t most) {
  return std::vector<T>(all.end() - static_cast<std::ptrdiff_t>(std::min(all.size(), most)), all.end());
}

std::string past_text(const std::vector<Past>& past, std::size_t metrics) {
  return array(newest(past, kPastObservations), [&](const Past& one) {
    std::vector<std::optional<double>> values = one.values;
    values.resize(metrics);
    return object([&](Writer& w) {
      w.count("count", one.count);
      w.raw("values", array(values, prompt_number));
    });
  });
}

std::string advised_text(const std::vector<PastAdvice>& recent) {
  return array(newest(recent, kPastAdvice), [](const PastAdvice& one) {
    return object([&](Writer& w) {
      w.word("action", to_string(one.action));
      w.count("from", one.from);
      w.count("target", one.to);
      w.number("confidence", one.confidence);
      if (one.count_after) w.count("countAfter", *one.count_after);
    });
  });
}

}  // namespace

std::string prompt_number(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return "null";
  if (*value == 0) return "0";
  return fmt::format("{:.4g}", *value);
}

Prompt make_prompt(const policy::Spec& spec, const policy::Bounds& bounds, const decision::Observation& observation,
                   const decision::Signals& signals, const std::vector<Past>& past,
                   const std::vector<PastAdvice>& recent) {
  Prompt prompt;
  prompt.system = kInstruction;
  prompt.user = object([&](Writer& w) {
    w.count("count", observation.current);
    if (observation.reporting) w.count("reporting", *observation.reporting);
    if (signals.booting > 0) w.count("booting", signals.booting);
    w.raw("dataMissing", signals.may_scale_down ? "false" : "true");
    w.raw("bounds", object([&](Writer& b) {
            b.count("min", bounds.min);
            b.count("max", bounds.max);
          }));
    w.raw("limits", limits_text(spec.behavior, observation.current));
    w.number("secondsBetweenLooks", static_cast<double>(spec.interval.count()) / 1000);
    w.raw("metrics", metrics_text(spec, signals));
    if (signals.proposal) w.count("proposal", *signals.proposal);
    w.raw("past", past_text(past, spec.metrics.size()));
    w.raw("advised", advised_text(recent));
  });
  return prompt;
}

}  // namespace stackscaler::advisor
