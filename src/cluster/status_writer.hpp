// SPDX-License-Identifier: Apache-2.0
//
// ClusterStatusWriter: a policy's status into its resource's status subresource, by server-side apply.
//
// The field manager is "stackscaler" and takes what others set: nobody else has a say in the status. Who calls has
// compared, so every call is a write. A policy that is gone is no error. refuse() writes the conditions of a resource
// that is no policy for us (InvalidSpec, NotGranted, SecretUnavailable), only if they differ from what it has.
// Errors: the client's. Threads: the loop's. Lifetime: the client and the clock must outlive it.
// Source: kstatus (Ready, Reconciling, Stalled); Kubernetes, "Server-Side Apply".
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <utility>

#include "async/clock.hpp"
#include "kube/client.hpp"
#include "policy/cluster_facts.hpp"
#include "ports/policy_source.hpp"

namespace stackscaler::cluster {

class ClusterStatusWriter final : public ports::StatusWriter {
 public:
  // While `leading` says no, nothing is written: another replica's word counts.
  ClusterStatusWriter(kube::Client& client, Clock& clock, std::function<bool()> leading)
      : client_(client), clock_(clock), leading_(std::move(leading)) {}

  [[nodiscard]] boost::asio::awaitable<Result<void>> write(policy::PolicyKey key, policy::Status status) override;

  // `facts`: of the resource as it was read.
  [[nodiscard]] boost::asio::awaitable<Result<void>> refuse(policy::PolicyKey key, policy::ClusterFacts facts,
                                                            std::string reason, std::string problem);

 private:
  kube::Client& client_;
  Clock& clock_;
  std::function<bool()> leading_;
};

// The conditions of a resource that is refused; as before where nothing differs.
[[nodiscard]] policy::Status refused_status(const policy::ClusterFacts& facts, const std::string& reason,
                                            const std::string& problem, WallTime now);

}  // namespace stackscaler::cluster
