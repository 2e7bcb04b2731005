// SPDX-License-Identifier: Apache-2.0
#include "e2e/model_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "http/server.hpp"
#include "support/memory_log.hpp"

namespace stackscaler::e2e {

namespace asio = boost::asio;
using nlohmann::json;

ModelServer::ModelServer() {
  std::promise<int> port;
  thread_ = std::thread([this, &port] {
    test::MemoryLog log;
    auto answer = [this](http::IncomingRequest request) -> asio::awaitable<http::Response> {
      const std::lock_guard lock(mutex_);
      bodies_.push_back(request.path + "\n" + request.body);
      keys_.emplace_back(request.headers.get("x-goog-api-key"));
      json body;
      if (status_ == 200) {
        json part{{"text", words_}};
        json candidate{{"content", {{"role", "model"}, {"parts", json::array({part})}}}, {"finishReason", "STOP"}};
        body["candidates"] = json::array({candidate});
      } else {
        body["error"] = json{{"code", status_}, {"status", "UNAVAILABLE"}, {"message", words_ + keys_.back()}};
      }
      co_return http::Response(status_, "application/json; charset=UTF-8", body.dump());
    };
    http::Server server(io_.get_executor(), log, answer);
    const auto started = server.start("127.0.0.1", 0);
    port.set_value(started ? server.port() : 0);
    auto guard = asio::make_work_guard(io_);
    io_.run();
    auto stop = server.stop();
    asio::co_spawn(io_, std::move(stop), [](const std::exception_ptr&) {});
    guard.reset();
    io_.restart();
    io_.run();
  });
  port_ = port.get_future().get();
  if (port_ == 0) throw std::runtime_error("the model server could not listen");
}

ModelServer::~ModelServer() {
  io_.stop();
  thread_.join();
}

void ModelServer::say(std::string words, int status) {
  const std::lock_guard lock(mutex_);
  words_ = std::move(words);
  status_ = status;
}

std::vector<std::string> ModelServer::bodies() const {
  const std::lock_guard lock(mutex_);
  return bodies_;
}

std::vector<std::string> ModelServer::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

}  // namespace stackscaler::e2e
