// SPDX-License-Identifier: Apache-2.0
#include "e2e/model_server.hpp"

#include <nlohmann/json.hpp>

namespace stackscaler::e2e {

namespace asio = boost::asio;
using nlohmann::json;

ModelServer::ModelServer()
    : server_([this](http::IncomingRequest request) -> asio::awaitable<http::Response> { co_return answer(request); }) {
}

http::Response ModelServer::answer(const http::IncomingRequest& request) {
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
  return http::Response(status_, "application/json; charset=UTF-8", body.dump());
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
