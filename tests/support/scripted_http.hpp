// SPDX-License-Identifier: Apache-2.0
//
// ScriptedHttp: a real HTTP server on loopback whose answers a test writes down beforehand.
//
// A request is looked up by its `query` parameter (of the URL or of a form body), else by its path. What was asked is
// kept in order. An unknown key gets 404. hang() makes the server say nothing until it is stopped.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "support/memory_log.hpp"

namespace stackscaler::test {

class ScriptedHttp {
 public:
  explicit ScriptedHttp(boost::asio::io_context& io, http::ServerLimits limits = quick());
  // Stops the server by running the loop.
  ~ScriptedHttp();
  ScriptedHttp(const ScriptedHttp&) = delete;
  ScriptedHttp& operator=(const ScriptedHttp&) = delete;

  void answer(std::string key, int status, std::string body);
  void hang(std::string key);
  // Puts a header on the answer of that key; a Content-Type replaces application/json.
  void header(const std::string& key, std::string name, std::string value);
  // The body is computed from the request; status 200.
  void compute(std::string key, std::function<std::string(const http::IncomingRequest&)> body);
  // Holds the answer of that key back until so much later.
  void delay(const std::string& key, Duration by);
  void forget() { asked_.clear(); }

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }
  [[nodiscard]] std::size_t times_asked(const std::string& key) const;
  [[nodiscard]] const std::vector<http::IncomingRequest>& requests() const { return requests_; }
  [[nodiscard]] const http::ServerStats& stats() const { return server_.stats(); }
  [[nodiscard]] const MemoryLog& log() const { return log_; }

  // The defaults with a grace that doesn't make a test wait for a hanging request.
  [[nodiscard]] static http::ServerLimits quick();

 private:
  struct Answer {
    int status = 200;
    std::string body;
    bool hang = false;
    Duration delay{};
    http::Headers headers;
    std::function<std::string(const http::IncomingRequest&)> compute;
  };
  [[nodiscard]] boost::asio::awaitable<http::Response> handle(http::IncomingRequest request);

  boost::asio::io_context& io_;
  MemoryLog log_;
  std::map<std::string, Answer> answers_;
  std::vector<std::string> asked_;
  std::vector<http::IncomingRequest> requests_;
  http::Server server_;
};

}  // namespace stackscaler::test
