// SPDX-License-Identifier: Apache-2.0
//
// ClusterEvents: what happens to a policy as Events of its resource, for `kubectl describe` and `kubectl events`.
//
// Threads: the loop's. Lifetime: the recorder must outlive it. A policy that is of no resource is not told of.
#pragma once

#include "kube/events.hpp"
#include "ports/event_sink.hpp"

namespace stackscaler::cluster {

class ClusterEvents final : public ports::EventSink {
 public:
  explicit ClusterEvents(kube::EventRecorder& recorder) : recorder_(recorder) {}
  void tell(const policy::ScalingPolicy& policy, ports::Happening happening) override;
  // Of a resource that is refused, which is no policy.
  void refused(const policy::PolicyKey& key, const policy::ClusterFacts& facts, const std::string& reason,
               const std::string& problem);

 private:
  void record(const policy::PolicyKey& key, const policy::ClusterFacts& facts, ports::Happening happening);
  kube::EventRecorder& recorder_;
};

}  // namespace stackscaler::cluster
