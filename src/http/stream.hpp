// SPDX-License-Identifier: Apache-2.0
//
// Stream: the answer to one GET, read as it comes: a watch, a log.
//
// What it is: a connection of its own (none of the pool's; never reused), its status and headers, and its body by lines
// or whole. The body has no limit, one line has. A deadline covers name resolution, connect, handshake and the answer's
// head; afterwards the connection may be silent for `idle` at most, so that one that is half-open ends. What it is not:
// a follower of redirects or a judge of status codes. Errors: as Client's; timeout for a silent connection; unavailable
// where the connection breaks before the body's end; invalid_input for a line over the limit. After an error, the end
// of the body or a cancellation (terminal: the connection is closed) every further call fails or gives the end.
// Threads: the client's executor's. Lifetime: may outlive the Client that opened it; one call at a time, and it must
// outlive that call. Sources: RFC 9110, RFC 9112.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "http/client.hpp"
#include "http/message.hpp"

namespace stackscaler::http {

struct StreamLimits {
  std::size_t line = std::size_t{8} << 20U;  // bytes, without the line's end
  Duration idle = std::chrono::minutes(5);   // without a byte
};

class Stream {
 public:
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream();

  [[nodiscard]] int status() const;
  [[nodiscard]] const Headers& headers() const;

  // The next line without its LF (and CR); the last may lack it. Unset: the body has ended as it should.
  [[nodiscard]] boost::asio::awaitable<Result<std::optional<std::string>>> next_line();
  // What is left of the body; invalid_input when it is more than `limit` bytes.
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> rest(std::size_t limit);

 private:
  friend class Client;
  struct State;
  explicit Stream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace stackscaler::http
