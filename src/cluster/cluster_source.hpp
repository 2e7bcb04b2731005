// SPDX-License-Identifier: Apache-2.0
//
// ClusterSource: policies from custom resources, of all namespaces or of some.
//
// Each object that the informers tell of is read (object_policy.hpp), its secrets are placed, and the sink is told.
// What can't be a policy is removed from the sink and its resource's conditions say why; one whose Secret can't be read
// is tried again. An object that is being deleted is gone. What it is not: a writer of statuses of policies that work.
// load() does nothing: what is there comes by watch(), since a server that is away is waited for. Until synced() the
// sink knows only a part.
// Threads: the loop's. Lifetime: outlives its watch(); everything in Parts outlives it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/task_group.hpp"
#include "async/wake.hpp"
#include "cluster/events.hpp"
#include "cluster/object_policy.hpp"
#include "cluster/secret_files.hpp"
#include "cluster/status_writer.hpp"
#include "kube/informer.hpp"
#include "ports/policy_source.hpp"

namespace stackscaler::cluster {

class ClusterSource final : public ports::PolicySource {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    kube::Client& client;
    Clock& clock;
    Random& random;
    Logger& logger;
    ClusterStatusWriter& status;
    ClusterEvents& events;
    SecretFiles& secrets;
    std::function<bool()> leading;  // only the leader says on a resource why it is refused
  };
  struct Options {
    std::vector<std::string> namespaces;  // empty: all
    std::string selector;
    policy::Defaults defaults;
    policy::Grants grants;
  };

  ClusterSource(Parts parts, Options options);
  ~ClusterSource() override;

  [[nodiscard]] boost::asio::awaitable<Result<void>> load(ports::PolicySink& sink) override;
  [[nodiscard]] boost::asio::awaitable<void> watch(ports::PolicySink& sink) override;

  [[nodiscard]] bool synced() const;
  // The first informer's trouble, or "".
  [[nodiscard]] std::string trouble() const;
  // From now on refusals are said on the resources: this replica has come to lead.
  void look_again();

 private:
  class Feed;
  struct Known {
    ObjectPolicy read;
    std::string told;  // digest and version of what the sink was told; "": nothing
    bool dirty = false;
    bool refused_said = false;
    SteadyTime retry{};  // of a Secret that could not be read
  };

  [[nodiscard]] boost::asio::awaitable<void> work(ports::PolicySink& sink);
  [[nodiscard]] boost::asio::awaitable<void> renew_secrets();
  [[nodiscard]] boost::asio::awaitable<void> settle(ports::PolicySink& sink, policy::PolicyKey key);
  [[nodiscard]] boost::asio::awaitable<void> say_refused(policy::PolicyKey key);
  void upsert(const kube::Object& object);
  void remove(const kube::ObjectKey& key);
  [[nodiscard]] std::optional<policy::PolicyKey> next_dirty() const;

  Parts parts_;
  Options options_;
  std::map<policy::PolicyKey, Known> known_;
  std::vector<policy::PolicyKey> gone_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  Wake wake_;
};

}  // namespace stackscaler::cluster
