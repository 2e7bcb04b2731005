// SPDX-License-Identifier: Apache-2.0
#include "forecast/forecaster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

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
  EXPECT_NEAR(outlook->soon, of_day(morning + 15), 0.35);
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

// How often the highest need of the window in which an order serves was above what was forecast for it.
double share_above(double noise) {
  Forecaster forecaster(ForecastSettings{0.1, 5min, std::chrono::days(14)});
  std::mt19937 engine(3);
  std::normal_distribution<double> unit(0, 1);
  std::vector<double> needs;
  std::vector<double> soon;
  for (int i = 0; i < 6000; ++i) {
    needs.push_back(5 * std::exp(noise * unit(engine) - noise * noise / 2));
    forecaster.observe(at(i), needs.back());
    const auto outlook = forecaster.outlook();
    soon.push_back(outlook ? outlook->soon : 0);
  }
  int above = 0;
  const int first = 3000;
  const int last = 6000 - 20;
  for (int i = first; i < last; ++i) {
    const auto begin = needs.begin() + i;
    above += *std::max_element(begin + 6, begin + 17) > soon[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  return static_cast<double>(above) / (last - first);
}

TEST(ForecasterTest, KeepsToTheRiskWhereErrorsAreOrdinary) {
  EXPECT_NEAR(share_above(0.1), 0.1, 0.05);
}

TEST(ForecasterTest, TakesMoreRiskWhereTheLoadIsMostlyNoise) {
  EXPECT_GT(share_above(0.8), 0.2);
}

TEST(ForecasterTest, TheSameMinutesAgainBringBackTheSameForecast) {
  const auto a = learned(5000).outlook();
  const auto b = learned(5000).outlook();

  EXPECT_EQ(a->soon, b->soon);
  EXPECT_EQ(a->longer, b->longer);
}

TEST(ForecasterTest, WhatOneHeldTeachesAnotherTheSame) {
  Forecaster a = learned(3000);
  for (int i = 3100; i < 5000; ++i) a.observe(at(i), of_day(i));  // a gap is in it
  Forecaster b(ForecastSettings{0.1, 5min, std::chrono::days(14)});

  b.learn(a.past());

  EXPECT_EQ(b.last(), a.last());
  EXPECT_EQ(b.seen(), a.seen());
  EXPECT_NEAR(b.outlook()->soon, a.outlook()->soon, 1e-3);
  EXPECT_NEAR(b.outlook()->longer, a.outlook()->longer, 1e-3);
}

TEST(ForecasterTest, HoldsNoMoreThanItsHistory) {
  Forecaster forecaster(ForecastSettings{0.1, 5min, 24h});
  for (int i = 0; i < 5000; ++i) forecaster.observe(at(i), 4);

  const Past past = forecaster.past();

  EXPECT_EQ(past.needs.size(), 1440U + 30);
  EXPECT_EQ(past.first + static_cast<std::int64_t>(past.needs.size()), 5000);
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
