// SPDX-License-Identifier: Apache-2.0
//
// Watchdog: closes a socket when its deadline passes, so that every read and write in progress on it ends.
//
// Lazy: the timer is armed only when none is armed that fires early enough, and a firing timer looks whether the
// deadline has moved meanwhile. A keep-alive connection with a stream of short requests so arms one timer per deadline
// period instead of one per request. Threads: the socket's executor. The socket must outlive the watchdog.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "base/time.hpp"

namespace stackscaler::http::detail {

class Watchdog {
 public:
  explicit Watchdog(boost::asio::ip::tcp::socket& socket);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void start(SteadyTime deadline);
  void stop();
  // True once the deadline has passed; the socket is closed then.
  [[nodiscard]] bool fired() const;

 private:
  struct State;
  static void arm(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace stackscaler::http::detail
