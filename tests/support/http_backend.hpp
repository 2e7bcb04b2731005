// SPDX-License-Identifier: Apache-2.0
//
// HttpBackend: a real server for Terraform's `http` backend: one state, and its lock.
//
// It keeps the state and the lock in memory, refuses a second lock with the holder's info, and an unlock with another
// id. A test may take the lock in somebody's name, and make requests fail. It runs on a thread of its own, so that
// terraform may be called blockingly. All members may be called from the test's thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "support/threaded_server.hpp"

namespace stackscaler::test {

class HttpBackend {
 public:
  HttpBackend();
  HttpBackend(const HttpBackend&) = delete;
  HttpBackend& operator=(const HttpBackend&) = delete;

  // `terraform { backend "http" { … } }` for one state of that name.
  [[nodiscard]] std::string block(const std::string& name = "web") const;
  [[nodiscard]] std::string address(const std::string& name = "web") const;

  [[nodiscard]] std::string state(const std::string& name = "web");
  void put_state(const std::string& text, const std::string& name = "web");
  // The holder's lock info as JSON; "" when nobody holds it.
  [[nodiscard]] std::string lock(const std::string& name = "web");
  void put_lock(const std::string& info, const std::string& name = "web");
  // Every request is answered with that status from now on; 0: as usual.
  void fail_with(int status);
  // "LOCK web", "UNLOCK web", "GET web", "POST web" in order.
  [[nodiscard]] std::vector<std::string> requests();

 private:
  struct Stored {
    std::string state;
    std::string lock;
  };
  [[nodiscard]] http::Response answer(const http::IncomingRequest& request);
  [[nodiscard]] boost::asio::awaitable<http::Response> handle(http::IncomingRequest request);

  std::mutex mutex_;
  std::map<std::string, Stored> stored_;
  std::vector<std::string> requests_;
  int failing_ = 0;
  ThreadedServer server_;
};

// A lock info as Terraform writes it.
[[nodiscard]] std::string lock_info(const std::string& id, const std::string& who, const std::string& created,
                                    const std::string& operation = "OperationTypeApply");

}  // namespace stackscaler::test
