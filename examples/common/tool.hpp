// SPDX-License-Identifier: Apache-2.0
//
// What the small server programs share: a log on stderr, reading --listen, and serving until SIGINT or SIGTERM.
//
// Not for the controller, which has its own log and its own order of ending.
#pragma once

#include <boost/asio/io_context.hpp>
#include <string>

#include "base/log.hpp"
#include "http/server.hpp"

namespace stackscaler::tool {

class StderrLog final : public Logger {
 public:
  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override;
  [[nodiscard]] bool enabled(LogLevel level) const override { return level != LogLevel::debug; }
};

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};
// "127.0.0.1:9100"; port 0 lets the system choose.
[[nodiscard]] Result<ListenAddress> parse_listen(const std::string& text);

// Starts the server, says "listening on http://…" on standard output, runs the loop until a signal, and stops the
// server in order. Gives the program's exit status.
[[nodiscard]] int serve(boost::asio::io_context& io, http::Server& server, const std::string& listen);

}  // namespace stackscaler::tool
