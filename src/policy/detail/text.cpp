// SPDX-License-Identifier: Apache-2.0
#include "policy/detail/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace stackscaler::policy::detail {
namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
}

std::string folded(std::string_view word) {
  std::string out;
  for (const char c : word) {
    if (c == '_' || c == '-') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

// What a terminal or a log reader would act on instead of showing it: controls (Unicode's Cc), line and paragraph
// separators, and marks that turn the direction of writing.
bool is_unprintable(std::string_view text) {
  const unsigned a = byte_at(text, 0);
  const unsigned b = byte_at(text, 1);
  const unsigned c = byte_at(text, 2);
  if (a < 0x20U || a == 0x7FU) return true;
  if (a == 0xC2U) return b < 0xA0U;
  if (a == 0xE2U && b == 0x80U) return c == 0x8EU || c == 0x8FU || (c >= 0xA8U && c <= 0xAEU);
  return a == 0xE2U && b == 0x81U && c >= 0xA6U && c <= 0xA9U;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

// Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t utf8_length(std::string_view text) {
  const unsigned a = byte_at(text, 0);
  const unsigned b = byte_at(text, 1);
  const auto tail = [&](std::size_t i) { return (byte_at(text, i) & 0xC0U) == 0x80U; };
  if (text.empty()) return 0;
  if (a < 0x80U) return 1;
  if (a >= 0xC2U && a <= 0xDFU) return tail(1) ? 2 : 0;
  if (a >= 0xE0U && a <= 0xEFU) {
    const bool second = tail(1) && !(a == 0xE0U && b < 0xA0U) && !(a == 0xEDU && b > 0x9FU);
    return second && tail(2) ? 3 : 0;
  }
  if (a >= 0xF0U && a <= 0xF4U) {
    const bool second = tail(1) && !(a == 0xF0U && b < 0x90U) && !(a == 0xF4U && b > 0x8FU);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

std::optional<BadByte> find_bad_byte(std::string_view text) {
  std::size_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const unsigned c = byte_at(text, i);
    const std::size_t length = utf8_length(text.substr(i));
    const bool control = (c < 0x20U && c != '\t' && c != '\n' && c != '\r') || c == 0x7FU;
    if (length == 0 || control) {
      const bool wide = i == 0 && (c == 0xFFU || c == 0xFEU);
      const std::string_view what = wide          ? "is not UTF-8 but the start of UTF-16: save the file as UTF-8"
                                    : length == 0 ? "is not UTF-8"
                                                  : "is a control character, which YAML does not allow";
      return BadByte{i, line, i - line_start + 1, fmt::format("byte 0x{:02x} {}", c, what)};
    }
    if (c == '\n') {
      ++line;
      line_start = i + 1;
    }
    i += length;
  }
  return std::nullopt;
}

std::string shorten(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (out.size() + std::max<std::size_t>(length, 1) > limit) return out + "…";
    if (length == 0 || is_unprintable(text)) {
      out += byte_at(text, 0) < 0x20U ? " " : "?";
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > 40) return {};
  const std::string wanted = folded(word);
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, wanted.size() / 3 + 1);  // exclusive
  for (const std::string_view candidate : known) {
    const std::size_t d = distance(wanted, folded(candidate));
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace stackscaler::policy::detail
