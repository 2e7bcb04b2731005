// SPDX-License-Identifier: Apache-2.0
//
// Client: HTTP/1.1 requests over pooled keep-alive connections.
//
// What it is: whole requests and whole answers, each within one deadline that covers waiting for a connection, name
// resolution, connect, write and read. What it is not: a judge of status codes (401 and 500 are answers, not errors)
// or a follower of redirects. stream() is for an answer that is read as it comes (http/stream.hpp).
// https is verified (http/tls.hpp); the handshake is within the deadline. A connection cut off without TLS' closing
// word is an error where only the end tells that the answer is whole. Errors: timeout; unavailable (refused, reset,
// closed, no HTTP, name not found, too many waiting); invalid_input (an answer over the request's body_limit, a header
// that can't be sent, a TLS file that can't be used); cancelled (terminal cancellation; the connection is closed). A
// GET or HEAD on a pooled connection that the server had closed is sent once more on a fresh one. Threads: the
// executor's one thread. Lifetime: must outlive its requests. Deadlines use the real steady clock.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>

#include "base/error.hpp"
#include "http/message.hpp"

namespace stackscaler::http {

struct ClientLimits {
  std::size_t connections_per_host = 32;
  std::size_t waiting_per_host = 1024;
  Duration idle_timeout = std::chrono::seconds(60);
};

struct ClientStats {
  std::uint64_t requests = 0;     // accepted by send()
  std::uint64_t connections = 0;  // made
  std::uint64_t retries = 0;      // sent again after a pooled connection had turned out closed
};

namespace detail {
class Pool;
}

class Stream;
struct StreamLimits;

class Client {
 public:
  explicit Client(boost::asio::any_io_executor executor, ClientLimits limits = ClientLimits());
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] boost::asio::awaitable<Result<Response>> send(Request request);

  // The request's deadline is up to the answer's head; its body_limit is not used.
  [[nodiscard]] boost::asio::awaitable<Result<Stream>> stream(Request request, StreamLimits limits);

  // Waits for a read of TLS files in progress, closes the idle connections and stops the timers; connections in use are
  // not kept afterwards.
  void close();
  [[nodiscard]] const ClientStats& stats() const;

 private:
  std::shared_ptr<detail::Pool> pool_;
};

}  // namespace stackscaler::http
