// SPDX-License-Identifier: Apache-2.0
//
// Lateness: how late turns started, as a histogram of fixed size: bucket i holds delays below 1.3^i milliseconds, so a
// percentile is exact to 30 %.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.hpp"

namespace stackscaler::controller {

class Lateness {
 public:
  void add(Duration delay);
  // The upper edge of the bucket in which that share (0..1) of the turns ends; 0 when there were none.
  [[nodiscard]] Duration percentile(double share) const;
  [[nodiscard]] Duration max() const { return max_; }

 private:
  std::array<std::uint64_t, 48> buckets_{};
  std::uint64_t total_ = 0;
  Duration max_{};
};

}  // namespace stackscaler::controller
