// SPDX-License-Identifier: Apache-2.0
#include "cluster/events.hpp"

#include <utility>

#include "cluster/resource.hpp"

namespace stackscaler::cluster {

void ClusterEvents::tell(const policy::ScalingPolicy& policy, ports::Happening happening) {
  if (policy.cluster) record(policy.key, *policy.cluster, std::move(happening));
}

void ClusterEvents::refused(const policy::PolicyKey& key, const policy::ClusterFacts& facts, const std::string& reason,
                            const std::string& problem) {
  record(key, facts, ports::Happening{true, reason, "Validate", problem});
}

void ClusterEvents::record(const policy::PolicyKey& key, const policy::ClusterFacts& facts,
                           ports::Happening happening) {
  kube::EventDraft draft;
  draft.regarding.api_version = kApiVersion;
  draft.regarding.kind = kKind;
  draft.regarding.namespace_ = key.namespace_;
  draft.regarding.name = key.name;
  draft.regarding.uid = facts.uid;
  draft.regarding.resource_version = facts.resource_version;
  draft.type = happening.warning ? kube::EventType::warning : kube::EventType::normal;
  draft.reason = std::move(happening.reason);
  draft.action = std::move(happening.action);
  draft.note = std::move(happening.note);
  recorder_.record(std::move(draft));
}

}  // namespace stackscaler::cluster
