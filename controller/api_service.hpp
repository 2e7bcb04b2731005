// SPDX-License-Identifier: Apache-2.0
//
// ApiService: the API on its server, beside the loop: built, started, and stopped in order.
//
// close() first of all at a stop: no new requests, the streams end, requests that wait for a change go on within the
// server's grace. drain() then: changes by hand are followed to their end. Threads: the loop's. Its parts (program,
// reconciler, loop) outlive it.
#pragma once

#include <memory>

#include "api/api.hpp"
#include "controller/api_actions.hpp"
#include "controller/api_bridge.hpp"
#include "controller/listen.hpp"
#include "http/server.hpp"

namespace stackscaler::controller {

class ApiService {
 public:
  ApiService(Program& program, Reconciler& reconciler, Loop& loop, ListenPlan plan);

  // Listens. Fails with a sentence that names the flag.
  [[nodiscard]] Result<void> start();
  // The policies are loaded and the loop runs.
  void set_ready() { bridge_.set_ready(); }
  // The emergency stop came or went, by whichever hand.
  [[nodiscard]] boost::asio::awaitable<void> watch();
  [[nodiscard]] boost::asio::awaitable<void> close();
  [[nodiscard]] boost::asio::awaitable<void> drain();

 private:
  [[nodiscard]] static api::AccessSettings access(const Options& options, const ListenPlan& plan);
  [[nodiscard]] static http::ServerLimits limits();

  Program& program_;
  ListenPlan plan_;
  ApiBridge bridge_;
  ApiActions actions_;
  api::Api api_;
  http::Server server_;
};

}  // namespace stackscaler::controller
