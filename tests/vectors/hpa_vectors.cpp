// SPDX-License-Identifier: Apache-2.0
//
// hpa_vectors FILE…: holds the decision code against facts that were recorded from the HorizontalPodAutoscaler.
//
// tests/golden/hpa/README.md has the format. Each kind of case goes to the function that is meant to agree with it, or
// through decide() as a whole. What differs by design is skipped with its reason. The last line is
// "N passed, N failed, N skipped"; the exit code is 1 when a case failed or a file can't be read.
#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "advisor/rules.hpp"
#include "decision/decide.hpp"
#include "decision/proportion.hpp"
#include "policy/reasons.hpp"

namespace {

using namespace stackscaler;
using namespace stackscaler::decision;
using nlohmann::json;
namespace reason = policy::reason;

constexpr WallTime kNow{std::chrono::hours(500'000)};
constexpr int kMost = std::numeric_limits<int>::max();

struct Outcome {
  enum class Kind { passed, failed, skipped } kind = Kind::passed;
  std::string text;
};
Outcome passed() {
  return {};
}
Outcome skipped(std::string why) {
  return {Outcome::Kind::skipped, std::move(why)};
}
Outcome failed(std::string why) {
  return {Outcome::Kind::failed, std::move(why)};
}

template <class T>
Outcome same(const char* what, const T& got, const T& want) {
  if (got == want) return passed();
  return failed(fmt::format("{}: got {}, want {}", what, got, want));
}

std::chrono::seconds seconds(const json& value) {
  return std::chrono::seconds(value.get<std::int64_t>());
}

Tolerance tolerance_of(const json& in) {
  const double both = in.value("tolerance", 0.1);
  return Tolerance{in.value("tolerance_up", both), in.value("tolerance_down", both)};
}

policy::ScaleRules rules_of(const json& in, Duration default_window) {
  policy::ScaleRules rules;
  rules.cooldown = Duration(0);
  rules.stabilization_window = default_window;
  rules.max_step = policy::Step{policy::kMaxInstances, false};
  if (in.is_null()) return rules;
  if (in.contains("stabilization_window_s") && !in["stabilization_window_s"].is_null()) {
    rules.stabilization_window = seconds(in["stabilization_window_s"]);
  }
  const std::string select = in.value("select_policy", "Max");
  rules.select_policy = select == "Min"        ? policy::SelectPolicy::min
                        : select == "Disabled" ? policy::SelectPolicy::disabled
                                               : policy::SelectPolicy::max;
  for (const json& one : in.at("policies")) {
    policy::RatePolicy rate;
    rate.value = one.at("value").get<int>();
    rate.percent = one.at("type") == "Percent";
    rate.period = seconds(one.at("period_s"));
    rules.policies.push_back(rate);
  }
  return rules;
}

void add_events(const json& in, int sign, std::vector<ScaleEvent>& out) {
  if (in.is_null()) return;
  for (const json& one : in) out.push_back({kNow - seconds(one.at("age_s")), sign * one.at("change").get<int>()});
}

std::vector<ScaleEvent> events_of(const json& in) {
  std::vector<ScaleEvent> events;
  add_events(in.at("up_events"), 1, events);
  add_events(in.at("down_events"), -1, events);
  return events;
}

std::vector<Recommendation> recommendations_of(const json& in) {
  std::vector<Recommendation> log;
  for (const json& one : in) log.push_back({kNow - seconds(one.at("age_s")), one.at("replicas").get<int>()});
  return log;
}

// A policy that adds nothing of its own: no cooldown, no limit of a step, above max down at once.
policy::Spec plain_spec(const json& in) {
  policy::Spec spec;
  spec.bounds = {in.at("min").get<int>(), in.at("max").get<int>()};
  const Duration down = std::chrono::seconds(in.value("down_window_default_s", 0));
  spec.behavior.scale_up = rules_of(in.value("up_rules", json()), Duration(0));
  spec.behavior.scale_down = rules_of(in.value("down_rules", json()), down);
  spec.behavior.enforce_max = policy::EnforceMax::immediate;
  const Tolerance tolerance = tolerance_of(in);
  spec.behavior.scale_up.tolerance = tolerance.up;
  spec.behavior.scale_down.tolerance = tolerance.down;
  return spec;
}

// Without a behavior the HPA allows max(factor x current, minimum); here maxStep says it.
void limit_as_without_behavior(const json& in, int current, policy::Spec& spec) {
  if (!in.value("up_rules", json()).is_null()) return;
  const double most =
      std::max(in.at("scale_up_limit_factor").get<double>() * current, in.at("scale_up_limit_minimum").get<double>());
  spec.behavior.scale_up.max_step = policy::Step{static_cast<int>(most) - current, false};
}

std::string hpa_word(const Decision& decision) {
  static const std::map<std::string_view, std::string> kWords{{reason::kTooFewInstances, "TooFewReplicas"},
                                                              {reason::kTooManyInstances, "TooManyReplicas"},
                                                              {reason::kScaleUpLimit, "ScaleUpLimit"},
                                                              {reason::kScaleDownLimit, "ScaleDownLimit"}};
  const auto found = kWords.find(decision.reason);
  return found == kWords.end() ? "DesiredWithinRange" : found->second;
}

bool stabilized(const Decision& decision) {
  return std::any_of(decision.trace.begin(), decision.trace.end(),
                     [](const TraceLine& line) { return line.step == "stabilization"; });
}

Decision by_rules(const policy::Spec& spec, const Observation& observation, const History& history, WallTime now) {
  const Signals signals = read_signals(spec, observation, history, now);
  return decide(spec, observation, advisor::rules_advice(observation, signals), history, now);
}

Outcome calc_total(const json& in, const json& want) {
  return same("replicas",
              count_by_ratio(in.at("value_milli").get<double>(), in.at("target_milli").get<double>(),
                             in.at("current").get<int>(), in.at("ready").get<int>(), tolerance_of(in)),
              want.at("replicas").get<int>());
}

Outcome calc_per_instance(const json& in, const json& want) {
  return same("replicas",
              count_by_instance(in.at("value_milli").get<double>(), in.at("target_per_instance_milli").get<double>(),
                                in.at("current").get<int>(), tolerance_of(in)),
              want.at("replicas").get<int>());
}

Outcome calc_utilization(const json& in, const json& want) {
  return same("replicas",
              count_by_ratio(in.at("utilization_percent").get<double>(), in.at("target_percent").get<double>(),
                             in.at("current").get<int>(), in.at("ready").get<int>(), tolerance_of(in)),
              want.at("replicas").get<int>());
}

Outcome calc_average(const json& in, const json& want) {
  return same("replicas",
              count_by_ratio(in.at("average_milli").get<double>(), in.at("target_milli").get<double>(),
                             in.at("current").get<int>(), in.at("ready").get<int>(), tolerance_of(in)),
              want.at("replicas").get<int>());
}

Outcome per_instance_samples(const json& /*in*/, const json& /*want*/) {
  return skipped("a query gives one value of the whole stack, not one sample for each instance");
}

Outcome stabilize_default(const json& in, const json& want) {
  // "Not older than the window" against "younger than the window"; times are whole seconds. Nothing is clamped to the
  // current count here.
  const Duration window = seconds(in.at("window_s")) + std::chrono::milliseconds(1);
  const int got = stabilize(kMost, in.at("desired").get<int>(), recommendations_of(in.at("recommendations")),
                            Duration(0), window, kNow);
  return same("replicas", got, want.at("replicas").get<int>());
}

Outcome stabilize_behavior(const json& in, const json& want) {
  const int got =
      stabilize(in.at("current").get<int>(), in.at("desired").get<int>(), recommendations_of(in.at("recommendations")),
                seconds(in.at("up_window_s")), seconds(in.at("down_window_s")), kNow);
  return same("replicas", got, want.at("replicas").get<int>());
}

Outcome rate_limit(const json& in, const json& want, bool up) {
  const policy::ScaleRules rules = rules_of(in.at("rules"), Duration(0));
  const auto limit = up ? limit_up : limit_down;
  return same("limit", limit(in.at("current").get<int>(), rules, events_of(in), kNow), want.at("limit").get<int>());
}

// A proposal on its way through the limits alone.
Outcome limit(const json& in, const json& want) {
  const int current = in.at("current").get<int>();
  policy::Spec spec = plain_spec(in);
  spec.behavior.scale_up.stabilization_window = Duration(0);
  spec.behavior.scale_down.stabilization_window = Duration(0);
  if (in.contains("scale_up_limit_factor")) limit_as_without_behavior(in, current, spec);
  policy::Metric metric;
  metric.name = "wanted";
  metric.desired = true;
  spec.metrics.push_back(metric);
  Observation observation;
  observation.current = current;
  observation.metrics.push_back({"wanted", in.at("desired").get<double>(), "", false});
  History history;
  if (in.contains("up_events")) history.events = events_of(in);
  const Decision decision = by_rules(spec, observation, history, kNow);
  const Outcome count = same("replicas", decision.to, want.at("replicas").get<int>());
  if (count.kind != Outcome::Kind::passed) return count;
  return same("reason", hpa_word(decision), want.at("reason").get<std::string>());
}

Outcome store_event(const json& in, const json& want) {
  // A policy that allows nothing shows what its period has seen. The HPA's slots are not kept: here the log is by time
  // and holds what any policy of either direction may still ask for.
  std::vector<ScaleEvent> events;
  add_events(in.at("events"), 1, events);
  policy::ScaleRules rules;
  rules.policies.push_back({0, false, std::chrono::seconds(60)});
  const int seen = 1000 - limit_up(1000, rules, events, kNow);
  return same("change in the last 60 s", seen, want.at("change_in_last_60s_before").get<int>());
}

// One metric of a whole pass. Values come in percent, or in thousandths; per-instance ones as averages.
void add_metric(const json& in, int current, const Tolerance& tolerance, policy::Spec& spec, Observation& observation) {
  const std::string function = in.at("function").get<std::string>();
  policy::Metric metric;
  metric.name = "m" + std::to_string(spec.metrics.size());
  MetricReading reading;
  reading.name = metric.name;
  const bool each = function.find("PerPod") != std::string::npos;
  metric.target = policy::Target{each                                ? policy::TargetType::per_instance
                                 : function == "GetResourceReplicas" ? policy::TargetType::utilization
                                                                     : policy::TargetType::value,
                                 in.value("target", 1.0)};
  if (in.value("error", false)) {
    reading.missing = "no data";
  } else if (each) {
    // The recorded average was rounded up; the total lies between these two.
    const double average = in.at("value").get<double>();
    const double most = average * current;
    const double least = (average - 1) * current + 1;
    const int wanted = in.at("proposed").get<int>();
    const bool fits = count_by_instance(most, metric.target->value, current, tolerance) == wanted;
    reading.value = fits ? most : least;
  } else {
    reading.value = in.at("value").get<double>();
  }
  spec.metrics.push_back(std::move(metric));
  observation.metrics.push_back(std::move(reading));
}

std::string condition(const json& want, const std::string& type) {
  for (const json& one : want.at("conditions")) {
    if (one.at("type") == type) return one.at("reason").get<std::string>();
  }
  return "";
}

// True when the HPA's proposal does not follow from the average alone: it filled in for samples that were missing.
bool by_samples(const json& metric, int current, const Tolerance& tolerance) {
  if (metric.value("function", "") != "GetResourceReplicas" || metric.value("error", false)) return false;
  const int plain =
      count_by_ratio(metric.at("value").get<double>(), metric.at("target").get<double>(), current, current, tolerance);
  return plain != metric.at("proposed").get<int>();
}

Outcome reconcile(const json& in, const json& want) {
  const int current = in.at("current").get<int>();
  if (current == 0) return skipped("0 is a count like any other; the HPA stops scaling at it");
  for (const json& metric : in.at("metrics")) {
    if (metric.contains("ready") && metric["ready"].is_number() && metric["ready"] != current) {
      return skipped("an instance that does not report is missing data, so nothing is scaled down");
    }
    if (by_samples(metric, current, tolerance_of(in))) return per_instance_samples({}, {});
  }
  policy::Spec spec = plain_spec(in);
  limit_as_without_behavior(in, current, spec);
  Observation observation;
  observation.current = current;
  for (const json& metric : in.at("metrics")) add_metric(metric, current, tolerance_of(in), spec, observation);
  History history;
  if (in.at("recommendations").is_null()) {
    history.recommendations.push_back({kNow, current});
  } else {
    history.recommendations = recommendations_of(in.at("recommendations"));
  }
  for (const Recommendation& entry : history.recommendations) {
    if (entry.count > current && in.value("up_rules", json()).is_null()) {
      return skipped("an earlier recommendation never raises the count; without a behavior the HPA's does");
    }
  }
  const Decision decision = by_rules(spec, observation, history, kNow);
  const Outcome count = same("replicas", decision.to, want.at("replicas").get<int>());
  if (count.kind != Outcome::Kind::passed) return count;
  if (const std::string limiting = condition(want, "ScalingLimited"); !limiting.empty()) {
    const Outcome reason_outcome = same("ScalingLimited", hpa_word(decision), limiting);
    if (reason_outcome.kind != Outcome::Kind::passed) return reason_outcome;
  }
  return same("stabilized", stabilized(decision), condition(want, "AbleToScale").ends_with("Stabilized"));
}

// The HPA's log of one direction: what is older than that direction's longest period is overwritten, one slot by each
// new event. Our own log forgets nothing that a policy may still ask for; for the comparison both see the same.
void store_as_hpa(std::vector<ScaleEvent>& log, const policy::ScaleRules& rules, int change, WallTime now) {
  Duration longest{};
  for (const policy::RatePolicy& rate : rules.policies) longest = std::max(longest, rate.period);
  const auto outdated =
      std::find_if(log.rbegin(), log.rend(), [&](const ScaleEvent& event) { return event.time < now - longest; });
  if (outdated == log.rend()) {
    log.push_back({now, change});
  } else {
    *outdated = {now, change};
  }
}

Outcome trace(const json& in, const json& want) {
  if (!in.at("behavior").get<bool>())
    return skipped("there is always a behavior; without one the HPA has other limits");
  policy::Spec spec = plain_spec(in);
  policy::Metric metric;
  metric.name = "load";
  metric.target = policy::Target{policy::TargetType::per_instance, in.at("target_per_instance").get<double>()};
  spec.metrics.push_back(metric);
  int current = in.at("initial").get<int>();
  History history;
  std::vector<ScaleEvent> ups;
  std::vector<ScaleEvent> downs;
  history.recommendations.push_back({kNow, current});
  for (const json& step : want.at("steps")) {
    const WallTime now = kNow + seconds(step.at("t_s"));
    Observation observation;
    observation.current = current;
    observation.metrics.push_back({"load", step.at("load").get<double>(), "", false});
    const Decision decision = by_rules(spec, observation, history, now);
    const std::string at = fmt::format("t={}", step.at("t_s").get<int>());
    if (decision.to != step.at("desired").get<int>()) {
      return failed(
          fmt::format("{}: got {}, want {} ({})", at, decision.to, step.at("desired").get<int>(), decision.message));
    }
    const std::string limiting = step.at("ScalingLimited").get<std::string>();
    if (hpa_word(decision) != limiting) {
      return failed(fmt::format("{}: ScalingLimited: got {}, want {}", at, hpa_word(decision), limiting));
    }
    if (stabilized(decision) != step.at("AbleToScale").get<std::string>().ends_with("Stabilized")) {
      return failed(fmt::format("{}: stabilized: {}", at, decision.message));
    }
    if (decision.recommended) remember(history.recommendations, spec.behavior, *decision.recommended, now);
    if (decision.to > current) store_as_hpa(ups, spec.behavior.scale_up, decision.to - current, now);
    if (decision.to < current) store_as_hpa(downs, spec.behavior.scale_down, decision.to - current, now);
    history.events = ups;
    history.events.insert(history.events.end(), downs.begin(), downs.end());
    current = decision.to;
  }
  return passed();
}

using Runner = std::function<Outcome(const json&, const json&)>;

const std::map<std::string, Runner>& runners() {
  static const std::map<std::string, Runner> kRunners{
      {"calc_total", calc_total},
      {"calc_per_instance_target", calc_per_instance},
      {"calc_utilization", calc_utilization},
      {"calc_average", calc_average},
      {"calc_instances_utilization", per_instance_samples},
      {"calc_instances_average", per_instance_samples},
      {"limit_default", limit},
      {"limit_behavior", limit},
      {"stabilize_default", stabilize_default},
      {"stabilize_behavior", stabilize_behavior},
      {"rate_limit_up", [](const json& in, const json& want) { return rate_limit(in, want, true); }},
      {"rate_limit_down", [](const json& in, const json& want) { return rate_limit(in, want, false); }},
      {"store_event", store_event},
      {"reconcile", reconcile},
      {"trace", trace},
  };
  return kRunners;
}

struct Totals {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
};

Outcome run_case(const json& one) {
  const auto runner = runners().find(one.at("kind").get<std::string>());
  if (runner == runners().end()) return skipped("a kind of case that this program does not know");
  if (one.value("applies", "direct") != "direct") return per_instance_samples({}, {});
  try {
    return runner->second(one.at("input"), one.at("expect"));
  } catch (const json::exception& error) {
    return failed(std::string("the case can't be read: ") + error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, Totals> by_kind;
  std::map<std::string, int> reasons;
  Totals all;
  bool unreadable = argc < 2;
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i]);
    const json data = json::parse(file, nullptr, false);
    if (!data.is_object() || !data.contains("cases")) {
      fmt::print(stderr, "{}: not a file of cases\n", argv[i]);
      unreadable = true;
      continue;
    }
    for (const json& one : data["cases"]) {
      const Outcome outcome = run_case(one);
      Totals& kind = by_kind[one.at("kind").get<std::string>()];
      if (outcome.kind == Outcome::Kind::passed) ++kind.passed, ++all.passed;
      if (outcome.kind == Outcome::Kind::skipped) ++kind.skipped, ++all.skipped, ++reasons[outcome.text];
      if (outcome.kind == Outcome::Kind::failed) {
        ++kind.failed, ++all.failed;
        fmt::print("FAILED {}: {}\n", one.value("id", "?"), outcome.text);
      }
    }
  }
  for (const auto& [kind, totals] : by_kind) {
    fmt::print("{:28} {:4} passed {:4} failed {:4} skipped\n", kind, totals.passed, totals.failed, totals.skipped);
  }
  for (const auto& [why, count] : reasons) fmt::print("skipped {:3}: {}\n", count, why);
  fmt::print("{} passed, {} failed, {} skipped\n", all.passed, all.failed, all.skipped);
  return all.failed > 0 || unreadable ? 1 : 0;
}
