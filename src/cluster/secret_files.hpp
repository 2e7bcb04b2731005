// SPDX-License-Identifier: Apache-2.0
//
// SecretFiles: the Secrets that policies name, as files that the rest of the program reads as it reads any other.
//
// place() reads each key that a policy names, by a GET of that Secret, writes it to <folder>/<namespace>/<name>/<key>
// (mode 0600, folders 0700) and sets the policy's *_file fields. refresh() reads all that is in use again, so that a
// rotated Secret arrives without a change of the policy; one that can't be read then keeps what it had, and the log
// says so once. What no policy names any more is removed; the constructor removes what a run before left. What it is
// not: a cache of Secrets beyond those named, or a watch (which needs more rights). The folder should be in memory (an
// emptyDir of medium Memory). Errors: SecretUnavailable, with the Secret's name and never a value. Threads: the loop's;
// files are written on the pool. Lifetime: what it is given must outlive it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "async/offload.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "kube/secret_data.hpp"
#include "policy/types.hpp"

namespace stackscaler::cluster {

class SecretFiles {
 public:
  SecretFiles(kube::Client& client, BlockingPool& pool, Logger& logger, std::filesystem::path folder);

  [[nodiscard]] boost::asio::awaitable<Result<void>> place(policy::ScalingPolicy& policy);
  [[nodiscard]] boost::asio::awaitable<void> refresh();
  void forget(const policy::PolicyKey& key);

  // Whether the policy names any.
  [[nodiscard]] static bool needed(const policy::ScalingPolicy& policy);

 private:
  struct Id {
    std::string namespace_;
    std::string name;
    std::string key;
    auto operator<=>(const Id&) const = default;
  };
  [[nodiscard]] std::filesystem::path file_of(const Id& id) const;
  [[nodiscard]] boost::asio::awaitable<Result<void>> fetch(Id id);
  void drop_unused();

  kube::Client& client_;
  BlockingPool& pool_;
  Logger& logger_;
  std::filesystem::path folder_;
  std::map<Id, std::string> held_;  // digest of what the file holds
  std::map<policy::PolicyKey, std::set<Id>> used_;
  std::set<Id> troubled_;
};

}  // namespace stackscaler::cluster
