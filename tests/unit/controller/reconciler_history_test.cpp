// SPDX-License-Identifier: Apache-2.0
//
// What decisions know of the past after a restart.
#include "controller/reconciler.hpp"

#include <gtest/gtest.h>

#include "fakes.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

using Scales = std::vector<FakeDriver::Scale>;

TEST(StabilizationAcrossARestart, TheWindowGoesOnWhereItWas) {
  const auto windowed = [] {
    auto p = policy_of("web", 10s);
    p->spec.behavior.scale_down.stabilization_window = 5min;
    p->spec.behavior.scale_down.cooldown = Duration(0);
    return p;
  };
  FakeJournal kept;
  {
    World w;
    w.add(windowed());
    w.start();
    w.clock.advance(1min);
    w.metrics.cpu = 10;
    w.clock.advance(4min);
    EXPECT_TRUE(w.driver.scaled.empty());  // 3 was needed within the window
    kept.recommended = w.journal.recommended;
  }
  World w;
  w.journal.recommended = kept.recommended;
  w.clock.advance(5min);  // the clocks agree: a World's begins anew
  w.metrics.cpu = 10;
  w.add(windowed());
  w.start();

  w.clock.advance(50s);
  EXPECT_TRUE(w.driver.scaled.empty());
  w.clock.advance(30s);
  EXPECT_EQ(w.driver.scaled.front(), (FakeDriver::Scale{3, 2}));
}

TEST(StabilizationAcrossARestart, ANewPolicyWaitsAWholeWindow) {
  World w;
  auto p = policy_of("web", 10s);
  p->spec.behavior.scale_down.stabilization_window = 5min;
  p->spec.behavior.scale_down.cooldown = Duration(0);
  w.metrics.cpu = 10;
  w.add(p);
  w.start();

  w.clock.advance(4min + 55s);
  EXPECT_TRUE(w.driver.scaled.empty());
  w.clock.advance(30s);
  EXPECT_FALSE(w.driver.scaled.empty());
}

TEST(RatePolicyAcrossARestart, WhatTheJournalSawCounts) {
  World w;
  auto p = policy_of("web", 10s);
  p->spec.behavior.scale_up.policies = {{2, false, 10min}};
  p->spec.behavior.scale_up.cooldown = Duration(0);
  w.journal.all_scalings = {{"web", w.clock.wall_now() - 2min, 1, 3}};
  w.metrics.cpu = 90;
  w.add(p);
  w.start();

  w.clock.advance(7min);
  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_EQ(w.status.written.back().last_decision->reason, "ScaleUpLimit");
  w.clock.advance(90s);
  EXPECT_EQ(w.driver.scaled.front(), (FakeDriver::Scale{3, 4}));
}

}  // namespace
}  // namespace stackscaler::controller
