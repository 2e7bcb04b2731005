// SPDX-License-Identifier: Apache-2.0
#include "controller/boot_timer.hpp"

#include <algorithm>
#include <chrono>

namespace stackscaler::controller {
namespace {

// Whoever has not reported by then never will: a broken image, not a slow one.
constexpr Duration kLongest = std::chrono::hours(1);
constexpr Duration kShortest = std::chrono::seconds(1);

}  // namespace

void BootTimer::scaled(int from, int to, WallTime ended) {
  since_ = to > from ? std::optional(ended) : std::nullopt;
  count_ = to;
}

std::optional<Duration> BootTimer::look(int current, std::optional<int> reporting, WallTime now) {
  if (!since_) return std::nullopt;
  const Duration took = std::chrono::duration_cast<Duration>(now - *since_);
  if (current != count_ || took < Duration(0) || took > kLongest) {
    since_.reset();
    return std::nullopt;
  }
  if (!reporting || *reporting < current) return std::nullopt;
  since_.reset();
  return std::max(took, kShortest);
}

std::optional<Duration> usual_boot_time(std::vector<Duration> measured) {
  if (measured.empty()) return std::nullopt;
  const auto middle = measured.begin() + static_cast<std::ptrdiff_t>(measured.size() / 2);
  std::nth_element(measured.begin(), middle, measured.end());
  return *middle;
}

}  // namespace stackscaler::controller
