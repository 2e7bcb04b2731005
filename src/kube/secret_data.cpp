// SPDX-License-Identifier: Apache-2.0
#include "kube/secret_data.hpp"

#include <fmt/core.h>

#include "kube/detail/base64.hpp"
#include "kube/detail/json.hpp"
#include "kube/objects.hpp"

namespace stackscaler::kube {

namespace asio = boost::asio;

namespace {

Resource core(std::string plural) {
  Resource resource;
  resource.version = "v1";
  resource.plural = std::move(plural);
  return resource;
}

// The parsed answer to a GET of that one object.
asio::awaitable<Result<detail::Json>> fetch(Client& client, std::string plural, std::string ns, std::string name) {
  ObjectPath path(core(std::move(plural)), std::move(ns), std::move(name));
  auto object = co_await get(client, std::move(path));
  if (!object) co_return fail(std::move(object).error());
  co_return detail::parse_json(object->json);
}

}  // namespace

asio::awaitable<Result<Secret>> read_secret_key(Client& client, SecretKey which, std::size_t limit) {
  const std::string what = fmt::format("Secret {}/{}", which.namespace_, which.name);
  if (which.namespace_.empty() || which.name.empty() || which.key.empty()) {
    co_return fail(ErrorKind::invalid_input, what + ": a namespace, a name and a key are needed");
  }
  auto json = co_await fetch(client, "secrets", which.namespace_, which.name);
  if (!json) co_return fail(std::move(json).error().with_context(what));
  const detail::Json& value = detail::member(detail::member(*json, "data"), which.key);
  if (!value.is_string()) co_return fail(ErrorKind::not_found, fmt::format("{}: has no key '{}'", what, which.key));
  auto bytes = detail::decode_base64(value.get_ref<const std::string&>());
  if (!bytes) co_return fail(ErrorKind::invalid_input, fmt::format("{}: key '{}' is no base64", what, which.key));
  if (bytes->size() > limit) {
    co_return fail(ErrorKind::invalid_input,
                   fmt::format("{}: key '{}' is larger than {} bytes", what, which.key, limit));
  }
  co_return Secret(std::move(*bytes));
}

asio::awaitable<Result<std::optional<std::string>>> read_config_map_annotation(Client& client, std::string namespace_,
                                                                               std::string name,
                                                                               std::string annotation) {
  const std::string what = fmt::format("ConfigMap {}/{}", namespace_, name);
  auto json = co_await fetch(client, "configmaps", std::move(namespace_), std::move(name));
  if (!json) co_return fail(std::move(json).error().with_context(what));
  const detail::Json& all = detail::member(detail::member(*json, "metadata"), "annotations");
  const detail::Json& value = detail::member(all, annotation);
  if (!value.is_string()) co_return std::optional<std::string>();
  co_return std::optional<std::string>(value.get<std::string>());
}

}  // namespace stackscaler::kube
