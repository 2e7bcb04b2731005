// SPDX-License-Identifier: Apache-2.0
#include "controller/lateness.hpp"

#include <gtest/gtest.h>

namespace stackscaler::controller {
namespace {

using namespace std::chrono_literals;

TEST(LatenessTest, PercentilesAreExactToABucket) {
  Lateness l;
  EXPECT_EQ(l.percentile(0.5), 0ms);
  for (int i = 0; i < 98; ++i) l.add(2ms);
  l.add(400ms);
  l.add(3000ms);

  EXPECT_GE(l.percentile(0.5), 2ms);
  EXPECT_LE(l.percentile(0.5), 3ms);
  EXPECT_GE(l.percentile(0.99), 400ms);
  EXPECT_LE(l.percentile(0.99), 520ms);
  EXPECT_EQ(l.percentile(1.0), 3000ms);
  EXPECT_EQ(l.max(), 3000ms);
}

TEST(LatenessTest, EarlyAndHugeDelaysStayInside) {
  Lateness l;
  l.add(-5ms);
  l.add(Duration(1LL << 40));

  EXPECT_EQ(l.percentile(0.1), 1ms);
  EXPECT_EQ(l.max(), Duration(1LL << 40));
}

}  // namespace
}  // namespace stackscaler::controller
