// SPDX-License-Identifier: Apache-2.0
//
// Random: the program's one source of chance (jitter, ids), injected so that tests repeat.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "base/time.hpp"

namespace stackscaler {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  // Uniform in [0, 1).
  [[nodiscard]] double unit() { return std::uniform_real_distribution<double>(0.0, 1.0)(engine_); }
  // `base` times a factor drawn uniformly from [1 - spread, 1 + spread].
  [[nodiscard]] Duration jitter(Duration base, double spread) {
    const double factor = 1.0 + spread * (2.0 * unit() - 1.0);
    return Duration(static_cast<Duration::rep>(static_cast<double>(base.count()) * factor));
  }
  // 16 hexadecimal digits.
  [[nodiscard]] std::string id();

 private:
  std::mt19937_64 engine_;
};

// Exponential backoff with full jitter above half: attempt 1 is about `first`, doubled each time up to `cap`,
// then multiplied by a factor in [0.5, 1].
[[nodiscard]] Duration backoff_delay(Random& random, int attempt, Duration first, Duration cap);

}  // namespace stackscaler
