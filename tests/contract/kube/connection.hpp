// SPDX-License-Identifier: Apache-2.0
//
// Connection: the product's client of the suite's real API server, with what it needs around it.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "async/task_group.hpp"
#include "kube/client.hpp"
#include "kube/resource.hpp"
#include "support/kube_server.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"

namespace stackscaler::kube::test {

inline ClusterConfig config_of(const std::string& file) {
  auto config = load_kubeconfig(std::vector<std::filesystem::path>(1, file), "");
  if (!config) throw std::runtime_error(config.error().message());
  return std::move(*config);
}

class Connection {
 public:
  explicit Connection(ClusterConfig config)
      : credentials(io.get_executor(), std::move(config), clock, pool),
        client(io.get_executor(), http, credentials, clock, random) {}
  ~Connection() { pool.join(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  template <class T>
  T run(boost::asio::awaitable<T> task) {
    return stackscaler::test::run(io, std::move(task));
  }
  // Runs the loop until it is so; throws when it is not in time.
  void until(const std::function<bool()>& so, std::chrono::seconds limit = std::chrono::seconds(90)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    io.restart();
    while (!so()) {
      io.run_one_for(std::chrono::milliseconds(50));
      if (io.stopped()) io.restart();
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("it did not come to be so");
    }
  }
  void stop(TaskGroup& group) {
    auto both = [](TaskGroup* which) -> boost::asio::awaitable<void> {
      which->request_stop();
      co_await which->join();
    };
    stackscaler::test::run(io, both(&group));
  }

  boost::asio::io_context io;
  SystemClock clock{io.get_executor()};
  BlockingPool pool{1};
  stackscaler::test::MemoryLog log;
  Random random{11};
  http::Client http{io.get_executor()};
  Credentials credentials;
  Client client;
};

inline Resource config_maps() {
  Resource resource;
  resource.version = "v1";
  resource.plural = "configmaps";
  return resource;
}

}  // namespace stackscaler::kube::test
