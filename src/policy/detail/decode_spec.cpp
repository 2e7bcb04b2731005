// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <array>
#include <map>

#include "policy/detail/decode.hpp"
#include "policy/detail/names.hpp"
#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxQueryBytes = 8192;
constexpr std::size_t kMaxMetrics = 16;
constexpr std::size_t kMaxListed = 64;  // dependents, varFiles

// A string that must also pass `accepts`; `want` says what would be right.
void read_checked(Fields& f, std::string_view name, std::string_view want, bool (*accepts)(std::string_view),
                  std::string& out) {
  std::string text;
  const Found at = read_string(f, name, want, text);
  if (!at) return;
  if (!accepts(text)) {
    f.problem(*at, name, fmt::format("must be {}, got \"{}\"", want, shorten(text, 60)));
    return;
  }
  out = std::move(text);
}

void read_strings(Fields& f, std::string_view name, std::string_view want, bool (*accepts)(std::string_view),
                  std::vector<std::string>& out) {
  const Node* list = read_list(f, name);
  if (list == nullptr) return;
  if (list->items.size() > kMaxListed) {
    f.problem(list->at, name, fmt::format("has {} entries; at most {} are allowed", list->items.size(), kMaxListed));
    return;
  }
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = *list->items[i];
    const std::string path = fmt::format("{}[{}]", f.path(name), i);
    if (!string_value(item, path, want, f.problems())) continue;
    if (!accepts(item.text)) {
      f.problems().add(item.at, fmt::format("{} must be {}, got \"{}\"", path, want, shorten(item.text, 60)));
    } else if (const auto [first, fresh] = seen.emplace(item.text, i); !fresh) {
      f.problems().add(item.at, fmt::format("{} is the same as {}[{}]", path, f.path(name), first->second));
    } else {
      out.push_back(item.text);
    }
  }
}

void read_stack_path(Fields& f, const std::filesystem::path& folder, std::string& out) {
  std::string text;
  const Found at = read_string(f, "path", "the path of a Terraform root module", text);
  if (!at) return;
  if (!is_path(text)) {
    f.problem(*at, "path", "must be the path of a Terraform root module");
  } else if (text.starts_with('~')) {
    f.problem(*at, "path", "must not start with ~, which only shells expand; write the folder out");
  } else {
    std::filesystem::path path = (folder / text).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "../stacks/web/" is "../stacks/web"
    out = path.string();
  }
}

StackRef decode_stack(Fields& f, const std::filesystem::path& folder) {
  StackRef out;
  read_checked(f, "id", "a folder's name: letters, digits, '.', '_' and '-', at most 63, no '..'", is_stack_id, out.id);
  read_stack_path(f, folder, out.path);
  if (f.has("id") && f.has("path")) {
    f.problems().add(f.at(), "spec.stack has both id and path; exactly one is allowed");
  } else if (!f.has("id") && !f.has("path")) {
    f.problems().add(f.at(), "spec.stack must have id (a folder under the stacks root) or path");
  }
  std::string variable;
  constexpr std::string_view kVariable = "the name of a Terraform variable";
  if (const Found at = read_string(f, "variable", kVariable, variable)) {
    if (!is_terraform_name(variable)) {
      f.problem(*at, "variable", fmt::format("must be {}, got \"{}\"", kVariable, shorten(variable, 60)));
    } else if (is_reserved_variable(variable)) {
      f.problem(*at, "variable", fmt::format("must not be '{}', which Terraform reserves", variable));
    } else {
      out.variable = variable;
    }
  }
  constexpr std::string_view kAddress = "a resource's address without an index, such as aws_instance.app";
  read_checked(f, "resource", kAddress, is_resource_address, out.resource);
  read_strings(f, "dependents", kAddress, is_resource_address, out.dependents);
  read_bool(f, "allowDataLoss", out.allow_data_loss);
  read_checked(f, "workspace", "a Terraform workspace: letters, digits, '.', '_', '~' and '-', at most 90",
               is_workspace, out.workspace);
  read_strings(f, "varFiles", "a file's path, relative to the stack or absolute", is_path, out.var_files);
  read_duration(f, "stateRefresh", 1s, 24h, out.state_refresh);
  f.unsupported({"template", "allowUpdates", "backendConfig", "env", "hooks", "planCheck"});
  f.finish();
  return out;
}

Bounds decode_bounds(Fields& f, const Bounds& defaults) {
  Bounds out = defaults;
  const Found min = read_int(f, "min", 0, kMaxInstances, out.min);
  const Found max = read_int(f, "max", 1, kMaxInstances, out.max);
  if ((min || max) && out.min > out.max) {
    f.problem(min ? *min : *max, "min",
              fmt::format("({}{}) is above spec.bounds.max ({}{})", out.min, min ? "" : ", the default", out.max,
                          max ? "" : ", the default"));
  }
  f.finish();
  return out;
}

Threshold decode_threshold(Fields& f) {
  Threshold out;
  const Found up = read_number(f, "scaleUp", out.scale_up);
  const Found down = read_number(f, "scaleDown", out.scale_down);
  for (const std::string_view name : {"scaleUp", "scaleDown"}) {
    if (!f.has(name)) f.missing(name, "is missing");
  }
  if (up && down && !(out.scale_down < out.scale_up)) {
    f.problem(*down, "scaleDown",
              fmt::format("({}) must be below {} ({})", out.scale_down, f.path("scaleUp"), out.scale_up));
  }
  read_step(f, "step", out.step);
  f.finish();
  return out;
}

void read_preset(Fields& f, Preset& out) {
  static constexpr std::array<std::pair<std::string_view, Preset>, 3> kPresets{
      {{"cpu", Preset::cpu}, {"memory", Preset::memory}, {"instances", Preset::instances}}};
  std::string text;
  const Found at = read_string(f, "preset", "cpu, memory or instances", text);
  if (!at) return;
  for (const auto& [name, preset] : kPresets) {
    if (name == text) {
      out = preset;
      return;
    }
  }
  f.problem(*at, "preset", fmt::format("must be cpu, memory or instances, got \"{}\"", shorten(text, 60)));
}

void read_query(Fields& f, std::string_view name, std::string& out) {
  const Found at = read_string(f, name, "a PromQL expression", out);
  if (!at) return;
  if (out.find_first_not_of(" \t\r\n") == std::string::npos) f.problem(*at, name, "must not be empty");
  if (out.size() > kMaxQueryBytes) {
    f.problem(*at, name, fmt::format("has {} bytes; at most {} are allowed", out.size(), kMaxQueryBytes));
  }
}

Metric decode_metric(Fields& f) {
  Metric out;
  read_checked(f, "name", "lower-case letters, digits, '-' and '_', at most 63", is_metric_name, out.name);
  if (!f.has("name")) f.missing("name", "is missing");
  read_preset(f, out.preset);
  read_query(f, "query", out.query);
  read_query(f, "freshness", out.freshness);
  read_duration(f, "maxAge", 1s, 1h, out.max_age);
  if (auto threshold = read_mapping(f, "threshold")) out.threshold = decode_threshold(*threshold);
  const bool later = f.has("target") || f.has("desired") || f.has("source");
  if (!f.has("preset") && !f.has("query")) {
    f.problems().add(f.at(),
                     fmt::format("{} is missing; give it, or a preset (cpu, memory, instances)", f.path("query")));
  }
  if (!f.has("threshold") && out.preset != Preset::instances && !later) {
    f.missing("threshold", "is missing; only the preset 'instances' goes without");
  }
  f.unsupported({"source", "target", "desired"});
  f.finish();
  return out;
}

std::vector<Metric> decode_metrics(Fields& spec) {
  std::vector<Metric> out;
  const Node* list = read_list(spec, "metrics");
  if (!spec.has("metrics")) spec.missing("metrics", "is missing; a policy has 1 to 16 metrics");
  if (list == nullptr) return out;
  if (list->items.empty() || list->items.size() > kMaxMetrics) {
    spec.problem(list->at, "metrics",
                 fmt::format("must have 1 to {} entries, has {}", kMaxMetrics, list->items.size()));
    return out;
  }
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = *list->items[i];
    const std::string path = fmt::format("spec.metrics[{}]", i);
    if (item.kind != Node::Kind::mapping) {
      spec.problems().add(item.at, fmt::format("{} must be a mapping, got {}", path, describe(item)));
      continue;
    }
    Fields fields(item, path, spec.problems());
    out.push_back(decode_metric(fields));
    if (out.back().name.empty()) continue;
    if (const auto [first, fresh] = seen.emplace(out.back().name, i); !fresh) {
      spec.problems().add(find(item, "name")->at, fmt::format("{}.name '{}' is the name of spec.metrics[{}] too", path,
                                                              out.back().name, first->second));
    }
  }
  return out;
}

Advisor decode_advisor(Fields& f, Advisor out) {
  std::string type;
  if (const Found at = read_string(f, "type", "rules", type)) {
    if (type == "forecast" || type == "gemini" || type == "openai") {
      f.problem(*at, "type", fmt::format("'{}' is not supported by this version; only rules is", type));
    } else if (type != "rules") {
      f.problem(*at, "type", fmt::format("must be rules, got \"{}\"", shorten(type, 60)));
    }
  }
  double confidence = out.confidence_threshold;
  if (const Found at = read_number(f, "confidenceThreshold", confidence)) {
    if (confidence < 0 || confidence > 1) {
      f.problem(*at, "confidenceThreshold", fmt::format("must be from 0 to 1, got {}", confidence));
    } else {
      out.confidence_threshold = confidence;
    }
  }
  f.unsupported({"authority", "apply", "consult", "model", "baseURL", "apiKey", "timeout", "fallback", "forecast"});
  f.finish();
  return out;
}

void decode_rules(Fields& behavior, std::string_view name, bool down, ScaleRules& out) {
  auto f = read_mapping(behavior, name);
  if (!f) return;
  read_duration(*f, "cooldown", 0s, 24h, out.cooldown);
  read_step(*f, "maxStep", out.max_step);
  f->unsupported({"tolerance", "stabilizationWindow", "selectPolicy", "policies"});
  if (down) f->unsupported({"enforceMax"});
  f->finish();
}

}  // namespace

Spec decode_spec(Fields& f, const std::filesystem::path& folder, const Defaults& defaults) {
  Spec out;
  out.bounds = defaults.bounds;
  out.interval = defaults.interval;
  out.advisor.confidence_threshold = defaults.confidence_threshold;

  if (auto stack = read_mapping(f, "stack")) out.stack = decode_stack(*stack, folder);
  if (!f.has("stack")) f.missing("stack", "is missing; it says which Terraform stack is scaled");
  if (auto bounds = read_mapping(f, "bounds")) out.bounds = decode_bounds(*bounds, defaults.bounds);
  read_duration(f, "interval", 1s, 24h, out.interval);
  out.metrics = decode_metrics(f);
  if (auto advisor = read_mapping(f, "advisor")) out.advisor = decode_advisor(*advisor, out.advisor);
  if (auto behavior = read_mapping(f, "behavior")) {
    decode_rules(*behavior, "scaleUp", false, out.behavior.scale_up);
    decode_rules(*behavior, "scaleDown", true, out.behavior.scale_down);
    behavior->unsupported({"warmup"});
    behavior->finish();
  }
  read_bool(f, "dryRun", out.dry_run);
  read_bool(f, "suspend", out.suspend);
  f.unsupported({"schedules", "onMissingMetrics"});
  f.finish();
  return out;
}

}  // namespace stackscaler::policy::detail
