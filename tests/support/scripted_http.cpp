// SPDX-License-Identifier: Apache-2.0
#include "support/scripted_http.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

#include "support/run.hpp"

namespace stackscaler::test {

namespace asio = boost::asio;

ScriptedHttp::ScriptedHttp(asio::io_context& io, http::ServerLimits limits)
    : io_(io),
      server_(
          io.get_executor(), log_, [this](http::IncomingRequest request) { return handle(std::move(request)); },
          limits) {
  auto started = server_.start("127.0.0.1", 0);
  if (!started) throw std::runtime_error(started.error().message());
}

ScriptedHttp::~ScriptedHttp() {
  run(io_, server_.stop());
}

http::ServerLimits ScriptedHttp::quick() {
  http::ServerLimits limits;
  limits.stop_grace = std::chrono::milliseconds(20);
  return limits;
}

void ScriptedHttp::answer(std::string key, int status, std::string body) {
  Answer& entry = answers_[std::move(key)];
  entry = Answer{};
  entry.status = status;
  entry.body = std::move(body);
}

void ScriptedHttp::hang(std::string key) {
  answers_[std::move(key)].hang = true;
}

void ScriptedHttp::header(const std::string& key, std::string name, std::string value) {
  answers_[key].headers.add(std::move(name), std::move(value));
}

void ScriptedHttp::compute(std::string key, std::function<std::string(const http::IncomingRequest&)> body) {
  answers_[std::move(key)].compute = std::move(body);
}

void ScriptedHttp::delay(const std::string& key, Duration by) {
  answers_[key].delay = by;
}

std::string ScriptedHttp::url() const {
  return "http://127.0.0.1:" + std::to_string(server_.port());
}

std::size_t ScriptedHttp::times_asked(const std::string& key) const {
  return static_cast<std::size_t>(std::count(asked_.begin(), asked_.end(), key));
}

asio::awaitable<http::Response> ScriptedHttp::handle(http::IncomingRequest request) {
  std::string key = http::query_parameter(request.query, "query");
  if (key.empty()) key = http::query_parameter(request.body, "query");
  if (key.empty()) key = request.path;
  asked_.push_back(key);
  requests_.push_back(std::move(request));
  const auto found = answers_.find(key);
  if (found == answers_.end()) co_return http::Response(404, "text/plain", "nothing scripted for " + key);
  if (found->second.hang) {
    asio::steady_timer never(io_, asio::steady_timer::time_point::max());
    boost::system::error_code ec;
    co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    co_return http::Response(503);
  }
  const Answer script = found->second;
  if (script.delay > Duration::zero()) {
    asio::steady_timer later(io_, script.delay);
    boost::system::error_code ec;
    co_await later.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }
  http::Response response(script.status);
  response.headers = script.headers;
  if (response.headers.get("Content-Type").empty()) response.headers.add("Content-Type", "application/json");
  response.body = script.compute ? script.compute(requests_.back()) : script.body;
  co_return response;
}

}  // namespace stackscaler::test
