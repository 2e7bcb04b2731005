// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <gtest/gtest.h>

namespace stackscaler {
namespace {

using namespace std::chrono_literals;

TEST(BackoffTest, DoublesUpToTheCapAndNeverFallsBelowHalf) {
  Random random(1);

  for (int attempt = 1; attempt < 80; ++attempt) {
    const Duration full = attempt < 6 ? Duration(1000LL << (attempt - 1)) : Duration(30'000);
    const Duration delay = backoff_delay(random, attempt, 1s, 30s);
    EXPECT_LE(delay, std::min<Duration>(full, 30s)) << attempt;
    EXPECT_GE(delay, std::min<Duration>(full, 30s) / 2) << attempt;
  }
}

TEST(RandomTest, SameSeedSameSequence) {
  Random a(7);
  Random b(7);

  const std::string id = a.id();
  EXPECT_EQ(id, b.id());
  EXPECT_EQ(id.size(), 16U);
  EXPECT_EQ(a.jitter(10s, 0.1), b.jitter(10s, 0.1));
}

}  // namespace
}  // namespace stackscaler
