// SPDX-License-Identifier: Apache-2.0
#include "ports/journal.hpp"

namespace stackscaler::ports {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::intended: return "intended";
    case Phase::planned: return "planned";
    case Phase::applying: return "applying";
    case Phase::succeeded: return "succeeded";
    case Phase::failed: return "failed";
    case Phase::abandoned: return "abandoned";
  }
  return "intended";
}

bool finished(Phase phase) {
  return phase == Phase::succeeded || phase == Phase::failed || phase == Phase::abandoned;
}

}  // namespace stackscaler::ports
