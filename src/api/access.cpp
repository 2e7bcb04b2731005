// SPDX-License-Identifier: Apache-2.0
#include "api/access.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>
#include <cmath>

#include "api/problem.hpp"

namespace stackscaler::api {
namespace {

constexpr std::string_view kBearer = "bearer ";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// "example:8008", "[::1]:8008", "127.0.0.1" -> the host alone; nothing for what is no authority.
std::optional<std::string> host_of(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
    if (!port.empty() && !port.starts_with(':')) return std::nullopt;
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (!port.empty()) port.remove_prefix(1);
  const bool digits = std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (host.empty() || !digits || port.size() > 5) return std::nullopt;
  return lower(host);
}

bool is_address(const std::string& host) {
  boost::system::error_code ec;
  static_cast<void>(boost::asio::ip::make_address(host, ec));
  return !ec;
}

int count_of(const http::Headers& headers, std::string_view name) {
  int count = 0;
  for (const auto& [field, value] : headers) count += lower(field) == name ? 1 : 0;
  return count;
}

// What a person may read in an error: a header's value is the client's own, and may be anything.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, 80));
  for (char& c : out) {
    if (c < 0x20 || c >= 0x7f) c = '?';
  }
  return out;
}

}  // namespace

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  unsigned difference = left.size() == right.size() ? 0U : 1U;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const char other = right.empty() ? '\0' : right[i % right.size()];
    difference |= static_cast<unsigned>(static_cast<unsigned char>(left[i]) ^ static_cast<unsigned char>(other));
  }
  return difference == 0;
}

std::optional<bool> Access::token_in(const http::IncomingRequest& request) const {
  const std::string_view value = request.headers.get("authorization");
  if (value.empty()) return std::nullopt;
  if (value.size() <= kBearer.size() || lower(value.substr(0, kBearer.size())) != kBearer) return false;
  return has_token() && equal_in_constant_time(value.substr(kBearer.size()), settings_.token.reveal());
}

std::optional<http::Response> Access::check_host(const http::IncomingRequest& request) const {
  if (count_of(request.headers, "host") != 1) {
    return problem(Kind::bad_request, "the request has no Host, or several", "send one Host header");
  }
  const std::string_view value = request.headers.get("host");
  const auto host = host_of(value);
  if (!host) {
    return problem(Kind::bad_request, "the Host '" + shown(value) + "' is not a host", "send HOST or HOST:PORT");
  }
  const auto& allowed = settings_.hosts;
  if (*host == "localhost" || is_address(*host) || std::find(allowed.begin(), allowed.end(), *host) != allowed.end()) {
    return std::nullopt;
  }
  return problem(Kind::forbidden_host, "the Host '" + shown(value) + "' is not one of this server's",
                 "name it with --allow-host when the controller starts, if it is yours");
}

std::optional<http::Response> Access::check_origin(const http::IncomingRequest& request) const {
  const std::string_view site = request.headers.get("sec-fetch-site");
  const std::string_view origin = request.headers.get("origin");
  bool own = site.empty() || site == "same-origin" || site == "none";
  if (own && count_of(request.headers, "origin") > 0) {
    const auto mark = origin.find("://");
    own = mark != std::string_view::npos && lower(origin.substr(mark + 3)) == lower(request.headers.get("host"));
  }
  if (own) return std::nullopt;
  return problem(Kind::forbidden_origin, "a page of '" + shown(origin.empty() ? site : origin) + "' asked for this",
                 "changes are accepted from this server's own pages, and from clients that are no browser");
}

std::optional<http::Response> Access::check_rate(const std::string& peer, SteadyTime now) {
  if (settings_.changes_per_minute == 0) return std::nullopt;
  const double most = settings_.changes_per_minute;
  if (!clients_.contains(peer) && clients_.size() >= kClients) {
    clients_.erase(std::min_element(clients_.begin(), clients_.end(),
                                    [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
  }
  const auto [found, fresh] = clients_.try_emplace(peer, Bucket{most, now});
  Bucket& bucket = found->second;
  const double minutes = std::chrono::duration<double, std::ratio<60>>(now - bucket.at).count();
  bucket.tokens = std::min(most, bucket.tokens + minutes * most);
  bucket.at = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return std::nullopt;
  }
  auto out = problem(Kind::rate_limited, fmt::format("more than {} changing calls in a minute", most),
                     "wait for as long as Retry-After says and try again");
  out.headers.add("Retry-After", std::to_string(static_cast<int>(std::ceil((1 - bucket.tokens) * 60 / most))));
  return out;
}

std::optional<http::Response> Access::check_change(const http::IncomingRequest& request, SteadyTime now) {
  if (auto refused = check_origin(request)) return refused;
  if (auto refused = check_rate(request.peer, now)) return refused;
  if (!has_token()) {
    return problem(Kind::read_only, "no token is configured, so nothing can be changed by way of the API",
                   "start the controller with --token-file FILE or STACKSCALER_TOKEN");
  }
  const auto token = token_in(request);
  if (token == true) return std::nullopt;
  return problem(Kind::unauthorized,
                 token ? "the token is not the right one" : "this call changes something and needs the token",
                 "send the header Authorization: Bearer TOKEN, with the token of --token-file");
}

}  // namespace stackscaler::api
