// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

namespace stackscaler {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_input: return "invalid_input";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::unauthorized: return "unauthorized";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

Error Error::with_context(std::string_view what) && {
  std::string text(what);
  text.append(": ").append(message_);
  message_ = std::move(text);
  return std::move(*this);
}

}  // namespace stackscaler
