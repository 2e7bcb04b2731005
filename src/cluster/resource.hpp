// SPDX-License-Identifier: Apache-2.0
//
// The custom resource's names, as crd/ has them.
#pragma once

#include <string>
#include <string_view>

#include "kube/resource.hpp"

namespace stackscaler::cluster {

inline constexpr std::string_view kApiVersion = "stackscaler.dev/v1alpha1";
inline constexpr std::string_view kKind = "ScalingPolicy";
// On a policy it stops that policy, on the ConfigMap of --pause-configmap everything. Its value says why.
inline constexpr std::string_view kPauseAnnotation = "stackscaler.dev/pause";
inline constexpr std::string_view kFieldManager = "stackscaler";

[[nodiscard]] inline kube::Resource policies() {
  return {"stackscaler.dev", "v1alpha1", "scalingpolicies"};
}

}  // namespace stackscaler::cluster
