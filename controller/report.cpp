// SPDX-License-Identifier: Apache-2.0
#include "controller/report.hpp"

#include <algorithm>
#include <array>

#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

namespace reason = policy::reason;
using policy::Condition;
using policy::ConditionStatus;
using Kind = ConvergeResult::Kind;

Condition condition(std::string type, ConditionStatus status, std::string_view why, std::string message) {
  Condition c;
  c.type = std::move(type);
  c.status = status;
  c.reason = why;
  c.message = std::move(message);
  return c;
}

// The failure that this turn ended with, if any: reason and message.
struct Failure {
  std::string reason;
  std::string message;
};
std::optional<Failure> failure_of(const Turn& turn) {
  if (turn.error) {
    const std::string why = turn.error->reason().empty() ? std::string(reason::kStateUnreadable) : turn.error->reason();
    return Failure{why, turn.error->message()};
  }
  if (turn.converge.kind == Kind::failed || turn.converge.kind == Kind::held) {
    return Failure{turn.converge.reason, turn.converge.message};
  }
  return std::nullopt;
}

// True when the failure is the stack's own, and not a hold that ends by itself.
bool from_converge_or_error(const Turn& turn) {
  constexpr std::array kPassing{reason::kCountChanged,       reason::kPolicyChanged, reason::kDecisionExpired,
                                reason::kRecovering,         reason::kFleetLimit,    reason::kFleetShrinking,
                                reason::kCountChangedOutside};
  if (turn.error) return true;
  return std::find(kPassing.begin(), kPassing.end(), turn.converge.reason) == kPassing.end();
}

std::string gated_message(std::string_view why, const Turn& turn) {
  if (why == reason::kPaused) return turn.paused + "; decisions are reported and nothing new is started";
  if (why == reason::kDryRun) return "dry run: decisions are reported and nothing is changed";
  if (why == reason::kSuspended) {
    const std::string by = turn.policy->spec.suspend ? "spec.suspend" : "schedule " + turn.decision->suspended_by;
    return "suspended by " + by + ": decisions are reported and nothing is changed";
  }
  return "auto-scaling is off (--enable): decisions are reported and nothing is changed";
}

// What the gate would say, so that the status tells it before a change is wanted.
std::string gate_reason(const Turn& turn, const ports::GateSettings& gate) {
  if (!turn.paused.empty()) return std::string(reason::kPaused);
  if (gate.dry_run || turn.policy->spec.dry_run) return std::string(reason::kDryRun);
  if (!gate.enabled) return std::string(reason::kNotEnabled);
  if (turn.policy->spec.suspend || (turn.decision && !turn.decision->suspended_by.empty())) {
    return std::string(reason::kSuspended);
  }
  return {};
}

// The addresses that the turn's operation has healed, at most ten by name.
std::string healed_text(const Turn& turn) {
  constexpr std::size_t kNamed = 10;
  if (turn.converge.kind != Kind::scaled || !turn.converge.report) return {};
  const std::vector<std::string>& healed = turn.converge.report->healed;
  std::string text;
  for (std::size_t i = 0; i < healed.size() && i < kNamed; ++i) text += (i == 0 ? "" : ", ") + healed[i];
  if (healed.size() > kNamed) text += " and " + std::to_string(healed.size() - kNamed) + " more";
  return text;
}

Condition ready_condition(const Turn& turn, const std::optional<Failure>& failure, const ports::GateSettings& gate) {
  if (gate.rehearsal) {
    return condition("Ready", ConditionStatus::false_, reason::kRehearsal,
                     "a rehearsal without Terraform is never ready");
  }
  if (failure) return condition("Ready", ConditionStatus::false_, failure->reason, failure->message);
  if (!turn.metrics_missing.empty()) {
    return condition("Ready", ConditionStatus::false_, reason::kMetricsUnavailable,
                     "a metric is missing, so nothing is scaled down; status.metrics says which and why");
  }
  const std::string shut = gate_reason(turn, gate);
  if (!shut.empty()) return condition("Ready", ConditionStatus::true_, shut, gated_message(shut, turn));
  if (const std::string healed = healed_text(turn); !healed.empty()) {
    return condition("Ready", ConditionStatus::true_, reason::kHealed,
                     "the stack follows the policy; half-made instances of an operation that did not finish were "
                     "replaced: " +
                         healed);
  }
  return condition("Ready", ConditionStatus::true_, reason::kReady, "the stack follows the policy");
}

void set_ready(policy::Status& status, const Turn& turn, const PolicyMemory& memory, const ports::GateSettings& gate,
               WallTime now) {
  const auto failure = failure_of(turn);
  policy::set_condition(status, ready_condition(turn, failure, gate), now);
  policy::set_condition(
      status, condition("Reconciling", ConditionStatus::false_, reason::kSettled, "no operation is running"), now);
  const bool long_enough = turn.error ? memory.errors >= Hold::kStalledAfter : memory.hold.stalled();
  const bool stalled = failure && (needs_a_person(failure->reason) || (long_enough && from_converge_or_error(turn)));
  policy::set_condition(
      status,
      stalled ? condition("Stalled", ConditionStatus::true_, failure->reason, failure->message)
              : condition("Stalled", ConditionStatus::false_, reason::kSettled, "nothing waits for a person"),
      now);
  if (gate.rehearsal) {
    policy::set_condition(status,
                          condition("Rehearsal", ConditionStatus::true_, reason::kRehearsal,
                                    "a rehearsal without Terraform: no real stack is touched"),
                          now);
  }
}

void set_metrics(policy::Status& status, const Turn& turn, WallTime now) {
  if (!turn.decision) return;
  Condition c =
      condition("MetricsAvailable", ConditionStatus::true_, reason::kAllMetricsFresh, "all metrics are fresh");
  if (!turn.metrics_missing.empty()) {
    c = condition("MetricsAvailable", ConditionStatus::false_, reason::kMetricsUnavailable,
                  "a metric is missing, so nothing is scaled down; status.metrics says which and why");
  } else if (turn.freshness_unknown) {
    c = condition("MetricsAvailable", ConditionStatus::true_, reason::kFreshnessUnknown,
                  "a metric has no freshness query, so a stale value can't be noticed");
  }
  policy::set_condition(status, std::move(c), now);
}

// Of policies that name an advisor beside rules, and on a status that had it.
void set_advisor(policy::Status& status, const Turn& turn, WallTime now) {
  if (!turn.decision || !turn.decision->advice) return;
  const decision::Advice& advice = *turn.decision->advice;
  const policy::AdvisorType type = turn.policy->spec.advisor.type;
  const std::string name(to_string(type));
  const bool before = policy::find_condition(status, "AdvisorAvailable") != nullptr;
  if (type == policy::AdvisorType::rules && !before) return;
  Condition c = condition("AdvisorAvailable", ConditionStatus::true_, reason::kAdvisorReady, name + " advises");
  if (!advice.unavailable.empty()) {
    c = condition("AdvisorAvailable", ConditionStatus::false_, advice.unavailable, advice.unavailable_message);
  } else if (type != policy::AdvisorType::rules && advice.advisor != name && !advice.beside) {
    if (before) return;  // it was not asked this time: what is known stays
    c = condition("AdvisorAvailable", ConditionStatus::unknown, reason::kAdvisorNotAsked, name + " was not asked yet");
  }
  policy::set_condition(status, std::move(c), now);
}

void set_plan_safe(policy::Status& status, const PolicyMemory& memory, bool rehearsal, WallTime now) {
  if (memory.plan_safe && !rehearsal) {
    policy::set_condition(status, *memory.plan_safe, now);
  } else if (policy::find_condition(status, "PlanSafe") == nullptr) {
    policy::set_condition(
        status, condition("PlanSafe", ConditionStatus::unknown, reason::kPlanUnknown, "no plan was made yet"), now);
  }
}

// Shown from an operation that died while it created until one of the stack succeeds, and on a status that had it.
void set_orphans(policy::Status& status, const PolicyMemory& memory, WallTime now) {
  if (!memory.orphans.empty()) {
    policy::set_condition(
        status, condition("PossibleOrphans", ConditionStatus::true_, reason::kPossibleOrphans, memory.orphans), now);
  } else if (policy::find_condition(status, "PossibleOrphans") != nullptr) {
    policy::set_condition(status,
                          condition("PossibleOrphans", ConditionStatus::false_, reason::kSettled,
                                    "an operation has succeeded since; what was lost before it is not in the state"),
                          now);
  }
}

std::string target_text(const policy::Metric& metric) {
  if (!metric.threshold) return {};
  return decision::format_value(metric.threshold->scale_up) + "/" +
         decision::format_value(metric.threshold->scale_down);
}

std::vector<policy::MetricStatus> metric_statuses(const Turn& turn) {
  std::vector<policy::MetricStatus> out;
  const auto& metrics = turn.policy->spec.metrics;
  const auto& signals = turn.decision->signals;
  for (std::size_t i = 0; i < signals.size() && i < metrics.size(); ++i) {
    policy::MetricStatus m;
    m.name = signals[i].name;
    if (signals[i].value) m.value = decision::format_value(*signals[i].value);
    m.target = target_text(metrics[i]);
    m.desired_instances = signals[i].proposal;
    m.missing = signals[i].missing;
    out.push_back(std::move(m));
  }
  return out;
}

void set_decision(policy::Status& status, const Turn& turn, WallTime now) {
  const decision::Decision& d = *turn.decision;
  status.desired_instances = d.to;
  policy::LastDecision last;
  last.time = now;
  last.action = decision::to_string(d.action);
  last.from = d.from;
  last.to = d.to;
  last.confidence = d.confidence;
  last.advisor = d.advisor;
  last.reason = d.reason;
  last.message = d.message;
  status.last_decision = std::move(last);
  status.metrics = metric_statuses(turn);
}

}  // namespace

bool needs_a_person(std::string_view why) {
  constexpr std::array kReasons{reason::kStackNotAdopted,  reason::kStackAlreadyManaged, reason::kStateChanged,
                                reason::kPlanRefused,      reason::kUnhealthyStack,      reason::kTerraformMissing,
                                reason::kTerraformVersion, reason::kInitFailed,          reason::kInvalidSpec,
                                reason::kConfigInvalid,    reason::kEnvNotAllowed,       reason::kTemplateInvalid};
  return std::find(kReasons.begin(), kReasons.end(), why) != kReasons.end();
}

policy::Status status_after(const Turn& turn, const PolicyMemory& memory, const ports::GateSettings& gate,
                            WallTime now) {
  policy::Status status = memory.written;
  status.observed_generation = memory.generation;
  status.spec_digest = turn.policy->spec_digest;
  status.operation.reset();
  if (turn.view) {
    status.current_instances = turn.view->count;
    status.count_age = std::chrono::floor<std::chrono::seconds>(turn.count_age.value_or(Duration(0)));
  }
  if (turn.decision) set_decision(status, turn, now);
  if (turn.converge.kind == Kind::scaled && turn.converge.report && turn.converge.report->changed) {
    status.last_scale_time = now;
  } else if (!status.last_scale_time && memory.history.last_scale_end) {
    status.last_scale_time = memory.history.last_scale_end;
  }
  set_ready(status, turn, memory, gate, now);
  set_metrics(status, turn, now);
  set_advisor(status, turn, now);
  set_plan_safe(status, memory, gate.rehearsal, now);
  set_orphans(status, memory, now);
  return status;
}

policy::Status status_during(const policy::Status& before, const ports::OperationProgress& progress, WallTime now) {
  policy::Status status = before;
  policy::OperationStatus operation;
  operation.id = progress.id;
  operation.phase = progress.phase;
  operation.from = progress.from;
  operation.to = progress.to;
  operation.since = progress.since;
  operation.progress = progress.progress;
  status.operation = std::move(operation);
  policy::set_condition(
      status, condition("Reconciling", ConditionStatus::true_, reason::kScaling, "an operation is running"), now);
  policy::set_condition(status,
                        condition("Ready", ConditionStatus::false_, reason::kScaling, "an operation is running"), now);
  return status;
}

std::string metrics_summary(const decision::Decision& d) {
  std::string out;
  for (const decision::Signal& signal : d.signals) {
    if (!out.empty()) out.push_back(',');
    out.append(signal.name).append("=").append(signal.value ? decision::format_value(*signal.value) : "?");
  }
  return out;
}

}  // namespace stackscaler::controller
