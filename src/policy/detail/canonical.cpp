// SPDX-License-Identifier: Apache-2.0
//
// The canonical text of a spec. What is absent leaves no line where a field was added later: policies without it keep
// their digest.
#include <fmt/core.h>

#include "policy/detail/decode.hpp"

namespace stackscaler::policy::detail {
namespace {

void line(std::string& out, std::string_view name, std::string_view value) {
  out += fmt::format("{}={}:{}\n", name, value.size(), value);  // the length keeps values from running into each other
}
void line(std::string& out, std::string_view name, Duration value) {
  line(out, name, fmt::format("{}", value.count()));
}
void line(std::string& out, std::string_view name, const Step& value) {
  line(out, name, fmt::format("{}{}", value.value, value.percent ? "%" : ""));
}
void line(std::string& out, std::string_view name, double value) {
  line(out, name, fmt::format("{}", value));  // the shortest text that reads back as the same number
}
void flag(std::string& out, std::string_view name, bool value) {
  line(out, name, value ? std::string_view("true") : std::string_view("false"));
}

std::string_view preset_name(Preset preset) {
  switch (preset) {
    case Preset::none: return "none";
    case Preset::cpu: return "cpu";
    case Preset::memory: return "memory";
    case Preset::instances: return "instances";
  }
  return "none";
}

// An absent one leaves no line.
void secret_line(std::string& out, std::string_view name, const SecretRef& secret) {
  if (!secret.empty()) line(out, name, secret.name + "/" + secret.key);
}

void hook_lines(std::string& out, std::string_view name, const std::optional<Hook>& hook) {
  if (!hook) return;
  line(out, name, hook->webhook);
  for (const std::string& word : hook->command) line(out, "command", word);
  line(out, "timeout", hook->timeout);
}

void rules_lines(std::string& out, std::string_view direction, const ScaleRules& rules) {
  line(out, "direction", direction);
  line(out, "cooldown", rules.cooldown);
  line(out, "maxStep", rules.max_step);
  line(out, "tolerance", rules.tolerance);
  line(out, "stabilizationWindow", rules.stabilization_window);
  line(out, "selectPolicy", fmt::format("{}", static_cast<int>(rules.select_policy)));
  for (const RatePolicy& rate : rules.policies) {
    line(out, "policy", fmt::format("{}{}", rate.value, rate.percent ? "%" : ""));
    line(out, "period", rate.period);
  }
}

// Absent sources leave no line: policies without one keep their digest. Of secrets only the files' paths are in it.
void source_lines(std::string& out, const Source& source) {
  line(out, "source.type", source.type == SourceType::loki ? std::string_view("loki") : std::string_view("prometheus"));
  line(out, "source.url", source.url);
  line(out, "source.tenant", source.tenant);
  line(out, "source.auth.bearer.file", source.bearer_file);
  secret_line(out, "source.auth.bearer.secretRef", source.bearer_secret);
  line(out, "source.auth.basic.username", source.basic_user);
  line(out, "source.auth.basic.passwordFile", source.basic_password_file);
  secret_line(out, "source.auth.basic.passwordSecretRef", source.basic_password_secret);
  line(out, "source.tls.ca", source.ca_file);
  line(out, "source.tls.cert", source.certificate_file);
  line(out, "source.tls.key", source.key_file);
  line(out, "source.tls.serverName", source.server_name);
}

void advisor_lines(std::string& out, const Advisor& advisor) {
  static const Advisor kDefault;
  line(out, "advisor.type", to_string(advisor.type));
  line(out, "advisor.confidenceThreshold", advisor.confidence_threshold);
  if (advisor.authority == Authority::full) line(out, "advisor.authority", std::string_view("full"));
  if (!advisor.apply) flag(out, "advisor.apply", false);
  if (advisor.consult == Consult::on_pressure) line(out, "advisor.consult", std::string_view("onPressure"));
  if (advisor.consult == Consult::every) line(out, "advisor.consult", advisor.consult_every);
  line(out, "advisor.model", advisor.model);
  line(out, "advisor.baseURL", advisor.base_url);
  line(out, "advisor.apiKey.env", advisor.key_env);
  line(out, "advisor.apiKey.file", advisor.key_file);
  secret_line(out, "advisor.apiKey.secretRef", advisor.key_secret);
  if (advisor.timeout != kDefault.timeout) line(out, "advisor.timeout", advisor.timeout);
  if (advisor.fallback != kDefault.fallback) line(out, "advisor.fallback", to_string(advisor.fallback));
  if (advisor.forecast == kDefault.forecast) return;
  line(out, "advisor.forecast.risk", advisor.forecast.risk);
  if (advisor.forecast.look_ahead) line(out, "advisor.forecast.lookAhead", *advisor.forecast.look_ahead);
  line(out, "advisor.forecast.history", advisor.forecast.history);
}

void schedule_lines(std::string& out, const Schedule& schedule) {
  line(out, "schedule", schedule.name);
  line(out, "schedule.start", schedule.start.text());
  line(out, "schedule.duration", schedule.duration);
  line(out, "schedule.timeZone", schedule.time_zone);
  if (schedule.min) line(out, "schedule.bounds.min", fmt::format("{}", *schedule.min));
  if (schedule.max) line(out, "schedule.bounds.max", fmt::format("{}", *schedule.max));
  if (schedule.freeze) flag(out, "schedule.freeze", true);
  if (schedule.suspend) flag(out, "schedule.suspend", true);
}

void metric_lines(std::string& out, const Metric& metric) {
  line(out, "metric", metric.name);
  line(out, "preset", preset_name(metric.preset));
  line(out, "query", metric.query);
  line(out, "freshness", metric.freshness);
  line(out, "maxAge", metric.max_age);
  if (metric.coverage) {
    line(out, "coverage.query", metric.coverage->query);
    line(out, "coverage.atLeast", fmt::format("{}", metric.coverage->at_least));
  }
  if (metric.target) {
    line(out, "target.type", fmt::format("{}", static_cast<int>(metric.target->type)));
    line(out, "target.value", metric.target->value);
  }
  if (metric.desired) flag(out, "desired", true);
  if (metric.source) source_lines(out, *metric.source);
  if (!metric.threshold) return;
  line(out, "threshold.scaleUp", metric.threshold->scale_up);
  line(out, "threshold.scaleDown", metric.threshold->scale_down);
  line(out, "threshold.step", metric.threshold->step);
}

}  // namespace

std::string canonical_text(const Spec& spec) {
  std::string out = "ScalingPolicy v1alpha1\n";
  line(out, "stack.id", spec.stack.id);
  line(out, "stack.path", spec.stack.path);
  line(out, "stack.variable", spec.stack.variable);
  line(out, "stack.template", spec.stack.template_file);
  line(out, "stack.resource", spec.stack.resource);
  for (const std::string& address : spec.stack.dependents) line(out, "stack.dependent", address);
  for (const AllowedUpdate& update : spec.stack.allow_updates) {
    line(out, "stack.allowUpdate", update.address);
    for (const std::string& attribute : update.attributes) line(out, "stack.allowUpdate.attribute", attribute);
  }
  flag(out, "stack.allowDataLoss", spec.stack.allow_data_loss);
  line(out, "stack.workspace", spec.stack.workspace);
  for (const std::string& file : spec.stack.var_files) line(out, "stack.varFile", file);
  for (const std::string& setting : spec.stack.backend_config) line(out, "stack.backendConfig", setting);
  for (const EnvVariable& variable : spec.stack.env) {
    line(out, "stack.env", variable.name);
    line(out, "stack.env.value", variable.value);
    line(out, "stack.env.file", variable.file);
    secret_line(out, "stack.env.secretRef", variable.secret);
  }
  hook_lines(out, "stack.hooks.preScaleIn", spec.stack.pre_scale_in);
  hook_lines(out, "stack.hooks.postScaleOut", spec.stack.post_scale_out);
  flag(out, "stack.releaseStaleLock", spec.stack.release_stale_lock);
  line(out, "stack.stateRefresh", spec.stack.state_refresh);
  line(out, "stack.planCheck", spec.stack.plan_check);
  line(out, "bounds.min", fmt::format("{}", spec.bounds.min));
  line(out, "bounds.max", fmt::format("{}", spec.bounds.max));
  line(out, "interval", spec.interval);
  for (const Metric& metric : spec.metrics) metric_lines(out, metric);
  advisor_lines(out, spec.advisor);
  rules_lines(out, "scaleUp", spec.behavior.scale_up);
  rules_lines(out, "scaleDown", spec.behavior.scale_down);
  flag(out, "enforceMax.immediate", spec.behavior.enforce_max == EnforceMax::immediate);
  line(out, "warmup", spec.behavior.warmup ? fmt::format("{}", spec.behavior.warmup->count()) : std::string("auto"));
  line(out, "onMissing",
       spec.on_missing_instances ? fmt::format("{}", *spec.on_missing_instances) : std::string("hold"));
  for (const Schedule& schedule : spec.schedules) schedule_lines(out, schedule);
  flag(out, "dryRun", spec.dry_run);
  flag(out, "suspend", spec.suspend);
  return out;
}

}  // namespace stackscaler::policy::detail
