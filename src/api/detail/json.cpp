// SPDX-License-Identifier: Apache-2.0
#include "api/detail/json.hpp"

#include "policy/reasons.hpp"

namespace stackscaler::api::detail {
namespace {

namespace reason = policy::reason;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Json condition_json(const policy::Condition& c) {
  return Json{{"type", c.type},
              {"status", policy::to_string(c.status)},
              {"reason", c.reason},
              {"message", c.message},
              {"observedGeneration", c.observed_generation},
              {"lastTransitionTime", format_rfc3339(c.last_transition_time)}};
}

std::string_view signal_state(const decision::Signal& signal, const policy::Metric& metric) {
  if (!signal.value) return "missing";
  if (signal.above) return "above";
  if (metric.threshold && *signal.value < metric.threshold->scale_down) return "below";
  if (signal.reason == reason::kBelowTarget) return "below";
  if (!metric.threshold && !metric.target && !metric.desired) return "observed";
  return "ok";
}

Json signals_json(const PolicyView& view) {
  Json out = Json::array();
  const auto& metrics = view.policy->spec.metrics;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    Json one = threshold_json(metrics[i]);
    one["value"] = nullptr;
    one["state"] = "missing";
    const decision::Signal* signal =
        view.last != nullptr && i < view.last->signals.size() ? &view.last->signals[i] : nullptr;
    if (signal != nullptr && signal->name == metrics[i].name) {
      one["value"] = or_null(signal->value);
      one["state"] = signal_state(*signal, metrics[i]);
      if (signal->proposal) one["desiredInstances"] = *signal->proposal;
      if (!signal->missing.empty()) one["missing"] = signal->missing;
      if (!signal->message.empty()) one["message"] = signal->message;
    } else {
      one["missing"] = "not read yet";
    }
    out.push_back(std::move(one));
  }
  return out;
}

Json last_decision_json(const policy::Status& status) {
  if (!status.last_decision) return nullptr;
  const policy::LastDecision& d = *status.last_decision;
  return Json{{"time", format_rfc3339(d.time)}, {"action", d.action},   {"from", d.from},     {"to", d.to},
              {"confidence", d.confidence},     {"advisor", d.advisor}, {"reason", d.reason}, {"message", d.message}};
}

Json running_json(const policy::Status& status) {
  if (!status.operation) return nullptr;
  const policy::OperationStatus& o = *status.operation;
  return Json{{"id", o.id},
              {"phase", o.phase},
              {"from", o.from},
              {"to", o.to},
              {"since", format_rfc3339(o.since)},
              {"progress", o.progress}};
}

bool is(const policy::Status& status, std::string_view type, policy::ConditionStatus wanted) {
  const policy::Condition* const c = policy::find_condition(status, type);
  return c != nullptr && c->status == wanted;
}

}  // namespace

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json time_json(const std::optional<WallTime>& time) {
  return time ? Json(format_rfc3339(*time)) : Json(nullptr);
}

Json bounds_json(const policy::Bounds& bounds) {
  return Json{{"min", bounds.min}, {"max", bounds.max}};
}

std::string_view state_of(const PolicyView& view, const ControllerView& controller) {
  using policy::ConditionStatus;
  if (view.last == nullptr) return "pending";
  const policy::Status& status = view.last->status;
  if (status.operation) return "scaling";
  if (is(status, "Stalled", ConditionStatus::true_)) return "stalled";
  if (!view.last->held.empty()) return "held";
  if (is(status, "Ready", ConditionStatus::false_) && !controller.rehearsal) return "degraded";
  if (controller.pause.paused) return "paused";
  if (controller.dry_run || view.policy->spec.dry_run) return "dry-run";
  if (!controller.enabled) return "observing";
  if (view.policy->spec.suspend || !view.last->suspended_by.empty()) return "suspended";
  return "ok";
}

Json summary_json(const PolicyView& view, const ControllerView& controller) {
  static const policy::Status kNone;
  const policy::Spec& spec = view.policy->spec;
  const policy::Status& status = view.last != nullptr ? view.last->status : kNone;
  Json conditions = Json::array();
  for (const policy::Condition& c : status.conditions) conditions.push_back(condition_json(c));
  Json out{{"namespace", view.policy->key.namespace_},
           {"name", view.policy->key.name},
           {"stack", view.stack},
           {"origin", view.implicit ? std::string() : view.policy->origin},
           {"implicit", view.implicit},
           {"state", state_of(view, controller)},
           {"currentInstances", or_null(status.current_instances)},
           {"desiredInstances", or_null(status.desired_instances)},
           {"countAgeSeconds", nullptr},
           {"bounds", bounds_json(spec.bounds)},
           {"intervalSeconds", seconds(spec.interval)},
           {"nextRun", time_json(view.next_run)},
           {"signals", signals_json(view)},
           {"lastDecision", last_decision_json(status)},
           {"lastScaleTime", time_json(status.last_scale_time)},
           {"conditions", std::move(conditions)},
           {"operation", running_json(status)},
           {"held", view.last != nullptr ? view.last->held : std::string()},
           {"enabled", controller.enabled},
           {"dryRun", spec.dry_run || controller.dry_run},
           {"suspend", spec.suspend},
           {"suspendedBy", view.last != nullptr ? view.last->suspended_by : std::string()},
           {"paused", controller.pause.paused},
           {"advisor", policy::to_string(spec.advisor.type)},
           {"generation", view.generation},
           {"specDigest", view.policy->spec_digest}};
  if (status.count_age) out["countAgeSeconds"] = std::chrono::floor<std::chrono::seconds>(*status.count_age).count();
  if (view.last != nullptr && status.last_decision) out["effectiveBounds"] = bounds_json(view.last->bounds);
  if (view.held_until) out["heldUntil"] = format_rfc3339(*view.held_until);
  return out;
}

Json decision_json(const ports::DecisionRecord& d) {
  return Json{{"time", format_rfc3339_ms(d.time)},
              {"seen", format_rfc3339_ms(std::max(d.seen, d.time))},
              {"policy", d.policy},
              {"stack", d.stack},
              {"action", d.action},
              {"from", d.from},
              {"to", d.to},
              {"confidence", d.confidence},
              {"advisor", d.advisor},
              {"reason", d.reason},
              {"message", d.message}};
}

Json detail_json(const ports::DecisionRecord& record) {
  Json out = Json::parse(record.detail, nullptr, /*allow_exceptions=*/false);
  return out.is_object() ? out : Json::object();
}

Json operation_json(const ports::OperationRecord& o, const ports::OperationProgress* live) {
  using ports::Phase;
  const bool running = !ports::finished(o.phase);
  Json out{{"id", o.id},
           {"stack", o.stack},
           {"requestedBy", o.requested_by},
           {"state", running ? std::string("running") : std::string(ports::to_string(o.phase))},
           {"progress", live != nullptr ? live->progress : std::string()},
           {"from", o.from},
           {"to", o.to},
           {"reason", o.reason},
           {"message", o.message},
           {"started", format_rfc3339_ms(o.started)},
           {"ended", o.ended ? Json(format_rfc3339_ms(*o.ended)) : Json(nullptr)},
           {"countAfter", or_null(o.count_after)},
           {"planSummary", o.plan_summary},
           {"planSeconds", static_cast<double>(o.plan_ms) / 1000},
           {"applySeconds", static_cast<double>(o.apply_ms) / 1000},
           {"outcomeReason", o.outcome_reason},
           {"outcome", o.outcome}};
  if (running)
    out["phase"] = live != nullptr ? live->phase : std::string(o.phase == Phase::applying ? "Applying" : "Planning");
  return out;
}

Json stack_json(const StackView& view, const std::optional<policy::PolicyKey>& key) {
  return Json{{"id", view.id},
              {"active", view.active},
              {"count", or_null(view.count)},
              {"workspace", view.workspace},
              {"template", view.template_},
              {"last_scaled_at", view.last_scaled_at.empty() ? Json(nullptr) : Json(view.last_scaled_at)},
              {"last_scale_reason", view.last_scale_reason},
              {"policy", key ? Json(key->str()) : Json(nullptr)},
              {"problem", view.problem}};
}

Json pause_json(const PauseView& view) {
  return Json{{"paused", view.paused},
              {"by", view.by},
              {"reason", view.reason},
              {"since", time_json(view.since)},
              {"sentence", view.sentence}};
}

Json change_json(const std::string& stack, const ChangeView& change) {
  static constexpr std::string_view kStatus[] = {"running", "done", "unchanged"};
  const bool known = !change.operation.empty();
  return Json{{"stack_id", stack},
              {"status", kStatus[static_cast<std::size_t>(change.status)]},
              {"old_count", change.from},
              {"new_count", change.to},
              {"operation_id", known ? Json(change.operation) : Json(nullptr)},
              {"operation_url", known ? Json("/api/v1/operations/" + change.operation) : Json(nullptr)},
              {"message", change.message},
              {"warning", change.warning},
              {"held_seconds", std::chrono::floor<std::chrono::seconds>(change.hold).count()}};
}

Json recommendation_json(const std::string& stack, const RecommendationView& view) {
  const ports::DecisionRecord& d = view.decision;
  return Json{{"stack_id", stack},       {"policy", view.policy.empty() ? Json(nullptr) : Json(view.policy)},
              {"action", d.action},      {"current_count", d.from},
              {"target_count", d.to},    {"confidence", d.confidence},
              {"advisor", d.advisor},    {"reason", d.reason},
              {"message", d.message},    {"would_act", d.action != "no_change" && d.confidence >= view.threshold},
              {"detail", detail_json(d)}};
}

}  // namespace stackscaler::api::detail
