// SPDX-License-Identifier: Apache-2.0
//
// BodyStream and BodyWriter: an answer that is made while it is sent, such as a stream of events.
//
// The server sends the head, calls run() once, and closes the connection when run() ends; it cancels run() when the
// client goes or the server stops. What it is not: chunked; the end of the connection is the end of the body.
// Threads: the loop's. The writer lives as long as run().
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

namespace stackscaler::http {

class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // False: the client is gone, or too slow for the server's write deadline; end.
  [[nodiscard]] virtual boost::asio::awaitable<bool> write(std::string bytes) = 0;
};

class BodyStream {
 public:
  virtual ~BodyStream() = default;
  [[nodiscard]] virtual boost::asio::awaitable<void> run(BodyWriter& writer) = 0;
};

}  // namespace stackscaler::http
