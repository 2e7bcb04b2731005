// SPDX-License-Identifier: Apache-2.0
//
// Breaker: leaves a server alone that keeps failing.
//
// Closed: everybody may ask. After kFailures in a row it is open for a while that doubles each time (30 s to 15 min,
// with jitter); then one may try (half-open): success closes it, failure opens it again. open_for() opens it at once,
// for a server that says how long. What it is not: a clock or a sender. Threads: the loop's.
#pragma once

#include <algorithm>
#include <optional>

#include "base/random.hpp"
#include "base/time.hpp"

namespace stackscaler::advisor {

class Breaker {
 public:
  static constexpr int kFailures = 3;
  static constexpr Duration kFirst = std::chrono::seconds(30);
  static constexpr Duration kLongest = std::chrono::minutes(15);

  // True if one may ask now; then succeeded(), failed() or given_up() must follow.
  [[nodiscard]] bool admit(SteadyTime now) {
    if (!open_until_) return true;
    if (now < *open_until_) return false;
    if (probing_since_ && now - *probing_since_ < kProbeLasts) return false;
    probing_since_ = now;
    return true;
  }
  void succeeded() {
    failures_ = 0;
    opened_ = 0;
    close();
  }
  void failed(SteadyTime now, Random& random) {
    probing_since_.reset();
    if (++failures_ < kFailures && !open_until_) return;
    open_for(backoff_delay(random, std::min(++opened_, kMostDoublings), kFirst, kLongest), now);
  }
  // Neither: the asker was stopped.
  void given_up() { probing_since_.reset(); }
  void open_for(Duration duration, SteadyTime now) {
    probing_since_.reset();
    const SteadyTime until = now + duration;
    if (!open_until_ || *open_until_ < until) open_until_ = until;
  }
  [[nodiscard]] bool open(SteadyTime now) const { return open_until_ && now < *open_until_; }

 private:
  static constexpr int kMostDoublings = 20;
  static constexpr Duration kProbeLasts = std::chrono::minutes(5);  // longer than any question: its asker is gone
  void close() {
    probing_since_.reset();
    open_until_.reset();
  }
  int failures_ = 0;
  int opened_ = 0;
  std::optional<SteadyTime> probing_since_;
  std::optional<SteadyTime> open_until_;
};

}  // namespace stackscaler::advisor
