// SPDX-License-Identifier: Apache-2.0
//
// Text helpers of the parser: what may stand in a YAML text at all, columns, and the nearest known word.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stackscaler::policy::detail {

struct BadByte {
  std::size_t offset = 0;
  std::size_t line = 1;
  std::size_t column = 1;  // in bytes
  std::string message;
};

// The first byte that is not UTF-8, or a control character that YAML forbids (NUL; also 0x04, which yaml-cpp takes for
// the end of the text).
[[nodiscard]] std::optional<BadByte> find_bad_byte(std::string_view text);

// The length of the well-formed UTF-8 sequence at the front, 0 if there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

// Fit for a message: without characters that are not shown, and at most `limit` bytes, cut between characters and
// marked with "…".
[[nodiscard]] std::string shorten(std::string_view text, std::size_t limit);

// The known word that `word` was probably meant to be, or empty.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace stackscaler::policy::detail
