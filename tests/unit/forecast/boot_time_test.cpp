// SPDX-License-Identifier: Apache-2.0
#include "forecast/boot_time.hpp"

#include <gtest/gtest.h>

namespace stackscaler::forecast {
namespace {

using namespace std::chrono_literals;

// Turns a minute apart: the count, and how many report.
struct Turn {
  int count;
  std::optional<int> reporting;
};

BootTime seen(const std::vector<Turn>& turns) {
  BootTime out;
  WallTime now(1h);
  for (const Turn& turn : turns) {
    out.observe(now, turn.count, turn.reporting, 3min);
    now += 1min;
  }
  return out;
}

TEST(BootTimeTest, IsFromTheTurnThatOrderedToTheFirstInWhichAllReport) {
  const BootTime boots = seen({{2, 2}, {4, 2}, {4, 3}, {4, 4}, {4, 4}});

  EXPECT_EQ(boots.measured(), std::vector<Duration>{3min});
}

TEST(BootTimeTest, WhatIsOrderedMeanwhileIsPartOfTheSameWait) {
  const BootTime boots = seen({{2, 2}, {3, 2}, {4, 3}, {4, 3}, {4, 4}});

  EXPECT_EQ(boots.measured(), std::vector<Duration>{4min});
}

TEST(BootTimeTest, TheWarmUpStandsForTheBootWhereNobodyTellsHowManyReport) {
  const BootTime boots = seen({{2, {}}, {4, {}}, {4, {}}});

  EXPECT_EQ(boots.measured(), std::vector<Duration>{4min});
}

TEST(BootTimeTest, ACountThatFallsMeanwhileIsNoMeasurement) {
  EXPECT_TRUE(seen({{2, 2}, {4, 2}, {3, 2}, {3, 3}}).measured().empty());
}

TEST(BootTimeTest, AWaitThatNeverEndsIsNoMeasurement) {
  std::vector<Turn> turns{{2, 2}, {4, 2}};
  turns.insert(turns.end(), 130, Turn{4, 3});
  turns.push_back({4, 4});

  EXPECT_TRUE(seen(turns).measured().empty());
}

TEST(BootTimeTest, ACountThatIsThereAtTheFirstTurnIsNoMeasurement) {
  EXPECT_TRUE(seen({{4, 2}, {4, 4}}).measured().empty());
}

TEST(BootTimeTest, ThreeOfFourKeepToWhatIsUsual) {
  BootTime boots;
  boots.restore({5min, 5min});
  EXPECT_FALSE(boots.usual());

  boots.restore({4min, 9min, 5min, 6min});
  EXPECT_EQ(boots.usual(), 6min);
}

TEST(BootTimeTest, OnlyTheLastFewCount) {
  BootTime boots;
  boots.restore(std::vector<Duration>(40, 9min));
  EXPECT_EQ(boots.measured().size(), BootTime::kKept);

  WallTime now(1h);
  for (int i = 0; i < 12; ++i) {
    boots.observe(now, i, i, 3min);
    boots.observe(now + 2min, i + 1, i + 1, 3min);
    now += 2min;
  }
  EXPECT_EQ(boots.measured().size(), BootTime::kKept);
  EXPECT_EQ(boots.usual(), 2min);
}

}  // namespace
}  // namespace stackscaler::forecast
