// SPDX-License-Identifier: Apache-2.0
//
// Cluster: what a controller needs whose policies are custom resources, built and owned in one place.
//
// The client, the source of policies, the writer of statuses, the events, the emergency stop and, with --leader-elect,
// the election. spawn() begins with all but acting: a standby is warm, its policies are known. What it is not: the
// loop, which starts when this replica leads. Order at the end: request_stop() cancels the source; the lease is renewed
// until resign(), so that nobody else begins while what runs is followed to its end. Threads: the loop's. Lifetime:
// everything in Parts must outlive it; await resign() before destruction.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "async/task_group.hpp"
#include "async/wake.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "cluster/cluster_source.hpp"
#include "cluster/pause_watch.hpp"
#include "controller/cluster_settings.hpp"
#include "http/client.hpp"
#include "kube/client.hpp"
#include "kube/credentials.hpp"
#include "kube/events.hpp"
#include "kube/lease.hpp"
#include "policy/grants.hpp"

namespace stackscaler::controller {

class Cluster final : public kube::ElectionObserver {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    http::Client& http;
    BlockingPool& pool;
    Clock& clock;
    Random& random;
    Logger& logger;
    policy::Defaults defaults;
    std::filesystem::path secrets;  // folder of the secrets' files
  };
  // Reads the configuration and the grants; asks no server yet.
  [[nodiscard]] static Result<std::unique_ptr<Cluster>> make(Parts parts, const ClusterOptions& options);
  ~Cluster() override;
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  void spawn(ports::PolicySink& sink);
  // Returns when this replica leads; at once without an election. A failure: cancelled.
  [[nodiscard]] boost::asio::awaitable<Result<void>> until_leading();
  // Returns when it leads no more; never without an election.
  [[nodiscard]] boost::asio::awaitable<Result<void>> until_lost();
  void request_stop();
  // After the loop has drained: sends the last events and gives the lease back.
  [[nodiscard]] boost::asio::awaitable<void> resign();

  [[nodiscard]] bool elects() const { return election_ != nullptr; }
  // At the moment of asking.
  [[nodiscard]] bool leading() const { return !election_ || election_->is_leader(); }
  // Of the whole cluster; one sentence or "".
  [[nodiscard]] std::string paused() const { return pause_ ? pause_->sentence() : std::string(); }
  [[nodiscard]] ports::StatusWriter& status() { return status_; }
  [[nodiscard]] ports::EventSink& events() { return events_; }
  [[nodiscard]] const cluster::ClusterSource& source() const { return source_; }
  [[nodiscard]] const std::string& origin() const { return origin_; }
  [[nodiscard]] const kube::Client& client() const { return client_; }

  void on_leading() override;
  void on_lost() override;

 private:
  Cluster(Parts parts, const ClusterOptions& options, kube::ClusterConfig config, policy::Grants grants);

  Parts parts_;
  std::string origin_;
  std::string identity_;  // of this replica
  kube::Credentials credentials_;
  kube::Client client_;
  kube::EventRecorder recorder_;
  cluster::ClusterStatusWriter status_;
  cluster::ClusterEvents events_;
  cluster::SecretFiles secrets_;
  cluster::ClusterSource source_;
  std::unique_ptr<cluster::PauseWatch> pause_;
  std::unique_ptr<kube::LeaderElection> election_;
  bool led_ = false;
  Wake wake_;
  TaskGroup watchers_;  // the source
  TaskGroup late_;      // until the very end: events, lease, the emergency stop
};

}  // namespace stackscaler::controller
