// SPDX-License-Identifier: Apache-2.0
//
// get, create, replace, apply, merge-patch and delete of one object.
//
// Thin over Client: the path and query of each verb in one place. `json` is the whole object, or the patch. The answer
// is the object as the server has it now. A name that
// would lead to another path is invalid_input. Other errors: the client's. Sources: Kubernetes API concepts;
// "Server-Side Apply".
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "kube/client.hpp"
#include "kube/resource.hpp"

namespace stackscaler::kube {

struct ObjectPath {
  ObjectPath(Resource resource_, std::string space, std::string name_, std::string subresource_ = {})
      : resource(std::move(resource_)),
        namespace_(std::move(space)),
        name(std::move(name_)),
        subresource(std::move(subresource_)) {}
  Resource resource;
  std::string namespace_;
  std::string name;
  std::string subresource;  // "status", or empty
};

[[nodiscard]] boost::asio::awaitable<Result<Object>> get(Client& client, ObjectPath path);
// POST to the collection; `path.name` is not used.
[[nodiscard]] boost::asio::awaitable<Result<Object>> create(Client& client, ObjectPath path, std::string json);
// PUT; the json's resourceVersion guards it.
[[nodiscard]] boost::asio::awaitable<Result<Object>> replace(Client& client, ObjectPath path, std::string json);
// Server-side apply as `field_manager`; `force` takes fields that others own. Without force such a field is a conflict.
[[nodiscard]] boost::asio::awaitable<Result<Object>> apply(Client& client, ObjectPath path, std::string json,
                                                           std::string field_manager, bool force);
[[nodiscard]] boost::asio::awaitable<Result<Object>> merge_patch(Client& client, ObjectPath path, std::string json,
                                                                 std::string field_manager);
struct DeleteOptions {
  std::string uid;          // only that incarnation; empty: any
  std::string propagation;  // "Background", "Foreground", "Orphan"; empty: the kind's default
};
[[nodiscard]] boost::asio::awaitable<Result<void>> remove(Client& client, ObjectPath path, DeleteOptions options);

}  // namespace stackscaler::kube
