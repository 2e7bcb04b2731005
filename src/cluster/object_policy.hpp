// SPDX-License-Identifier: Apache-2.0
//
// From a custom resource to a policy: the same parser as for files, then the operator's grants.
//
// The policy's stack is "<namespace>/<spec.stack.id>": a folder of that name under the stacks root. What it is not: the
// resolving of secrets (cluster/secret_files.hpp). Any bytes; pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "kube/resource.hpp"
#include "policy/grants.hpp"
#include "policy/parse.hpp"

namespace stackscaler::cluster {

struct ObjectPolicy {
  std::optional<policy::ScalingPolicy> policy;  // absent: `reason` and `problem` say why
  std::string reason;                           // InvalidSpec or NotGranted
  std::string problem;                          // every problem, joined
  policy::ClusterFacts facts;                   // also of one that is refused
};

[[nodiscard]] ObjectPolicy read_object(const kube::Object& object, const policy::Defaults& defaults,
                                       const policy::Grants& grants);

}  // namespace stackscaler::cluster
