// SPDX-License-Identifier: Apache-2.0
#include "forecast/boot_time.hpp"

#include <algorithm>
#include <utility>

namespace stackscaler::forecast {

void BootTime::observe(WallTime now, int current, std::optional<int> reporting, Duration warmup) {
  const bool known = turn_ && now >= *turn_ && now - *turn_ <= kLongest;
  if (!known || current < count_) ordered_.reset();
  // What is ordered while others boot is part of the same wait.
  const bool rose = known && current > count_;
  if (rose && !ordered_) ordered_ = turn_;
  if (rose && !reporting) {
    add(now - *ordered_ + warmup);
    ordered_.reset();
  }
  if (ordered_ && now - *ordered_ > kLongest) ordered_.reset();
  if (ordered_ && reporting && *reporting >= current) {
    add(now - *ordered_);
    ordered_.reset();
  }
  turn_ = now;
  count_ = current;
}

void BootTime::add(Duration took) {
  if (measured_.size() >= kKept) measured_.erase(measured_.begin());
  measured_.push_back(std::min(took, kLongest));
}

std::optional<Duration> BootTime::usual() const {
  if (measured_.size() < kFewest) return std::nullopt;
  std::vector<Duration> sorted = measured_;
  std::sort(sorted.begin(), sorted.end());
  return sorted[(sorted.size() * 3 - 1) / 4];
}

void BootTime::restore(std::vector<Duration> measured) {
  if (measured.size() > kKept) measured.erase(measured.begin(), measured.end() - kKept);
  measured_ = std::move(measured);
}

}  // namespace stackscaler::forecast
