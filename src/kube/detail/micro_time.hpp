// SPDX-License-Identifier: Apache-2.0
//
// MicroTime, as Kubernetes writes it: RFC 3339 with exactly six digits of a second. Private to src/kube.
#pragma once

#include <string>

#include "base/time.hpp"

namespace stackscaler::kube::detail {

[[nodiscard]] inline std::string format_micro(WallTime time) {
  std::string text = format_rfc3339_ms(time);
  text.insert(text.size() - 1, "000");
  return text;
}

}  // namespace stackscaler::kube::detail
