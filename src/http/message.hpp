// SPDX-License-Identifier: Apache-2.0
//
// Headers, Request, IncomingRequest and Response: what the HTTP client and server exchange with their callers.
//
// Plain values with constructors (no aggregates: g++ 12 miscompiles aggregate temporaries inside co_await). Whole
// messages: bodies are held in memory and bounded; only a server's answer may be a stream (http/body_stream.hpp).
// Sizes in bytes. Source: RFC 9110.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "http/tls.hpp"
#include "http/url.hpp"

namespace stackscaler::http {

enum class Method { get, head, post, put, patch, delete_, other };
[[nodiscard]] std::string_view to_string(Method method);

class Headers {
 public:
  using Field = std::pair<std::string, std::string>;
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  // The first value under that name, compared without case, or empty.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  void reserve(std::size_t count) { fields_.reserve(count); }

 private:
  std::vector<Field> fields_;
};

// What Client::send() sends. Host, Content-Length and Connection are the client's own business.
struct Request {
  Request(Method method_, Url url_) : method(method_), url(std::move(url_)) {}

  Method method;
  Url url;
  Headers headers;
  std::string body;
  Duration deadline = std::chrono::seconds(10);    // from the call to the last byte, waiting for a connection included
  std::size_t body_limit = std::size_t{8} << 20U;  // of the answer
  std::shared_ptr<const TlsOptions> tls;           // of an https URL; null: the system's authorities
};

// What a Server hands to its handler.
struct IncomingRequest {
  IncomingRequest(Method method_, std::string path_, std::string query_)
      : method(method_), path(std::move(path_)), query(std::move(query_)) {}

  Method method;
  std::string path;   // still percent-encoded
  std::string query;  // still percent-encoded, without '?'
  std::string peer;   // the client's address, without its port
  Headers headers;
  std::string body;
};

class BodyStream;

struct Response {
  explicit Response(int status_) : status(status_) {}
  Response(int status_, std::string content_type, std::string body_) : status(status_), body(std::move(body_)) {
    headers.add("Content-Type", std::move(content_type));
  }

  int status;
  Headers headers;
  std::string body;
  std::shared_ptr<BodyStream> stream;  // instead of `body`
};

// False for a name that is no RFC 9110 token or a value with a control character: such a field is never sent.
[[nodiscard]] bool valid_header(std::string_view name, std::string_view value);

}  // namespace stackscaler::http
