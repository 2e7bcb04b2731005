// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

namespace stackscaler {

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warn: return "warn";
    case LogLevel::error: return "error";
  }
  return "error";
}

}  // namespace stackscaler
