// SPDX-License-Identifier: Apache-2.0
#include "controller/boot_timer.hpp"

#include <gtest/gtest.h>

#include "fakes.hpp"

namespace stackscaler::controller {
namespace {

WallTime at(Duration since) {
  return WallTime(std::chrono::hours(1)) + since;
}

TEST(BootTimer, GivesTheTimeFromTheEndOfTheScaleUpToTheFirstLookAtWhichAllReport) {
  BootTimer timer;
  timer.scaled(2, 4, at(0s));

  EXPECT_EQ(timer.look(4, 2, at(30s)), std::nullopt);
  EXPECT_EQ(timer.look(4, 3, at(60s)), std::nullopt);
  EXPECT_EQ(timer.look(4, 4, at(90s)), 90s);
  EXPECT_EQ(timer.look(4, 4, at(120s)), std::nullopt);  // once
}

TEST(BootTimer, ALookThatCanNotTellWhoReportsChangesNothing) {
  BootTimer timer;
  timer.scaled(2, 3, at(0s));

  EXPECT_EQ(timer.look(3, std::nullopt, at(30s)), std::nullopt);
  EXPECT_EQ(timer.look(3, 3, at(60s)), 60s);
}

TEST(BootTimer, MeasuresNothingOnTheWayDown) {
  BootTimer timer;
  timer.scaled(4, 3, at(0s));

  EXPECT_EQ(timer.look(3, 3, at(30s)), std::nullopt);
}

TEST(BootTimer, ACountThatAnotherHandChangedEndsTheMeasuring) {
  BootTimer timer;
  timer.scaled(2, 4, at(0s));

  EXPECT_EQ(timer.look(3, 3, at(30s)), std::nullopt);
  EXPECT_EQ(timer.look(4, 4, at(60s)), std::nullopt);
}

TEST(BootTimer, InstancesThatNeverReportAreNotMeasured) {
  BootTimer timer;
  timer.scaled(2, 3, at(0s));

  EXPECT_EQ(timer.look(3, 2, at(61min)), std::nullopt);
  EXPECT_EQ(timer.look(3, 3, at(62min)), std::nullopt);
}

TEST(BootTimer, AClockThatWentBackMeasuresNothing) {
  BootTimer timer;
  timer.scaled(2, 3, at(0s));

  EXPECT_EQ(timer.look(3, 3, at(-5s)), std::nullopt);
}

TEST(UsualBootTime, IsTheMedianAndOneSlowStartDoesNotMoveIt) {
  EXPECT_EQ(usual_boot_time({}), std::nullopt);
  EXPECT_EQ(usual_boot_time({50s}), 50s);
  EXPECT_EQ(usual_boot_time({40s, 50s}), 50s);
  EXPECT_EQ(usual_boot_time({40s, 900s, 50s, 45s, 55s}), 50s);
}

// 3 instances at 90 % with scaleUp 75: one more is ordered, and reports 40 s after the apply.
struct BootingWorld {
  BootingWorld() {
    auto p = policy_of("web", 10s);
    p->spec.bounds.max = 4;
    world.metrics.cpu = 90;
    world.metrics.reporting = 3;
    world.metrics.on_read = [this] {
      if (world.driver.count == 4 && !scaled) scaled = world.clock.wall_now();
      if (scaled && world.clock.wall_now() - *scaled >= 40s) world.metrics.reporting = 4;
    };
    world.add(p);
    world.start();
  }
  World world;
  std::optional<WallTime> scaled;
};

TEST(WarmupAuto, IsMeasuredByTheLoopAndKeptInTheJournal) {
  BootingWorld booting;
  booting.world.clock.advance(3min);

  ASSERT_EQ(booting.world.driver.scaled.size(), 1U);
  const auto& kept = booting.world.journal.booted["web"];
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_GE(kept.begin()->second, 40s);
  EXPECT_LE(kept.begin()->second, 60s);  // one look more, and the look at which the fake noticed
}

// How often a stack whose load stays too high is raised within a minute.
std::size_t raised_within_a_minute(std::optional<Duration> measured) {
  World w;
  if (measured) w.journal.booted["web"][WallTime(5s)] = *measured;
  auto p = policy_of("web", 10s);
  p->spec.behavior.scale_up.cooldown = Duration(0);
  w.metrics.cpu = 90;
  w.add(p);
  w.start();
  w.clock.advance(1min);
  return w.driver.scaled.size();
}

TEST(WarmupAuto, ARestartKnowsWhatWasMeasured) {
  EXPECT_EQ(raised_within_a_minute(std::nullopt), 1U);  // three minutes until it is measured
  EXPECT_GE(raised_within_a_minute(20s), 2U);
}

}  // namespace
}  // namespace stackscaler::controller
