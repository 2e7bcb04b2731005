// SPDX-License-Identifier: Apache-2.0
#include "kube/detail/status.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "kube/client.hpp"
#include "kube/detail/json.hpp"

namespace stackscaler::kube {

namespace {

constexpr std::size_t kMaxMessage = 1024;

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
    case 403: return ErrorKind::unauthorized;
    case 404: return ErrorKind::not_found;
    case 409:
    case 410: return ErrorKind::conflict;
    case 408:
    case 429: return ErrorKind::unavailable;
    default: return status >= 400 && status < 500 ? ErrorKind::invalid_input : ErrorKind::unavailable;
  }
}

}  // namespace

Error status_error(int status, std::string_view body, std::string_view what) {
  std::string message;
  std::string reason;
  if (const auto json = detail::parse_json(body); json && detail::text(*json, "kind") == "Status") {
    message = detail::text(*json, "message");
    reason = detail::one_line(detail::text(*json, "reason"), 64);
  } else {
    message = body.substr(0, kMaxMessage);
  }
  message = detail::one_line(message, kMaxMessage);
  if (message.empty()) message = "the server gives no reason";
  if (status == 410 || reason == "Gone") reason = kExpired;
  return Error(kind_of(status), reason, fmt::format("{}: {} ({})", what, message, status));
}

namespace detail {

Duration retry_after(std::string_view header) {
  constexpr int kLongest = 300;
  int seconds = 0;
  const auto [end, ec] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (ec == std::errc::result_out_of_range) return std::chrono::seconds(kLongest);
  if (ec != std::errc() || end != header.data() + header.size() || seconds < 0) return Duration::zero();
  return std::chrono::seconds(std::min(seconds, kLongest));
}

std::string without_credential(std::string text, std::string_view authorization) {
  const std::string_view secret = authorization.substr(authorization.find(' ') + 1);
  if (secret.size() < 4) return text;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

}  // namespace detail

}  // namespace stackscaler::kube
