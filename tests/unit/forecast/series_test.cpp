// SPDX-License-Identifier: Apache-2.0
#include "forecast/series.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace stackscaler::forecast {
namespace {

TEST(SeriesTest, KeepsPositionsWhenTheOldestAreDropped) {
  Series series(4);
  for (int i = 0; i < 10; ++i) series.add(static_cast<float>(i));

  EXPECT_EQ(series.end(), 10);
  EXPECT_FALSE(series.holds(5));
  EXPECT_TRUE(series.holds(6));
  EXPECT_DOUBLE_EQ(series.mean(0, 9), 7.5);
  EXPECT_DOUBLE_EQ(series.max(7, 8), 8);
  EXPECT_TRUE(std::isnan(series.mean(2, 4)));
}

TEST(SeriesTest, PassesOverWhatIsMissing) {
  Series series(8);
  series.add(1);
  series.add(NAN);
  series.add(3);

  EXPECT_DOUBLE_EQ(series.mean(0, 2), 2);
  EXPECT_DOUBLE_EQ(series.max(0, 1), 1);
  EXPECT_FALSE(series.complete(0, 2));
  EXPECT_TRUE(series.complete(2, 2));
  series.replace_last(5);
  EXPECT_DOUBLE_EQ(series.max(0, 2), 5);
}

}  // namespace
}  // namespace stackscaler::forecast
