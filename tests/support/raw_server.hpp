// SPDX-License-Identifier: Apache-2.0
//
// RawServer: a TCP server on loopback whose connections a test scripts byte by byte: for what no HTTP server does.
//
// Each accepted connection runs the behaviour given; all end with the object.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <string>

#include "async/task_group.hpp"
#include "base/time.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"

namespace stackscaler::test {

using RawSocket = boost::asio::ip::tcp::socket;

class RawServer {
 public:
  using Behaviour = std::function<boost::asio::awaitable<void>(RawSocket&, int)>;  // the connection's number, from 1

  RawServer(boost::asio::io_context& io, Behaviour behaviour)
      : io_(io),
        behaviour_(std::move(behaviour)),
        acceptor_(io, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        group_(io.get_executor(), log_) {
    group_.spawn("accept", accept());
  }
  ~RawServer() {
    group_.request_stop();
    run(io_, group_.join());
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()) + "/"; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  boost::asio::awaitable<void> accept() {
    for (;;) {
      RawSocket socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
      group_.spawn("connection", serve(std::move(socket), ++connections_));
    }
  }
  boost::asio::awaitable<void> serve(RawSocket socket, int number) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    co_await behaviour_(socket, number);
  }

  boost::asio::io_context& io_;
  Behaviour behaviour_;
  MemoryLog log_;
  boost::asio::ip::tcp::acceptor acceptor_;
  int connections_ = 0;
  TaskGroup group_;
};

// Reads up to the empty line that ends a request's headers; what was read, or "" when the other side closed.
inline boost::asio::awaitable<std::string> read_request_head(RawSocket& socket) {
  std::string text;
  while (!text.ends_with("\r\n\r\n")) {
    char byte = 0;
    boost::system::error_code ec;
    co_await socket.async_read_some(boost::asio::buffer(&byte, 1),
                                    boost::asio::redirect_error(boost::asio::use_awaitable, ec));
    if (ec) co_return std::string();
    text += byte;
  }
  co_return text;
}

inline boost::asio::awaitable<void> send_bytes(RawSocket& socket, std::string bytes) {
  boost::system::error_code ec;
  co_await boost::asio::async_write(socket, boost::asio::buffer(bytes),
                                    boost::asio::redirect_error(boost::asio::use_awaitable, ec));
}

// Suspends until the server is stopped.
inline boost::asio::awaitable<void> stay_silent() {
  boost::asio::steady_timer never(co_await boost::asio::this_coro::executor,
                                  boost::asio::steady_timer::time_point::max());
  boost::system::error_code ec;
  co_await never.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
}

inline boost::asio::awaitable<void> pause_for(Duration duration) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, duration);
  boost::system::error_code ec;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
}

}  // namespace stackscaler::test
