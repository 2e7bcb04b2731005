// SPDX-License-Identifier: Apache-2.0
//
// Harness: a Client of a FakeApi on the test's loop, with a clock that is the system's or the test's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "kube/client.hpp"
#include "kube/resource.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"
#include "unit/kube/fake_api.hpp"

namespace stackscaler::kube::test {

using stackscaler::test::FakeApi;
using stackscaler::test::Fault;
using stackscaler::test::run;

inline ClientOptions quick() {
  ClientOptions options;
  options.retry_first = std::chrono::milliseconds(1);
  options.retry_cap = std::chrono::milliseconds(5);
  options.connect_deadline = std::chrono::milliseconds(200);
  return options;
}

class Harness {
 public:
  explicit Harness(bool own_time = false, ClientOptions options = quick(), std::string token = "s3cret-token")
      : clock(own_time ? static_cast<Clock&>(fake) : static_cast<Clock&>(system)),
        credentials(io.get_executor(), config(api.url(), std::move(token)), clock, pool),
        client(io.get_executor(), http, credentials, clock, random, options) {}
  ~Harness() { pool.join(); }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  // Runs the loop until it is so; throws when it is not within 45 seconds.
  void until(const std::function<bool()>& so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(45);
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
    run(io, both(&group));
  }

  boost::asio::io_context io;
  FakeApi api{io};
  SystemClock system{io.get_executor()};
  stackscaler::test::FakeClock fake{io};
  Clock& clock;
  BlockingPool pool{1};
  stackscaler::test::MemoryLog log;
  Random random{7};
  http::Client http{io.get_executor()};
  Credentials credentials;
  Client client;

 private:
  static ClusterConfig config(http::Url url, std::string token) {
    ClusterConfig out(std::move(url));
    out.token = Secret(std::move(token));
    out.namespace_ = "ns";
    out.origin = "the test";
    return out;
  }
};

inline Resource config_maps() {
  Resource resource;
  resource.version = "v1";
  resource.plural = "configmaps";
  return resource;
}

}  // namespace stackscaler::kube::test
