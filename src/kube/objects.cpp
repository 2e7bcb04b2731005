// SPDX-License-Identifier: Apache-2.0
#include "kube/objects.hpp"

#include "http/url.hpp"
#include "kube/detail/json.hpp"

namespace stackscaler::kube {

namespace asio = boost::asio;

namespace {

std::string path_of(const ObjectPath& path) {
  return path.resource.path(path.namespace_, path.name, path.subresource);
}

// What a user has written must not become another path.
Result<void> check(const ObjectPath& path, bool named) {
  if ((!named || valid_segment(path.name)) && (path.namespace_.empty() || valid_segment(path.namespace_))) return {};
  return fail(ErrorKind::invalid_input, path.resource.display() + ": '" + detail::one_line(path.namespace_, 80) + "/" +
                                            detail::one_line(path.name, 80) + "' is no name of an object");
}

asio::awaitable<Result<Object>> exchange(Client& client, Request request) {
  const std::string what = std::string(http::to_string(request.method)) + " " + request.path;
  auto answer = co_await client.send(std::move(request));
  if (!answer) co_return fail(std::move(answer).error());
  auto object = parse_object(std::move(answer->body));
  if (!object) {
    co_return fail(ErrorKind::unavailable, what + ": the answer is no object: " + object.error().message());
  }
  co_return std::move(object);
}

std::string manager(const std::string& name) {
  return "fieldManager=" + http::percent_encode(name);
}

}  // namespace

asio::awaitable<Result<Object>> get(Client& client, ObjectPath path) {
  if (auto ok = check(path, true); !ok) co_return fail(std::move(ok).error());
  Request request(http::Method::get, path_of(path));
  co_return co_await exchange(client, std::move(request));
}

asio::awaitable<Result<Object>> create(Client& client, ObjectPath path, std::string json) {
  if (auto ok = check(path, false); !ok) co_return fail(std::move(ok).error());
  Request request(http::Method::post, path.resource.path(path.namespace_));
  request.body = std::move(json);
  co_return co_await exchange(client, std::move(request));
}

asio::awaitable<Result<Object>> replace(Client& client, ObjectPath path, std::string json) {
  if (auto ok = check(path, true); !ok) co_return fail(std::move(ok).error());
  Request request(http::Method::put, path_of(path));
  request.body = std::move(json);
  co_return co_await exchange(client, std::move(request));
}

asio::awaitable<Result<Object>> apply(Client& client, ObjectPath path, std::string json, std::string field_manager,
                                      bool force) {
  if (auto ok = check(path, true); !ok) co_return fail(std::move(ok).error());
  Request request(http::Method::patch, path_of(path));
  request.body = std::move(json);
  request.content_type = kApplyPatch;
  request.query = manager(field_manager) + (force ? "&force=true" : "");
  co_return co_await exchange(client, std::move(request));
}

asio::awaitable<Result<Object>> merge_patch(Client& client, ObjectPath path, std::string json,
                                            std::string field_manager) {
  if (auto ok = check(path, true); !ok) co_return fail(std::move(ok).error());
  Request request(http::Method::patch, path_of(path));
  request.body = std::move(json);
  request.content_type = kMergePatch;
  request.query = manager(field_manager);
  co_return co_await exchange(client, std::move(request));
}

asio::awaitable<Result<void>> remove(Client& client, ObjectPath path, DeleteOptions options) {
  if (auto ok = check(path, true); !ok) co_return fail(std::move(ok).error());
  Request request(http::Method::delete_, path_of(path));
  detail::Json body = detail::Json::object();
  body["apiVersion"] = "v1";
  body["kind"] = "DeleteOptions";
  if (!options.propagation.empty()) body["propagationPolicy"] = options.propagation;
  if (!options.uid.empty()) {
    detail::Json preconditions = detail::Json::object();
    preconditions["uid"] = options.uid;
    body["preconditions"] = std::move(preconditions);
  }
  request.body = detail::dump(body);
  auto answer = co_await client.send(std::move(request));
  if (!answer) co_return fail(std::move(answer).error());
  co_return Result<void>();
}

}  // namespace stackscaler::kube
