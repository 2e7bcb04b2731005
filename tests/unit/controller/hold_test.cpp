// SPDX-License-Identifier: Apache-2.0
#include "controller/hold.hpp"

#include <gtest/gtest.h>

#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

using namespace std::chrono_literals;
namespace reason = policy::reason;

constexpr SteadyTime kStart{std::chrono::hours(100)};

Hold::Reason because(std::string_view why) {
  return Hold::Reason{std::string(why), "it did not work"};
}

class HoldTest : public testing::Test {
 protected:
  // How long it holds after another failure at `now`.
  Duration held(SteadyTime now) {
    hold_.failed(because(reason::kPlanRefused), basis_, now, random_);
    Duration time{};
    while (hold_.holds(basis_, now + time)) time += 1s;
    return time;
  }
  Random random_{7};
  Hold hold_;
  HoldBasis basis_{"digest", "stamp"};
};

TEST_F(HoldTest, GrowsFromAMinuteToHalfAnHour) {
  SteadyTime now = kStart;
  std::vector<Duration> waits;
  for (int i = 0; i < 8; ++i) {
    waits.push_back(held(now));
    now += waits.back();
  }

  EXPECT_GE(waits.front(), 30s);
  EXPECT_LE(waits.front(), 61s);
  EXPECT_GE(waits.back(), 15min);
  EXPECT_LE(waits.back(), 30min + 1s);
}

TEST_F(HoldTest, EndsWhenTheSpecOrTheConfigurationChanges) {
  hold_.failed(because(reason::kPlanRefused), basis_, kStart, random_);

  EXPECT_TRUE(hold_.holds(basis_, kStart));
  EXPECT_FALSE(hold_.holds({"digest-2", "stamp"}, kStart));
  EXPECT_FALSE(hold_.holds({"digest", "stamp-2"}, kStart));
}

TEST_F(HoldTest, AChangeBeginsTheCountAnew) {
  for (int i = 0; i < 9; ++i) hold_.failed(because(reason::kPlanRefused), basis_, kStart, random_);

  hold_.failed(because(reason::kPlanRefused), {"digest-2", "stamp"}, kStart, random_);

  EXPECT_EQ(hold_.failures(), 1);
  EXPECT_FALSE(hold_.stalled());
}

TEST_F(HoldTest, QuietTurnsForgetOnlyAfterAnHour) {
  (void)held(kStart);
  (void)held(kStart);

  hold_.quiet(kStart + 59min);
  EXPECT_EQ(hold_.failures(), 2);
  hold_.quiet(kStart + 61min);
  EXPECT_EQ(hold_.failures(), 0);
}

TEST_F(HoldTest, WhatOnlyAChangeMendsIsStalledAtOnceAndLookedAtHourly) {
  hold_.failed(because(reason::kConfigInvalid), basis_, kStart, random_);

  EXPECT_TRUE(hold_.stalled());
  EXPECT_TRUE(hold_.holds(basis_, kStart + 59min));
  EXPECT_FALSE(hold_.holds(basis_, kStart + 1h));
}

TEST_F(HoldTest, IsStalledAfterTenFailuresAndNoMoreAfterASuccess) {
  for (int i = 0; i < Hold::kStalledAfter; ++i) {
    EXPECT_FALSE(hold_.stalled()) << i;
    (void)held(kStart);
  }
  EXPECT_TRUE(hold_.stalled());

  hold_.succeeded();
  EXPECT_FALSE(hold_.stalled());
  EXPECT_FALSE(hold_.holds(basis_, kStart));
}

}  // namespace
}  // namespace stackscaler::controller
