// SPDX-License-Identifier: Apache-2.0
//
// ClusterFacts: what a custom resource says of a policy beside its spec. A policy of a file has none.
//
// Plain data, as the object was when it was read; the status is the one that Stackscaler wrote there, perhaps another
// replica: it carries history over a change of the leader, whose journal is its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "policy/status.hpp"

namespace stackscaler::policy {

struct ClusterFacts {
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  WallTime created{};
  std::string paused;            // the annotation stackscaler.dev/pause, as one sentence; "": not paused
  std::optional<Status> status;  // absent: never written, or nothing that can be read
};

}  // namespace stackscaler::policy
