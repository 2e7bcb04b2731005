// SPDX-License-Identifier: Apache-2.0
//
// What Client and Stream share: the check of a request, its head as bytes, its name in messages. Private to src/http.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "http/message.hpp"

namespace stackscaler::http::detail {

inline constexpr std::uint32_t kHeaderLimit = 64 * 1024;
inline constexpr int kMaxInterim = 8;  // 1xx answers before the real one

// "GET http://host:port/path".
[[nodiscard]] std::string context_of(const Request& request);
// invalid_input for what can't be sent. The text names a header and never its value.
[[nodiscard]] Result<void> check(const Request& request);
// Head and body.
void write_head(std::string& out, const Request& request, const std::string& authority);

}  // namespace stackscaler::http::detail
