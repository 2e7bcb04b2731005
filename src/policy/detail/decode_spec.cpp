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

Target decode_target(Fields& f) {
  Target out;
  static constexpr std::array<std::pair<std::string_view, TargetType>, 3> kTypes{
      {{"Value", TargetType::value},
       {"PerInstance", TargetType::per_instance},
       {"Utilization", TargetType::utilization}}};
  read_word(f, "type", kTypes, out.type);
  if (!f.has("type")) f.missing("type", "is missing; it is Value, PerInstance or Utilization");
  if (!f.has("value")) f.missing("value", "is missing");
  if (const Found at = read_quantity(f, "value", out.value); at && !(out.value > 0)) {
    f.problem(*at, "value", "must be above 0");
  }
  f.finish();
  return out;
}

void read_preset(Fields& f, Preset& out) {
  static constexpr std::array<std::pair<std::string_view, Preset>, 3> kPresets{
      {{"cpu", Preset::cpu}, {"memory", Preset::memory}, {"instances", Preset::instances}}};
  read_word(f, "preset", kPresets, out);
}

void read_query(Fields& f, std::string_view name, std::string& out) {
  const Found at = read_string(f, name, "a PromQL expression", out);
  if (!at) return;
  if (out.find_first_not_of(" \t\r\n") == std::string::npos) f.problem(*at, name, "must not be empty");
  if (!is_clean_text(out)) f.problem(*at, name, "must not hold control characters");
  if (out.size() > kMaxQueryBytes) {
    f.problem(*at, name, fmt::format("has {} bytes; at most {} are allowed", out.size(), kMaxQueryBytes));
  }
}

Coverage decode_coverage(Fields& f) {
  Coverage out;
  read_query(f, "query", out.query);
  read_int(f, "atLeast", 1, kMaxInstances, out.at_least);
  if (!f.has("query")) f.missing("query", "is missing; it counts what the metric rests on");
  if (!f.has("atLeast")) f.missing("atLeast", "is missing; fewer than that and the metric counts as missing");
  f.finish();
  return out;
}

Metric decode_metric(Fields& f, const Where& where) {
  Metric out;
  read_checked(f, "name", "lower-case letters, digits, '-' and '_', at most 63", is_metric_name, out.name);
  if (!f.has("name")) f.missing("name", "is missing");
  read_preset(f, out.preset);
  read_query(f, "query", out.query);
  read_query(f, "freshness", out.freshness);
  read_duration(f, "maxAge", 1s, 1h, out.max_age);
  if (auto coverage = read_mapping(f, "coverage")) out.coverage = decode_coverage(*coverage);
  if (auto threshold = read_mapping(f, "threshold")) out.threshold = decode_threshold(*threshold);
  if (auto target = read_mapping(f, "target")) out.target = decode_target(*target);
  if (auto desired = read_mapping(f, "desired")) {
    desired->finish();
    out.desired = true;
  }
  if (auto source = read_mapping(f, "source")) out.source = decode_source(*source, where);
  if (out.preset != Preset::none && out.source && out.source->type == SourceType::loki) {
    f.problem(f.get("preset")->at, "preset", "is made of PromQL and can't be asked of loki; write a query");
  }
  if (!f.has("preset") && !f.has("query")) {
    f.problems().add(f.at(),
                     fmt::format("{} is missing; give it, or a preset (cpu, memory, instances)", f.path("query")));
  }
  const int kinds = (f.has("threshold") ? 1 : 0) + (f.has("target") ? 1 : 0) + (f.has("desired") ? 1 : 0);
  if (kinds == 0 && out.preset != Preset::instances) {
    f.missing("threshold", "is missing (or target, or desired); only the preset 'instances' goes without");
  } else if (kinds > 1) {
    f.problems().add(f.at(), f.path("threshold") + ", target and desired exclude one another; exactly one is allowed");
  }
  f.finish();
  return out;
}

std::vector<Metric> decode_metrics(Fields& spec, const Where& where) {
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
    out.push_back(decode_metric(fields, where));
    if (out.back().name.empty()) continue;
    if (const auto [first, fresh] = seen.emplace(out.back().name, i); !fresh) {
      spec.problems().add(find(item, "name")->at, fmt::format("{}.name '{}' is the name of spec.metrics[{}] too", path,
                                                              out.back().name, first->second));
    }
  }
  return out;
}

}  // namespace

Spec decode_spec(Fields& f, const Where& where, const Defaults& defaults) {
  Spec out;
  out.bounds = defaults.bounds;
  out.interval = defaults.interval;
  out.advisor.confidence_threshold = defaults.confidence_threshold;

  if (auto stack = read_mapping(f, "stack")) out.stack = decode_stack(*stack, where);
  if (!f.has("stack")) f.missing("stack", "is missing; it says which Terraform stack is scaled");
  if (auto bounds = read_mapping(f, "bounds")) out.bounds = decode_bounds(*bounds, defaults.bounds);
  read_duration(f, "interval", 1s, 24h, out.interval);
  out.metrics = decode_metrics(f, where);
  if (auto advisor = read_mapping(f, "advisor")) out.advisor = decode_advisor(*advisor, where, out.advisor);
  if (auto behavior = read_mapping(f, "behavior")) out.behavior = decode_behavior(*behavior);
  out.schedules = decode_schedules(f, out.bounds);
  if (auto missing = read_on_missing(f)) out.on_missing_instances = *missing;
  read_bool(f, "dryRun", out.dry_run);
  read_bool(f, "suspend", out.suspend);
  f.finish();
  return out;
}

}  // namespace stackscaler::policy::detail
