// SPDX-License-Identifier: Apache-2.0
//
// decide(): the pure function at the heart. Observation and advice in, decision and its reasons out.
//
// No I/O, no clock, no randomness: the live loop, dry run and the tests call this same function, and equal inputs give
// equal outputs. Counts are instances; metric values are in the metric's own unit.
// The guardrails come in a fixed order, each with a line in the trace where it changed something: missing data,
// confidence, veto, stabilization, rate policies, cooldown, bounds, maxStep, freeze. Before them stands what the active
// schedules say.
// Vocabulary and the rule "the largest proposal wins, a missing metric forbids scale-down" are the
// HorizontalPodAutoscaler's (kubernetes.io, "Horizontal Pod Autoscaling", algorithm details).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "decision/limits.hpp"
#include "policy/types.hpp"

namespace stackscaler::decision {

enum class Action { no_change, scale_up, scale_down };
[[nodiscard]] std::string_view to_string(Action action);

// One metric as it was read. Exactly one of value and missing is set.
struct MetricReading {
  std::string name;
  std::optional<double> value;
  std::string missing;             // why there is none: "no data", "sample is 4m old", "3 series, 1 expected"
  bool freshness_unknown = false;  // no companion query: the sample's age could not be checked
  std::optional<Duration> age{};   // of the newest sample, where it is known
  std::string partial{};           // the server's word that the value may lack a part of the data: no ground to go down
};

struct Observation {
  int current = 0;                      // instances that the Terraform state knows
  std::optional<int> reporting;         // instances that report metrics, where the policy's metrics can tell
  std::string reporting_missing;        // why it cannot be told although it was asked, or ""
  std::vector<MetricReading> metrics;   // in the order of spec.metrics
  std::optional<Duration> boot_time{};  // how long new instances usually take until they report, where measured
};

// What happened before, from the journal.
struct History {
  std::optional<WallTime> last_scale_end;  // end of the last operation that changed the stack
  // Until then instances that have just been created may not report yet (law 2: "less those warming up").
  std::optional<WallTime> warm_until;
  int warming = 0;                              // how many instances the last scale-up created
  std::vector<Recommendation> recommendations;  // one for each count, at its latest time; see remember()
  std::vector<ScaleEvent> events;
};

// An operation that changed the count ended then. The second also keeps it as an event, for rate policies.
void note_end(History& history, Duration warmup, int from, int to, WallTime ended);
void note_scaled(History& history, const policy::Behavior& behavior, Duration warmup, int from, int to, WallTime ended);

struct TraceLine {
  std::string_view
      step;  // a literal: "signal", "advice", "missingData", "confidence", "veto", "stabilization", "policies" …
  int before = 0;
  int after = 0;
  std::string message;
};

// What an advisor proposes. Rules: confidence 1.
struct Advice {
  Action action = Action::no_change;
  int target = 0;
  double confidence = 1.0;
  std::string advisor = "rules";
  std::string reason;   // a constant of policy/reasons.hpp, or the advisor's own word
  std::string message;  // one sentence
  // How it came to be: what was changed of an answer and why. decide() puts it before its own trace of the advice.
  std::vector<TraceLine> trace{};
  std::string asked{};  // the numbers that were shown to a model, JSON; "": none was asked for this advice
  // Not "" when the advisor that the policy names could not advise, and this comes from its fallback: a constant of
  // policy/reasons.hpp, and a sentence without numbers that change from turn to turn.
  std::string unavailable{};
  std::string unavailable_message{};
  std::shared_ptr<const Advice> beside{};  // other advice, which is only reported (advisor.apply: false)
};

// What one metric proposes.
struct Signal {
  std::string name;
  std::optional<double> value;
  std::optional<int> proposal;  // absent: the metric is missing, or only observed
  bool above = false;           // above its upper limit: no scale-down while that is so
  std::string_view reason;      // a constant of policy/reasons.hpp: why this proposal
  std::string missing;
  std::string message;  // "cpu 81.3 is above 75"
};

struct Signals {
  std::vector<Signal> each;
  std::optional<int> proposal;  // the largest; absent when no metric proposes anything
  bool may_scale_down = true;   // false when anything is missing
  std::string missing;          // the first thing missing, in words
  bool instances_missing = false;
  std::string leading;  // the name of the metric that gave the largest proposal
  std::string above;    // the message of the first metric that is above its upper limit, or ""
  int booting = 0;      // instances that were created just now: they count as being at their target
};

struct Decision {
  Action action = Action::no_change;
  int from = 0;
  int to = 0;
  double confidence = 1.0;
  std::string advisor;
  std::string reason;
  std::string message;
  // What stabilization windows of later decisions have to know of this one: give it to remember(). Absent while data is
  // missing or the advice was not trusted.
  std::optional<int> recommended;
  policy::Bounds bounds;     // those that held: spec.bounds, or what a schedule puts in their place
  std::string suspended_by;  // the schedule that suspends the policy now, or ""
  std::vector<Signal> signals;
  std::vector<TraceLine> trace;
  std::optional<Advice> advice{};  // what it was made of
};

// Steps 1 and 2: each metric's proposal, and the largest.
[[nodiscard]] Signals read_signals(const policy::Spec& spec, const Observation& observation, const History& history,
                                   WallTime now);

// All steps. `advice` absent: no advisor could be asked; only bounds are kept.
[[nodiscard]] Decision decide(const policy::Spec& spec, const Observation& observation,
                              const std::optional<Advice>& advice, const History& history, WallTime now);

// 81.3 -> "81.3", 75 -> "75": at most four significant decimals, no trailing zeros.
[[nodiscard]] std::string format_value(double value);

}  // namespace stackscaler::decision
