// SPDX-License-Identifier: Apache-2.0
#include "policy/detail/decode.hpp"

#include <fmt/core.h>

#include "base/digest.hpp"
#include "policy/detail/names.hpp"
#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

constexpr std::string_view kGroup = "stackscaler.dev";
constexpr std::string_view kApiVersion = "stackscaler.dev/v1alpha1";
constexpr std::string_view kKind = "ScalingPolicy";

void check_string_map(Fields& metadata, std::string_view name) {
  const Node* node = metadata.get(name);
  if (node == nullptr || node->kind == Node::Kind::null) return;
  if (node->kind != Node::Kind::mapping) {
    metadata.problem(node->at, name, "must be a mapping of strings, got " + describe(*node));
    return;
  }
  for (const Entry& entry : node->entries) {
    const std::string path = fmt::format("{}.{}", metadata.path(name), shorten(entry.key->text, 60));
    // Said or not said in string_value: that is all there is to do.
    static_cast<void>(string_value(*entry.value, path, "a string", metadata.problems()));
  }
}

PolicyKey decode_metadata(Fields& f) {
  PolicyKey out;
  if (!f.has("name")) f.missing("name", "is missing");
  constexpr std::string_view kName = "a DNS name: lower-case letters, digits, '-' and '.', at most 253";
  std::string text;
  if (const Found at = read_string(f, "name", kName, text)) {
    if (!is_dns_subdomain(text)) {
      f.problem(*at, "name", fmt::format("must be {}, got \"{}\"", kName, shorten(text, 60)));
    } else {
      out.name = text;
    }
  }
  constexpr std::string_view kNamespace = "a DNS label: lower-case letters, digits and '-', at most 63";
  if (const Found at = read_string(f, "namespace", kNamespace, text)) {
    if (!is_dns_label(text)) {
      f.problem(*at, "namespace", fmt::format("must be {}, got \"{}\"", kNamespace, shorten(text, 60)));
    } else {
      out.namespace_ = text;
    }
  }
  check_string_map(f, "labels");
  check_string_map(f, "annotations");
  // The rest of Kubernetes' ObjectMeta, as `kubectl get -o yaml` prints it: of no meaning in a file.
  for (const std::string_view name :
       {"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generateName",
        "generation", "managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid"}) {
    static_cast<void>(f.get(name));
  }
  f.finish();
  return out;
}

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
  line(out, "source.auth.basic.username", source.basic_user);
  line(out, "source.auth.basic.passwordFile", source.basic_password_file);
  line(out, "source.tls.ca", source.ca_file);
  line(out, "source.tls.cert", source.certificate_file);
  line(out, "source.tls.key", source.key_file);
  line(out, "source.tls.serverName", source.server_name);
}

void metric_lines(std::string& out, const Metric& metric) {
  line(out, "metric", metric.name);
  line(out, "preset", preset_name(metric.preset));
  line(out, "query", metric.query);
  line(out, "freshness", metric.freshness);
  line(out, "maxAge", metric.max_age);
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

DocumentKind classify(const Node& root, Problems& problems) {
  if (root.kind == Node::Kind::null) return DocumentKind::empty;
  if (root.kind != Node::Kind::mapping) {
    problems.add(root.at, "a policy must be a mapping, got " + describe(root));
    return DocumentKind::unusable;
  }
  Fields fields(root, "", problems);
  const std::string wanted_version(kApiVersion);
  const std::string wanted_kind(kKind);
  const std::size_t before = problems.size();
  std::string version;
  std::string kind;
  const Found version_at = read_string(fields, "apiVersion", wanted_version, version);
  const Found kind_at = read_string(fields, "kind", wanted_kind, kind);
  const std::string_view group = std::string_view(version).substr(0, version.find('/'));
  if (version_at && kind_at && group != kGroup) return DocumentKind::foreign;
  if (!fields.has("apiVersion")) fields.missing("apiVersion", "is missing; it must be " + wanted_version);
  if (!fields.has("kind")) fields.missing("kind", "is missing; it must be " + wanted_kind);
  if (version_at && version != kApiVersion) {
    fields.problem(*version_at, "apiVersion", fmt::format("must be {}, got \"{}\"", kApiVersion, shorten(version, 60)));
  }
  if (kind_at && kind != kKind) {
    fields.problem(*kind_at, "kind", fmt::format("must be {}, got \"{}\"", kKind, shorten(kind, 60)));
  }
  return problems.size() == before ? DocumentKind::policy : DocumentKind::unusable;
}

ScalingPolicy decode_policy(const Node& root, const std::filesystem::path& folder, const Defaults& defaults,
                            Problems& problems) {
  ScalingPolicy out;
  Fields fields(root, "", problems);
  static_cast<void>(fields.get("apiVersion"));
  static_cast<void>(fields.get("kind"));
  static_cast<void>(fields.get("status"));  // written by Stackscaler, never read as history
  if (auto metadata = read_mapping(fields, "metadata")) out.key = decode_metadata(*metadata);
  if (!fields.has("metadata")) fields.missing("metadata", "is missing; a policy needs metadata.name");
  if (auto spec = read_mapping(fields, "spec")) out.spec = decode_spec(*spec, folder, defaults);
  if (!fields.has("spec")) fields.missing("spec", "is missing");
  fields.finish();
  out.spec_digest = sha256_hex(canonical_text(out.spec));
  return out;
}

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
  line(out, "advisor.type", spec.advisor.type);
  line(out, "advisor.confidenceThreshold", spec.advisor.confidence_threshold);
  rules_lines(out, "scaleUp", spec.behavior.scale_up);
  rules_lines(out, "scaleDown", spec.behavior.scale_down);
  flag(out, "enforceMax.immediate", spec.behavior.enforce_max == EnforceMax::immediate);
  line(out, "warmup", spec.behavior.warmup ? fmt::format("{}", spec.behavior.warmup->count()) : std::string("auto"));
  line(out, "onMissing",
       spec.on_missing_instances ? fmt::format("{}", *spec.on_missing_instances) : std::string("hold"));
  flag(out, "dryRun", spec.dry_run);
  flag(out, "suspend", spec.suspend);
  return out;
}

}  // namespace stackscaler::policy::detail
