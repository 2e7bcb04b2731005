// SPDX-License-Identifier: Apache-2.0
#include "controller/lateness.hpp"

#include <algorithm>
#include <cmath>

namespace stackscaler::controller {

void Lateness::add(Duration delay) {
  const double ms = static_cast<double>(std::max<Duration::rep>(delay.count(), 0));
  const auto bucket = ms < 1 ? 0 : static_cast<std::size_t>(std::log(ms) / std::log(1.3)) + 1;
  ++buckets_[std::min(bucket, buckets_.size() - 1)];
  ++total_;
  max_ = std::max(max_, delay);
}

Duration Lateness::percentile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size() && total_ != 0; ++i) {
    seen += buckets_[i];
    if (seen < wanted) continue;
    const Duration edge(static_cast<Duration::rep>(std::ceil(std::pow(1.3, static_cast<double>(i)))));
    return std::min(edge, std::max(max_, Duration(1)));
  }
  return Duration(0);
}

}  // namespace stackscaler::controller
