// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4, by OpenSSL), as 64 lower-case hexadecimal digits. For identity and change detection, not for
// passwords.
#pragma once

#include <string>
#include <string_view>

namespace stackscaler {

[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace stackscaler
