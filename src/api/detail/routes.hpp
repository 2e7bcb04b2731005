// SPDX-License-Identifier: Apache-2.0
//
// The table of routes, and finding the one of a path. Private to src/api.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.hpp"
#include "api/detail/call.hpp"

namespace stackscaler::api {

struct Route {
  http::Method method;
  std::string_view pattern;  // "/api/v1/policies/{namespace}/{name}"
  boost::asio::awaitable<http::Response> (Api::*run)(Call&);
  std::vector<std::string_view> query{};  // the parameters that it takes
};

struct RouteTable {
  [[nodiscard]] static std::span<const Route> all();
  // Null: no such path with this method; then `allow` lists the methods that there are, or is empty.
  [[nodiscard]] static const Route* find(Call& call, std::string& allow);
};

}  // namespace stackscaler::api
