// SPDX-License-Identifier: Apache-2.0
//
// Call: one request on its way through the API: what the path and the query name, checked. Private to src/api.
//
// A getter returns nothing after it has put the refusal into `refused`: the route returns that.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/detail/json.hpp"
#include "http/message.hpp"
#include "policy/types.hpp"

namespace stackscaler::api {

struct Route;

struct Call {
  explicit Call(http::IncomingRequest request_) : request(std::move(request_)) {}

  http::IncomingRequest request;
  const Route* route = nullptr;
  std::map<std::string, std::string, std::less<>> path;   // decoded
  std::map<std::string, std::string, std::less<>> query;  // decoded
  std::optional<http::Response> refused;

  void refuse(std::string_view detail, std::string_view action);
  [[nodiscard]] std::string_view query_text(std::string_view name) const;

  [[nodiscard]] std::optional<std::string> stack_id();
  [[nodiscard]] std::optional<std::string> operation_id();
  [[nodiscard]] std::optional<policy::PolicyKey> policy_key();
  [[nodiscard]] std::optional<Duration> wait();
  // Seconds below 1000 or minutes, such as 90s and 5m.
  [[nodiscard]] std::optional<Duration> duration(std::string_view name, Duration otherwise, int most_minutes);
  // From 0.05 to 1.
  [[nodiscard]] std::optional<double> share(std::string_view name, double otherwise);
  [[nodiscard]] std::optional<int> limit();
  [[nodiscard]] std::optional<std::int64_t> before();
  // Outer: refused. Inner: not given.
  [[nodiscard]] std::optional<std::optional<WallTime>> time(std::string_view name);
  // The body as a JSON object whose fields are among these; {} for none at all where that is allowed.
  [[nodiscard]] std::optional<detail::Json> body(std::initializer_list<std::string_view> fields, bool needed);
};

namespace detail {

[[nodiscard]] bool valid_stack(std::string_view text);
// In characters, as the document counts.
[[nodiscard]] std::size_t length_of(const std::string& text);
[[nodiscard]] bool valid_namespace(std::string_view text);
[[nodiscard]] bool valid_name(std::string_view text);

[[nodiscard]] http::Response json_answer(int status, const Json& json);
[[nodiscard]] http::Response json_text(int status, std::string text);

}  // namespace detail
}  // namespace stackscaler::api
