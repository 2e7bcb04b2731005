// SPDX-License-Identifier: Apache-2.0
//
// JSON as it comes from an API server: any bytes, bounded in depth, never an exception. Private to src/kube.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "kube/resource.hpp"

namespace stackscaler::kube::detail {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxDepth = 200;

// invalid_input for what is no JSON or nested deeper than kMaxDepth. The text never holds what was read.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

// As text; bytes that are no UTF-8 as U+FFFD.
[[nodiscard]] std::string dump(const Json& json);

// The member, or a null that is there for good; also when `json` is no object.
[[nodiscard]] const Json& member(const Json& json, std::string_view name);
// Its text, or empty when it is missing or no string.
[[nodiscard]] std::string text(const Json& json, std::string_view name);
// Its number, or 0 when it is missing or no integer.
[[nodiscard]] std::int64_t integer(const Json& json, std::string_view name);

// The fields of an object without its text. invalid_input when it has no metadata.name.
[[nodiscard]] Result<Object> object_of(const Json& json);

// One line of at most `limit` bytes without control characters, cut at a character.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit);
// At most `limit` bytes, cut at a character.
[[nodiscard]] std::string cut(std::string_view text, std::size_t limit);

}  // namespace stackscaler::kube::detail
