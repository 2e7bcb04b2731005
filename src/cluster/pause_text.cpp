// SPDX-License-Identifier: Apache-2.0
#include "cluster/pause_text.hpp"

#include <algorithm>

namespace stackscaler::cluster {

std::string pause_sentence(std::string_view where, std::string_view value) {
  constexpr std::size_t kMaxReason = 256;
  if (value == "false") return {};
  std::size_t length = std::min(value.size(), kMaxReason);
  // Not within a character.
  while (length < value.size() && length > 0 && (static_cast<unsigned char>(value[length]) & 0xC0U) == 0x80U) --length;
  std::string why(value.substr(0, length));
  std::replace_if(why.begin(), why.end(), [](unsigned char c) { return c < 0x20U || c == 0x7FU; }, ' ');
  std::string out = "stopped by ";
  out.append(where);
  if (!why.empty() && why != "true") out.append(": ").append(why);
  return out;
}

}  // namespace stackscaler::cluster
