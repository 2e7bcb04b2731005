// SPDX-License-Identifier: Apache-2.0
#include "support/threaded_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <stdexcept>

namespace stackscaler::test {

ThreadedServer::ThreadedServer(http::Server::Handler handler) : server_(io_.get_executor(), log_, std::move(handler)) {
  if (auto started = server_.start("127.0.0.1", 0); !started) throw std::runtime_error(started.error().message());
  thread_ = std::thread([this] {
    const auto work = boost::asio::make_work_guard(io_);
    io_.run();
  });
}

ThreadedServer::~ThreadedServer() {
  auto stop = [this]() -> boost::asio::awaitable<void> {
    co_await server_.stop();
    io_.stop();
  };
  boost::asio::co_spawn(io_, stop(), [](const std::exception_ptr&) {});
  thread_.join();
}

}  // namespace stackscaler::test
