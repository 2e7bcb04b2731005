// SPDX-License-Identifier: Apache-2.0
//
// PauseWatch: the emergency stop of a whole cluster: the annotation stackscaler.dev/pause of one ConfigMap.
//
// It looks twice a second, by a GET of that one name, so that within a second nothing new starts. A ConfigMap that is
// not there stops nothing. While the server can't be asked, what was known holds, and the log says so once.
// Threads: the loop's. Lifetime: outlives watch(); client, clock and logger outlive it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "async/clock.hpp"
#include "base/log.hpp"
#include "kube/client.hpp"

namespace stackscaler::cluster {

class PauseWatch {
 public:
  PauseWatch(kube::Client& client, Clock& clock, Logger& logger, std::string space, std::string name)
      : client_(client), clock_(clock), logger_(logger), namespace_(std::move(space)), name_(std::move(name)) {}

  // One look.
  [[nodiscard]] boost::asio::awaitable<void> look();
  // Until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> watch();

  // One sentence while it is in force, else "".
  [[nodiscard]] const std::string& sentence() const { return sentence_; }

 private:
  kube::Client& client_;
  Clock& clock_;
  Logger& logger_;
  std::string namespace_;
  std::string name_;
  std::string sentence_;
  bool troubled_ = false;
};

}  // namespace stackscaler::cluster
