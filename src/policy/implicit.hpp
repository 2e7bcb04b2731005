// SPDX-License-Identifier: Apache-2.0
//
// The policy of a stack that no document names: the environment's defaults, and the presets cpu and memory.
//
// Its namespace can't be that of a document, so that no written policy has its name. Pure; any thread.
#pragma once

#include <string>

#include "policy/types.hpp"

namespace stackscaler::policy {

inline constexpr std::string_view kImplicitNamespace = "_implicit";

[[nodiscard]] inline bool is_implicit(const PolicyKey& key) {
  return key.namespace_ == kImplicitNamespace;
}

// For the adopted stack `id`. Thresholds: CPU up above 75 and down below 30, memory up above 80 and down below 40, one
// instance a step.
[[nodiscard]] ScalingPolicy implicit_policy(const std::string& id, const std::string& workspace,
                                            const Defaults& defaults);

}  // namespace stackscaler::policy
