// SPDX-License-Identifier: Apache-2.0
#include "http/detail/head.hpp"

#include <fmt/core.h>

namespace stackscaler::http::detail {

std::string context_of(const Request& request) {
  return fmt::format("{} {}", to_string(request.method), request.url.display());
}

Result<void> check(const Request& request) {
  if (request.method == Method::other) return fail(ErrorKind::invalid_input, "no method given");
  for (const auto& [name, value] : request.headers) {
    // The value may be a credential: only the name is said.
    if (!valid_header(name, value)) return fail(ErrorKind::invalid_input, "header '" + name + "' can't be sent");
  }
  return {};
}

void write_head(std::string& out, const Request& request, const std::string& authority) {
  out.clear();
  out.append(to_string(request.method)).append(" ").append(request.url.path);
  if (!request.url.query.empty()) out.append("?").append(request.url.query);
  out.append(" HTTP/1.1\r\nHost: ").append(authority).append("\r\nUser-Agent: stackscaler\r\n");
  for (const auto& [name, value] : request.headers) out.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() || request.method == Method::post || request.method == Method::put ||
      request.method == Method::patch) {
    out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  out.append("\r\n").append(request.body);
}

}  // namespace stackscaler::http::detail
