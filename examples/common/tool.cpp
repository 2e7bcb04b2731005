// SPDX-License-Identifier: Apache-2.0
#include "tool.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <cstdio>
#include <exception>

namespace stackscaler::tool {

namespace asio = boost::asio;

void StderrLog::write(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  std::string line(to_string(level));
  line.append(": ").append(message);
  for (const LogField& field : fields) line.append(" ").append(field.key).append("=").append(field.value);
  std::fprintf(stderr, "%s\n", line.c_str());
}

Result<ListenAddress> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  ListenAddress address;
  if (colon != std::string::npos) {
    address.host = text.substr(0, colon);
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, address.port);
    if (!address.host.empty() && read.ec == std::errc{} && read.ptr == end) return address;
  }
  return fail(ErrorKind::invalid_input, "--listen '" + text + "': expected ADDRESS:PORT, e.g. 127.0.0.1:9100");
}

int serve(asio::io_context& io, http::Server& server, const std::string& listen) {
  const auto address = parse_listen(listen);
  Result<void> started = address ? server.start(address->host, address->port) : fail(address.error());
  if (!started) {
    std::fprintf(stderr, "error: %s\n", started.error().message().c_str());
    return 2;
  }
  std::printf("listening on http://%s:%u\n", address->host.c_str(), static_cast<unsigned>(server.port()));
  std::fflush(stdout);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& ec, int) {
    if (ec) return;
    asio::co_spawn(io, server.stop(), [&io](const std::exception_ptr&) { io.stop(); });
  });
  io.run();
  return 0;
}

}  // namespace stackscaler::tool
