// SPDX-License-Identifier: Apache-2.0
//
// One line of a watch, and one page of a list, read. Private to src/kube.
//
// Any bytes. Errors: invalid_input for what no API server says; what it says of itself (ERROR) is an event. Source:
// Kubernetes API concepts, "Efficient detection of changes".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "kube/resource.hpp"

namespace stackscaler::kube::detail {

struct WatchEvent {
  enum class Type { upsert, remove, bookmark, error };
  Type type = Type::bookmark;
  std::string resource_version;  // of all but error
  Object object;                 // of upsert and remove
  std::optional<Error> error;
};
[[nodiscard]] Result<WatchEvent> parse_event(std::string_view line);

struct ListPage {
  std::vector<Object> objects;
  std::string resource_version;
  std::string continue_token;  // empty: the last page
};
[[nodiscard]] Result<ListPage> parse_page(std::string_view body);

}  // namespace stackscaler::kube::detail
