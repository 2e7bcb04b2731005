// SPDX-License-Identifier: Apache-2.0
#include "forecast/forecaster.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace stackscaler::forecast {
namespace {

using namespace std::chrono_literals;

// A working day: two at night, ten at noon, every day.
double of_day(int minute) {
  return 6 - 4 * std::cos(2 * std::numbers::pi * minute / 1440.0);
}

WallTime at(int minute) {
  return WallTime(std::chrono::minutes(minute + 1));
}

Forecaster learned(int minutes, double (*need)(int) = of_day) {
  Forecaster out(ForecastSettings{0.1, 5min, std::chrono::days(14)});
  for (int i = 0; i < minutes; ++i) out.observe(at(i), need(i));
  return out;
}

TEST(ForecasterTest, SaysNothingWithoutAnHourOfHistory) {
  EXPECT_FALSE(learned(59).outlook());
  EXPECT_TRUE(learned(60).outlook());
}

TEST(ForecasterTest, SeesTheMorningRiseAhead) {
  const int morning = 3 * 1440 + 6 * 60;
  const Forecaster forecaster = learned(morning);

  const auto outlook = forecaster.outlook();

  ASSERT_TRUE(outlook);
  EXPECT_GT(outlook->soon, of_day(morning) + 0.02);
  EXPECT_NEAR(outlook->soon, of_day(morning + 11), 0.35);
  EXPECT_GE(outlook->longer, outlook->soon);
}

TEST(ForecasterTest, ASteadyLoadIsForecastAsItIs) {
  const auto outlook = learned(2000, [](int) { return 4.0; }).outlook();

  EXPECT_NEAR(outlook->soon, 4, 0.1);
  EXPECT_NEAR(outlook->longer, 4, 0.1);
  EXPECT_FALSE(outlook->surge);
}

TEST(ForecasterTest, CarriesASteepRiseOn) {
  Forecaster forecaster = learned(3 * 1440, [](int) { return 4.0; });
  for (int i = 0; i < 6; ++i) forecaster.observe(at(3 * 1440 + i), 4 + i);

  const auto outlook = forecaster.outlook();

  EXPECT_TRUE(outlook->surge);
  EXPECT_GT(outlook->soon, 12);
}

TEST(ForecasterTest, TheSameMinutesAgainBringBackTheSameForecast) {
  const auto a = learned(5000).outlook();
  const auto b = learned(5000).outlook();

  EXPECT_EQ(a->soon, b->soon);
  EXPECT_EQ(a->longer, b->longer);
}

TEST(ForecasterTest, SeveralObservationsInAMinuteAreOne) {
  Forecaster a(ForecastSettings{});
  Forecaster b(ForecastSettings{});
  for (int i = 0; i < 200; ++i) {
    a.observe(at(i), 4);
    b.observe(at(i) - 30s, 3);
    b.observe(at(i), 5);
  }

  EXPECT_EQ(b.seen(), 200min);
  EXPECT_NEAR(a.outlook()->longer, b.outlook()->longer, 1.0);
}

TEST(ForecasterTest, NonsenseAndThePastArePassedOver) {
  Forecaster forecaster = learned(100);
  const auto before = forecaster.outlook();

  forecaster.observe(at(100), NAN);
  forecaster.observe(at(100), -1);
  forecaster.observe(at(20), 1e9);

  EXPECT_EQ(forecaster.seen(), 100min);
  EXPECT_EQ(forecaster.outlook()->soon, before->soon);
}

TEST(ForecasterTest, AGapIsNoLoad) {
  Forecaster forecaster = learned(2000, [](int) { return 4.0; });
  forecaster.observe(at(2200), 4);
  for (int i = 2201; i < 2300; ++i) forecaster.observe(at(i), 4);

  const auto outlook = forecaster.outlook();

  ASSERT_TRUE(outlook);
  EXPECT_NEAR(outlook->soon, 4, 0.2);
  EXPECT_EQ(forecaster.seen(), 2300min);
}

TEST(ForecasterTest, AVeryLongGapBeginsAnew) {
  Forecaster forecaster = learned(2000);
  forecaster.observe(at(2000 + 1440 * 60), 4);

  EXPECT_EQ(forecaster.seen(), 1min);
}

TEST(ForecasterTest, NinetyDaysFitIntoAMegabyte) {
  Forecaster forecaster(ForecastSettings{0.1, 5min, std::chrono::days(90)});
  for (int i = 0; i < 95 * 1440; ++i) forecaster.observe(at(i), of_day(i));

  EXPECT_LT(forecaster.bytes(), 1U << 20U);
}

}  // namespace
}  // namespace stackscaler::forecast
