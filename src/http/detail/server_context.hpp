// SPDX-License-Identifier: Apache-2.0
//
// ServerContext: the server's TLS context, made of its files and made anew when they change. Private to src/http.
//
// The files are looked at (two stat calls) at most once a second, at a new connection. Connections keep the context
// that they began with. Threads: the loop's; reading a changed pair blocks for a moment.
// Source: OpenSSL 3.0, SSL_CTX_use_certificate_chain_file(3).
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "http/server.hpp"

namespace stackscaler::http::detail {

class ServerContext {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ServerContext>> make(ServerTls files, Logger& logger);
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> current();

 private:
  ServerContext(ServerTls files, Logger& logger) : files_(std::move(files)), logger_(logger) {}
  [[nodiscard]] Result<void> load();

  ServerTls files_;
  Logger& logger_;
  std::string stamp_;
  SteadyTime looked_{};
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace stackscaler::http::detail
