// SPDX-License-Identifier: Apache-2.0
//
// RFC 4648 base64; decoding is strict but for white space between the characters. Private to src/kube.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stackscaler::kube::detail {

// Unset for what is no base64.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

}  // namespace stackscaler::kube::detail
