// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace stackscaler {

std::string Random::id() {
  return fmt::format("{:016x}", engine_());
}

Duration backoff_delay(Random& random, int attempt, Duration first, Duration cap) {
  const int doublings = std::clamp(attempt - 1, 0, 30);
  const double full = std::min(static_cast<double>(first.count()) * static_cast<double>(1LL << doublings),
                               static_cast<double>(cap.count()));
  return Duration(static_cast<Duration::rep>(full * (0.5 + 0.5 * random.unit())));
}

}  // namespace stackscaler
