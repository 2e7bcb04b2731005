// SPDX-License-Identifier: Apache-2.0
#include "http/url.hpp"

#include <fmt/core.h>

#include <charconv>
#include <utility>

namespace stackscaler::http {

namespace {

constexpr std::size_t kMaxUrlBytes = 64 * 1024;

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  // What has an '@' may hold a password, however the rest is malformed.
  if (text.find('@') != std::string_view::npos) text = "…";
  return fail(ErrorKind::invalid_input, fmt::format("URL '{}': {}", text.substr(0, 200), why));
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool valid_host(std::string_view host, bool bracketed) {
  for (const char c : host) {
    const bool address = hex_value(c) >= 0 || c == ':' || c == '.';
    if (bracketed ? !address : !unreserved(c)) return false;
  }
  return !host.empty() && host.size() <= 253;
}

struct HostPort {
  std::string_view host;
  std::string_view port;
  bool bracketed = false;
};

HostPort split_authority(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return {};
    const std::string_view rest = authority.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return {};
    return {authority.substr(1, end - 1), rest.empty() ? rest : rest.substr(1), true};
  }
  const std::size_t colon = authority.find(':');
  if (colon == std::string_view::npos) return {authority, {}, false};
  return {authority.substr(0, colon), authority.substr(colon + 1), false};
}

}  // namespace

Url::Url(std::string host_, std::uint16_t port_, std::string path_, std::string query_)
    : host(std::move(host_)), port(port_), path(std::move(path_)), query(std::move(query_)) {}

std::string Url::authority() const {
  std::string text;
  text.reserve(host.size() + 8);
  const bool bracket = host.find(':') != std::string::npos;
  if (bracket) text += '[';
  text += host;
  if (bracket) text += ']';
  text += ':';
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof digits, port);
  text.append(digits, end.ptr);
  return text;
}

std::string Url::display() const {
  return (secure ? "https://" : "http://") + authority() + path;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return bad(text, "it is longer than 64 KiB");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
      return bad("…", "it holds a space, a control character or a character that is not ASCII");
    }
  }
  const bool secure = text.starts_with("https://");
  const std::string_view scheme = secure ? "https://" : "http://";
  if (!text.starts_with(scheme)) return bad("…", "it does not begin with http:// or https://");

  std::string_view rest = text.substr(scheme.size());
  const std::size_t end = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  if (authority.find('@') != std::string_view::npos) return bad(text, "a user name or password is refused");
  if (rest.find('#') != std::string_view::npos) return bad(text, "a fragment (#) has no meaning here");

  const HostPort parts = split_authority(authority);
  if (!valid_host(parts.host, parts.bracketed)) return bad(text, "the host is missing or not valid");
  unsigned port = secure ? 443 : 80;
  if (!parts.port.empty()) {
    const char* const last = parts.port.data() + parts.port.size();
    const auto read = std::from_chars(parts.port.data(), last, port);
    if (read.ec != std::errc{} || read.ptr != last || port == 0 || port > 65535) {
      return bad(text, "the port is not a number from 1 to 65535");
    }
  }
  const std::size_t mark = rest.find('?');
  std::string path(rest.substr(0, mark));
  if (path.empty()) path = "/";
  std::string query(mark == std::string_view::npos ? std::string_view{} : rest.substr(mark + 1));
  Url url(std::string(parts.host), static_cast<std::uint16_t>(port), std::move(path), std::move(query));
  url.secure = secure;
  return url;
}

std::string percent_encode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() * 2);
  for (const char c : text) {
    if (unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name) {
      return equals == std::string_view::npos ? std::string{} : percent_decode(pair.substr(equals + 1));
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace stackscaler::http
