// SPDX-License-Identifier: Apache-2.0
#include "simulate/measures.hpp"

#include <gtest/gtest.h>

namespace stackscaler::simulate {
namespace {

using namespace std::chrono_literals;

TEST(MeasuresTest, FollowTheirFormulas) {
  Meter meter(1min);
  meter.tick(0.8, 1, 1, 1);  // 80 %: not above
  meter.tick(1.7, 2, 3, 3);  // 85 %; one of three missing
  meter.tick(3.0, 2, 3, 4);  // 100 %; two of four missing, 1 lost; supply still, demand up
  meter.tick(0.5, 3, 3, 1);  // two idle for one needed; supply up, demand down

  const Measures m = meter.finish(6);

  EXPECT_DOUBLE_EQ(m.instance_hours, 10.0 / 60);
  EXPECT_DOUBLE_EQ(m.cost, 1);
  EXPECT_DOUBLE_EQ(m.minutes_above_80, 2);
  EXPECT_DOUBLE_EQ(m.minutes_above_90, 1);
  EXPECT_DOUBLE_EQ(m.theta_u, 100.0 / 4 * (1.0 / 3 + 2.0 / 4));
  EXPECT_DOUBLE_EQ(m.theta_o, 100.0 / 4 * 2);
  EXPECT_DOUBLE_EQ(m.tau_u, 50);
  EXPECT_DOUBLE_EQ(m.tau_o, 25);
  EXPECT_DOUBLE_EQ(m.upsilon, 100.0 * 2 / 3);
  EXPECT_DOUBLE_EQ(m.lost_load, 1.0 / 60);
  EXPECT_DOUBLE_EQ(m.offered_load, 6.0 / 60);
}

TEST(MeasuresTest, AReversalWithinAQuarterOfAnHourIsAFlap) {
  Meter meter(1min);
  meter.action(1, WallTime(0min));
  meter.action(2, WallTime(1min));    // the same direction
  meter.action(-1, WallTime(16min));  // 15 minutes later: a flap
  meter.action(1, WallTime(32min));   // 16 minutes later: none

  const Measures m = meter.finish(0);

  EXPECT_EQ(m.actions, 4);
  EXPECT_EQ(m.flaps, 1);
}

TEST(MeasuresTest, NothingToServeIsNoUse) {
  EXPECT_EQ(utilization(0, 0), 0);
  EXPECT_EQ(utilization(1, 0), 100);
  EXPECT_EQ(utilization(5, 2), 100);
  EXPECT_EQ(utilization(1, 2), 50);
}

}  // namespace
}  // namespace stackscaler::simulate
