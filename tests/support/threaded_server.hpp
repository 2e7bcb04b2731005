// SPDX-License-Identifier: Apache-2.0
//
// ThreadedServer: a real HTTP server on loopback with a thread of its own, for tests that call other programs
// blockingly.
//
// The handler runs on that thread; the server is stopped and the thread joined by the destructor, so make it the last
// member of what its handler uses.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <string>
#include <thread>

#include "http/server.hpp"
#include "support/memory_log.hpp"

namespace stackscaler::test {

class ThreadedServer {
 public:
  explicit ThreadedServer(http::Server::Handler handler);
  ~ThreadedServer();
  ThreadedServer(const ThreadedServer&) = delete;
  ThreadedServer& operator=(const ThreadedServer&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }

 private:
  boost::asio::io_context io_;
  MemoryLog log_;
  http::Server server_;
  std::thread thread_;
};

}  // namespace stackscaler::test
