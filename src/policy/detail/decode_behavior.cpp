// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "policy/detail/decode.hpp"
#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxPolicies = 8;

RatePolicy decode_rate(Fields& f) {
  RatePolicy out;
  static constexpr std::array<std::pair<std::string_view, bool>, 2> kTypes{{{"Instances", false}, {"Percent", true}}};
  read_word(f, "type", kTypes, out.percent);
  read_int(f, "value", 1, kMaxInstances, out.value);
  read_duration(f, "period", 1s, 30min, out.period);
  for (const std::string_view name : {"type", "value", "period"}) {
    if (!f.has(name)) f.missing(name, "is missing");
  }
  f.finish();
  return out;
}

void decode_rules(Fields& behavior, std::string_view name, ScaleRules& out, EnforceMax* enforce_max) {
  auto f = read_mapping(behavior, name);
  if (!f) return;
  read_duration(*f, "cooldown", 0s, 24h, out.cooldown);
  read_step(*f, "maxStep", out.max_step);
  read_duration(*f, "stabilizationWindow", 0s, 1h, out.stabilization_window);
  double tolerance = out.tolerance;
  if (const Found at = read_number(*f, "tolerance", tolerance)) {
    if (tolerance < 0 || tolerance > 1) {
      f->problem(*at, "tolerance", fmt::format("must be from 0 to 1, got {}", tolerance));
    } else {
      out.tolerance = tolerance;
    }
  }
  static constexpr std::array<std::pair<std::string_view, SelectPolicy>, 3> kSelect{
      {{"Max", SelectPolicy::max}, {"Min", SelectPolicy::min}, {"Disabled", SelectPolicy::disabled}}};
  read_word(*f, "selectPolicy", kSelect, out.select_policy);
  read_mappings(*f, "policies", kMaxPolicies, [&](Fields& entry) { out.policies.push_back(decode_rate(entry)); });
  if (enforce_max != nullptr) {
    static constexpr std::array<std::pair<std::string_view, EnforceMax>, 2> kEnforce{
        {{"gradual", EnforceMax::gradual}, {"immediate", EnforceMax::immediate}}};
    read_word(*f, "enforceMax", kEnforce, *enforce_max);
  }
  f->finish();
}

// "auto", or a duration.
void read_warmup(Fields& f, std::optional<Duration>& out) {
  const Node* node = f.get("warmup");
  if (node == nullptr || (node->kind == Node::Kind::scalar && node->text == "auto")) return;
  Duration warmup{};
  if (read_duration(f, "warmup", 0s, 1h, warmup)) out = warmup;
}

}  // namespace

Behavior decode_behavior(Fields& f) {
  Behavior out;
  decode_rules(f, "scaleUp", out.scale_up, nullptr);
  decode_rules(f, "scaleDown", out.scale_down, &out.enforce_max);
  read_warmup(f, out.warmup);
  f.finish();
  return out;
}

std::optional<std::optional<int>> read_on_missing(Fields& spec) {
  const Node* node = spec.get("onMissingMetrics");
  if (node == nullptr) return std::nullopt;
  if (node->kind == Node::Kind::scalar) {
    if (node->text == "hold") return std::optional<int>();
    spec.problem(node->at, "onMissingMetrics", "must be hold or { instances: N }, got " + describe(*node));
    return std::nullopt;
  }
  auto f = read_mapping(spec, "onMissingMetrics");
  if (!f) return std::nullopt;
  int instances = 0;
  if (!f->has("instances")) f->missing("instances", "is missing");
  const Found at = read_int(*f, "instances", 0, kMaxInstances, instances);
  f->finish();
  return at ? std::optional<std::optional<int>>(instances) : std::nullopt;
}

}  // namespace stackscaler::policy::detail
