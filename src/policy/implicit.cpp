// SPDX-License-Identifier: Apache-2.0
#include "policy/implicit.hpp"

#include "base/digest.hpp"
#include "policy/detail/decode.hpp"

namespace stackscaler::policy {
namespace {

Metric preset(const char* name, Preset which, double up, double down) {
  Metric out;
  out.name = name;
  out.preset = which;
  out.threshold = Threshold{up, down, Step{1, false}};
  return out;
}

}  // namespace

ScalingPolicy implicit_policy(const std::string& id, const std::string& workspace, const Defaults& defaults) {
  ScalingPolicy out;
  out.key = {std::string(kImplicitNamespace), id};
  out.origin = "the defaults (no policy names the stack " + id + ")";
  out.spec.stack.id = id;
  out.spec.stack.workspace = workspace;
  out.spec.bounds = defaults.bounds;
  out.spec.interval = defaults.interval;
  out.spec.advisor.confidence_threshold = defaults.confidence_threshold;
  out.spec.metrics.push_back(preset("cpu", Preset::cpu, 75, 30));
  out.spec.metrics.push_back(preset("memory", Preset::memory, 80, 40));
  out.spec_digest = sha256_hex(detail::canonical_text(out.spec));
  return out;
}

}  // namespace stackscaler::policy
