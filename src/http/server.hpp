// SPDX-License-Identifier: Apache-2.0
//
// Server: a small HTTP/1.1 server on the loop, plain or TLS: one handler, keep-alive, streamed answers, hard limits.
//
// What it is: the ground for the program's own endpoints and tools. What it is not: a router or a server of files. A
// request that is no HTTP gets 400, one over a limit 413 or 431, one connection too many 503 (or, with evict_idle, the
// place of the one that has said nothing for longest); a client that sends or reads too slowly is cut off. The handler
// has no deadline of the server's: it keeps its own. A handler that throws is logged and its connection is closed.
// TLS: 1.2 or later; the files are looked at again when they change, and a pair that can't be read leaves the one
// before in force and is logged.
// Threads: the executor's one thread. Lifetime: await stop() before destruction; the destructor aborts the program
// while a connection is alive (see TaskGroup).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "async/task_group.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "http/body_stream.hpp"
#include "http/message.hpp"

namespace stackscaler::http {

struct ServerLimits {
  std::size_t connections = 256;
  std::uint32_t header_bytes = 16 * 1024;
  std::uint64_t body_bytes = std::uint64_t{1} << 20U;
  Duration read_deadline = std::chrono::seconds(10);   // from a request's first byte to its last
  Duration write_deadline = std::chrono::seconds(30);  // for the whole answer
  Duration idle_timeout = std::chrono::seconds(75);    // between requests, and before the first
  Duration stop_grace = std::chrono::seconds(5);       // for requests in progress when stop() is called
  bool evict_idle = false;                             // at the cap: close an idle connection, refuse only without one
};

// Both in PEM; the certificate with its chain, the key not encrypted.
struct ServerTls {
  std::string certificate_file;
  std::string key_file;
};

namespace detail {
class ServerContext;
}

struct ServerStats {
  std::uint64_t connections = 0;  // accepted since the start, refused ones included
  std::uint64_t requests = 0;     // handed to the handler
  std::uint64_t refused = 0;      // connections over the cap
  std::uint64_t evicted = 0;      // idle connections that had to go for others
  std::size_t open = 0;           // connections now
};

class Server {
 public:
  using Handler = std::function<boost::asio::awaitable<Response>(IncomingRequest)>;

  Server(boost::asio::any_io_executor executor, Logger& logger, Handler handler, ServerLimits limits = ServerLimits());
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // From now on TLS only; before start(). invalid_input names the file that can't be used.
  [[nodiscard]] Result<void> use_tls(ServerTls tls);

  // Binds, listens and begins to accept. Port 0: the system chooses, port() tells. Fails with the address and the
  // system's word when the address is taken or not valid.
  [[nodiscard]] Result<void> start(const std::string& address, std::uint16_t port);
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const ServerStats& stats() const { return stats_; }

  // Accepts no more, closes idle connections and streams, lets requests in progress end within stop_grace, then cancels
  // them.
  [[nodiscard]] boost::asio::awaitable<void> stop();

 private:
  struct Session {
    boost::asio::ip::tcp::socket* socket = nullptr;
    bool busy = false;       // a request is being read, handled or answered
    bool streaming = false;  // its answer is a stream
  };
  struct Registration;

  [[nodiscard]] boost::asio::awaitable<void> accept_loop();
  [[nodiscard]] bool make_room();
  [[nodiscard]] boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);
  template <class Stream>
  [[nodiscard]] boost::asio::awaitable<void> exchange(Stream& stream, Session& session, std::string peer);
  template <class Stream>
  [[nodiscard]] boost::asio::awaitable<void> send_stream(Stream& stream, Session& session, const Response& response);

  boost::asio::any_io_executor executor_;
  Logger& logger_;
  std::unique_ptr<detail::ServerContext> tls_;  // null: plain
  Handler handler_;
  ServerLimits limits_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;
  ServerStats stats_;
  std::list<Session> sessions_;
  TaskGroup group_;
};

}  // namespace stackscaler::http
