// SPDX-License-Identifier: Apache-2.0
//
// Url: where an HTTP request goes, and percent-encoding of query values.
//
// What it is: the parts of an absolute http or https URL that a request needs. What it is not: a normalising or
// relative reference resolver; user names, passwords and fragments are refused. Errors: invalid_input, naming the URL.
// Source: RFC 3986, sections 2 and 3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace stackscaler::http {

struct Url {
  Url(std::string host_, std::uint16_t port_, std::string path_ = "/", std::string query_ = {});

  std::string host;  // a name or an address; an IPv6 address without its brackets
  std::uint16_t port;
  std::string path;     // begins with '/', as sent (still encoded)
  std::string query;    // what follows '?', as sent (still encoded), or empty
  bool secure = false;  // https

  // "host:port", the value of the Host header and the key of the connection pool.
  [[nodiscard]] std::string authority() const;
  // "http(s)://host:port/path" without the query, for messages.
  [[nodiscard]] std::string display() const;
};

// "http://mimir:8080/prometheus?x=1", "https://mimir/prometheus" (port 443).
[[nodiscard]] Result<Url> parse_url(std::string_view text);

// Everything but RFC 3986's unreserved characters as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);
// The reverse, '+' being a space (application/x-www-form-urlencoded). A broken escape is kept as it is.
[[nodiscard]] std::string percent_decode(std::string_view text);
// The decoded value of the first parameter `name` of "a=1&b=2", or empty.
[[nodiscard]] std::string query_parameter(std::string_view query, std::string_view name);

}  // namespace stackscaler::http
