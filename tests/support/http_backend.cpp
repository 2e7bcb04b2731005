// SPDX-License-Identifier: Apache-2.0
#include "support/http_backend.hpp"

#include <nlohmann/json.hpp>

namespace stackscaler::test {

namespace {

std::string id_of(const std::string& info) {
  const auto json = nlohmann::json::parse(info, nullptr, false);
  return json.is_object() && json.contains("ID") && json["ID"].is_string() ? json["ID"].get<std::string>()
                                                                           : std::string();
}

}  // namespace

HttpBackend::HttpBackend() : server_([this](http::IncomingRequest request) { return handle(std::move(request)); }) {}

std::string HttpBackend::address(const std::string& name) const {
  return "http://" + server_.address() + "/" + name;
}

std::string HttpBackend::block(const std::string& name) const {
  const std::string at = address(name);
  return "terraform {\n  backend \"http\" {\n    address        = \"" + at + "\"\n    lock_address   = \"" + at +
         "/lock\"\n    unlock_address = \"" + at +
         "/lock\"\n    lock_method    = \"PUT\"\n    unlock_method  = \"DELETE\"\n    retry_max      = 0\n  }\n}\n\n";
}

std::string HttpBackend::state(const std::string& name) {
  const std::lock_guard guard(mutex_);
  return stored_[name].state;
}

void HttpBackend::put_state(const std::string& text, const std::string& name) {
  const std::lock_guard guard(mutex_);
  stored_[name].state = text;
}

std::string HttpBackend::lock(const std::string& name) {
  const std::lock_guard guard(mutex_);
  return stored_[name].lock;
}

void HttpBackend::put_lock(const std::string& info, const std::string& name) {
  const std::lock_guard guard(mutex_);
  stored_[name].lock = info;
}

void HttpBackend::fail_with(int status) {
  const std::lock_guard guard(mutex_);
  failing_ = status;
}

std::vector<std::string> HttpBackend::requests() {
  const std::lock_guard guard(mutex_);
  return requests_;
}

http::Response HttpBackend::answer(const http::IncomingRequest& request) {
  const std::lock_guard guard(mutex_);
  std::string name = request.path.substr(1);
  const bool lock = name.ends_with("/lock");
  if (lock) name.resize(name.size() - 5);
  const std::string_view verb = http::to_string(request.method);
  const bool takes = lock && request.method == http::Method::put;
  requests_.push_back((takes ? "LOCK" : lock ? "UNLOCK" : std::string(verb)) + " " + name);
  if (failing_ != 0) return http::Response(failing_);
  Stored& stored = stored_[name];
  if (takes) {
    if (!stored.lock.empty()) return http::Response(423, "application/json", stored.lock);
    stored.lock = request.body;
    return http::Response(200);
  }
  if (lock) {
    // `terraform force-unlock` sends no lock information at all to this kind of backend.
    const bool forced = request.body.empty();
    if (stored.lock.empty() || (!forced && id_of(stored.lock) != id_of(request.body))) {
      return http::Response(409, "application/json", stored.lock);
    }
    stored.lock.clear();
    return http::Response(200);
  }
  if (request.method == http::Method::post) {
    stored.state = request.body;
    return http::Response(200);
  }
  if (stored.state.empty()) return http::Response(404);
  return http::Response(200, "application/json", stored.state);
}

boost::asio::awaitable<http::Response> HttpBackend::handle(http::IncomingRequest request) {
  co_return answer(request);
}

std::string lock_info(const std::string& id, const std::string& who, const std::string& created,
                      const std::string& operation) {
  nlohmann::json json;
  json["ID"] = id;
  json["Operation"] = operation;
  json["Info"] = "";
  json["Who"] = who;
  json["Version"] = "1.11.4";
  json["Created"] = created;
  json["Path"] = "";
  return json.dump();
}

}  // namespace stackscaler::test
