// SPDX-License-Identifier: Apache-2.0
//
// A spec as loaded, defaults filled in, under the document's names. Values that may be secrets (env, credentials in
// URLs) are left out or redacted.
#include "api/detail/json.hpp"

namespace stackscaler::api::detail {
namespace {

std::string step_text(const policy::Step& step) {
  return std::to_string(step.value) + (step.percent ? "%" : "");
}

std::string_view target_type(policy::TargetType type) {
  switch (type) {
    case policy::TargetType::value: return "Value";
    case policy::TargetType::per_instance: return "PerInstance";
    case policy::TargetType::utilization: return "Utilization";
  }
  return "Value";
}

Json rules_json(const policy::ScaleRules& rules) {
  Json policies = Json::array();
  for (const policy::RatePolicy& rate : rules.policies) {
    policies.push_back(Json{{"type", rate.percent ? "Percent" : "Instances"},
                            {"value", rate.value},
                            {"period", format_duration(rate.period)}});
  }
  static constexpr std::string_view kSelect[] = {"Max", "Min", "Disabled"};
  return Json{{"cooldown", format_duration(rules.cooldown)},
              {"maxStep", step_text(rules.max_step)},
              {"tolerance", rules.tolerance},
              {"stabilizationWindow", format_duration(rules.stabilization_window)},
              {"selectPolicy", kSelect[static_cast<std::size_t>(rules.select_policy)]},
              {"policies", std::move(policies)}};
}

Json stack_spec_json(const policy::StackRef& stack) {
  Json out = Json::object();
  if (!stack.id.empty()) out["id"] = stack.id;
  if (!stack.path.empty()) out["path"] = stack.path;
  if (stack.template_file.empty()) {
    out["variable"] = stack.variable;
  } else {
    out["template"] = stack.template_file;
  }
  if (!stack.resource.empty()) out["resource"] = stack.resource;
  out["dependents"] = stack.dependents;
  out["workspace"] = stack.workspace;
  Json env = Json::array();
  for (const policy::EnvVariable& variable : stack.env) env.push_back(variable.name);
  out["env"] = std::move(env);
  out["stateRefresh"] = format_duration(stack.state_refresh);
  out["planCheck"] = format_duration(stack.plan_check);
  return out;
}

Json metric_json(const policy::Metric& metric) {
  static constexpr std::string_view kPresets[] = {"", "cpu", "memory", "instances"};
  Json out = threshold_json(metric);
  if (metric.preset != policy::Preset::none) out["preset"] = kPresets[static_cast<std::size_t>(metric.preset)];
  if (!metric.query.empty()) out["query"] = metric.query;
  if (!metric.freshness.empty()) out["freshness"] = metric.freshness;
  out["maxAge"] = format_duration(metric.max_age);
  if (metric.threshold) out["step"] = step_text(metric.threshold->step);
  if (metric.source) out["source"] = metric.source->type == policy::SourceType::loki ? "loki" : "prometheus";
  return out;
}

Json schedule_json(const policy::Schedule& schedule) {
  Json out{{"name", schedule.name},
           {"start", schedule.start.text()},
           {"duration", format_duration(schedule.duration)},
           {"timeZone", schedule.time_zone},
           {"freeze", schedule.freeze},
           {"suspend", schedule.suspend}};
  if (schedule.min) out["min"] = *schedule.min;
  if (schedule.max) out["max"] = *schedule.max;
  return out;
}

}  // namespace

Json threshold_json(const policy::Metric& metric) {
  Json out{{"name", metric.name}, {"kind", "observed"}};
  if (metric.threshold) {
    out["kind"] = "threshold";
    out["scaleUp"] = metric.threshold->scale_up;
    out["scaleDown"] = metric.threshold->scale_down;
  } else if (metric.target) {
    out["kind"] = "target";
    out["target"] = metric.target->value;
    out["targetType"] = target_type(metric.target->type);
  } else if (metric.desired) {
    out["kind"] = "desired";
  }
  return out;
}

Json spec_json(const policy::Spec& spec) {
  Json metrics = Json::array();
  for (const policy::Metric& metric : spec.metrics) metrics.push_back(metric_json(metric));
  Json schedules = Json::array();
  for (const policy::Schedule& schedule : spec.schedules) schedules.push_back(schedule_json(schedule));
  const policy::Advisor& a = spec.advisor;
  Json out{{"stack", stack_spec_json(spec.stack)},
           {"bounds", bounds_json(spec.bounds)},
           {"interval", format_duration(spec.interval)},
           {"metrics", std::move(metrics)},
           {"advisor",
            {{"type", policy::to_string(a.type)},
             {"confidenceThreshold", a.confidence_threshold},
             {"authority", a.authority == policy::Authority::full ? "full" : "bounded"},
             {"apply", a.apply},
             {"fallback", policy::to_string(a.fallback)}}},
           {"behavior",
            {{"scaleUp", rules_json(spec.behavior.scale_up)}, {"scaleDown", rules_json(spec.behavior.scale_down)}}},
           {"schedules", std::move(schedules)},
           {"dryRun", spec.dry_run},
           {"suspend", spec.suspend}};
  if (!a.model.empty()) out["advisor"]["model"] = a.model;
  if (spec.on_missing_instances) out["onMissingMetrics"] = Json{{"instances", *spec.on_missing_instances}};
  return out;
}

}  // namespace stackscaler::api::detail
