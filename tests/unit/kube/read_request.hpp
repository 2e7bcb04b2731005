// SPDX-License-Identifier: Apache-2.0
//
// read_request(): one HTTP request with its body off a socket, for servers whose answers a test writes byte by byte.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <sstream>
#include <string>

#include "http/message.hpp"

namespace stackscaler::test {

inline http::Method method_of(const std::string& word) {
  for (const http::Method one :
       {http::Method::get, http::Method::post, http::Method::put, http::Method::patch, http::Method::delete_}) {
    if (http::to_string(one) == word) return one;
  }
  return http::Method::other;
}

// Up to `pending` holding a whole request, which is taken out of it; unset when the other side has closed.
inline boost::asio::awaitable<std::optional<http::IncomingRequest>> read_request(boost::asio::ip::tcp::socket& socket,
                                                                                 std::string& pending) {
  namespace asio = boost::asio;
  std::array<char, 4096> buffer{};
  for (;;) {
    const std::size_t end = pending.find("\r\n\r\n");
    if (end != std::string::npos) {
      http::IncomingRequest request(http::Method::other, "", "");
      std::istringstream head(pending.substr(0, end + 2));
      std::string verb;
      std::string target;
      std::string line;
      head >> verb >> target;
      std::getline(head, line);
      std::size_t length = 0;
      while (std::getline(head, line)) {
        const std::size_t colon = line.find(": ");
        if (colon == std::string::npos) continue;
        while (!line.empty() && line.back() == '\r') line.pop_back();
        request.headers.add(line.substr(0, colon), line.substr(colon + 2));
      }
      if (const auto given = request.headers.get("Content-Length"); !given.empty()) {
        length = std::stoul(std::string(given));
      }
      if (pending.size() >= end + 4 + length) {
        request.method = method_of(verb);
        request.path = target.substr(0, target.find('?'));
        if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
        request.body = pending.substr(end + 4, length);
        pending.erase(0, end + 4 + length);
        co_return request;
      }
    }
    boost::system::error_code ec;
    const std::size_t count =
        co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return std::nullopt;
    pending.append(buffer.data(), count);
  }
}

}  // namespace stackscaler::test
