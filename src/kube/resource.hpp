// SPDX-License-Identifier: Apache-2.0
//
// Resource, ObjectKey and Object: how Kubernetes' resources are named, and what this library knows of any object.
//
// What it is: paths of the REST API and the few fields that every object has. What it is not: a model of any kind; the
// object's JSON is handed on as text. Plain values. Sources: Kubernetes API concepts; API conventions.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace stackscaler::kube {

struct Resource {
  std::string group;    // "" for the core group
  std::string version;  // "v1"
  std::string plural;   // "configmaps"

  // "/api/v1/namespaces/x/configmaps/y/status". Empty parts are left out; names are percent-encoded.
  [[nodiscard]] std::string path(std::string_view namespace_, std::string_view name = {},
                                 std::string_view subresource = {}) const;
  // "configmaps", "leases.coordination.k8s.io": for messages.
  [[nodiscard]] std::string display() const;
};

// Whether it can stand for a namespace or an object in a path: not empty, ".", "..", and without '/' and '%', which the
// server would decode into other places.
[[nodiscard]] bool valid_segment(std::string_view name);

struct ObjectKey {
  std::string namespace_;  // "" for what is in no namespace
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
  [[nodiscard]] std::string display() const;  // "namespace/name"
};

struct Object {
  ObjectKey key;
  std::string uid;
  std::string resource_version;  // opaque: compare for equality only
  std::int64_t generation = 0;
  bool deleting = false;  // has a deletionTimestamp
  std::string json;
};

// Any bytes. invalid_input unless it is a JSON object with metadata.name.
[[nodiscard]] Result<Object> parse_object(std::string json);

}  // namespace stackscaler::kube
