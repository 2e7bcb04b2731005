// SPDX-License-Identifier: Apache-2.0
//
// One key of a Secret, one annotation of a ConfigMap: by GET of that one name, so that RBAC need grant no more.
//
// What it is not: a list or a watch, or a cache. The value travels as Secret and is in no error. Errors: not_found (the
// object, or the key in it, by name); invalid_input (no base64, larger than the limit); else the client's.
// Sources: Kubernetes core/v1 Secret, ConfigMap; RFC 4648 (base64).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "kube/client.hpp"

namespace stackscaler::kube {

struct SecretKey {
  SecretKey(std::string space, std::string name_, std::string key_)
      : namespace_(std::move(space)), name(std::move(name_)), key(std::move(key_)) {}

  std::string namespace_;
  std::string name;
  std::string key;
};

[[nodiscard]] boost::asio::awaitable<Result<Secret>> read_secret_key(Client& client, SecretKey which,
                                                                     std::size_t limit = 64UL * 1024);

// Unset: the ConfigMap is there without that annotation.
[[nodiscard]] boost::asio::awaitable<Result<std::optional<std::string>>> read_config_map_annotation(
    Client& client, std::string namespace_, std::string name, std::string annotation);

}  // namespace stackscaler::kube
