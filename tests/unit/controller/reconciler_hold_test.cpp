// SPDX-License-Identifier: Apache-2.0
//
// What was refused or has failed, plan checks, and the limits of the fleet.
#include "controller/reconciler.hpp"

#include <gtest/gtest.h>

#include "fakes.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

using Scales = std::vector<FakeDriver::Scale>;

TEST(ReconcilerTest, ARefusedPlanIsTriedAgainWithBackoffAndAtOnceWhenTheSpecChanges) {
  World w;
  w.metrics.cpu = 90;
  for (int i = 0; i < 3; ++i) {
    w.driver.fail_scale.emplace_back(ErrorKind::conflict, policy::reason::kPlanRefused, "delete aws_db_instance.x");
  }
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(20s);
  EXPECT_EQ(w.driver.fail_scale.size(), 2U);
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Stalled")->message, "delete aws_db_instance.x");

  auto edited = policy_of("web", 10s);
  edited->spec.bounds.max = 9;
  edited->spec_digest = "digest-2";
  w.add(edited);
  w.clock.advance(1s);
  EXPECT_EQ(w.driver.fail_scale.size(), 1U);

  w.clock.advance(29s);
  EXPECT_EQ(w.driver.fail_scale.size(), 1U);
  w.clock.advance(10min);
  EXPECT_EQ(w.driver.scaled.front(), (FakeDriver::Scale{3, 4}));
}

TEST(ReconcilerTest, AMetricThatSwingsAroundItsThresholdDoesNotDefeatTheBackoff) {
  World w;
  for (int i = 0; i < 1000; ++i) {
    w.driver.fail_scale.emplace_back(ErrorKind::unavailable, policy::reason::kApplyFailed, "no capacity");
  }
  w.metrics.on_read = [&] { w.metrics.cpu = w.metrics.reads % 2 == 0 ? 50 : 90; };
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(2h);

  EXPECT_LT(1000 - w.driver.fail_scale.size(), 14U);  // 1, 2, 4, 8, 16, 30, 30 … minutes
  EXPECT_GT(1000 - w.driver.fail_scale.size(), 5U);
}

TEST(ReconcilerTest, AChangedConfigurationEndsAHold) {
  World w;
  w.metrics.cpu = 90;
  w.driver.fail_scale.emplace_back(ErrorKind::invalid_input, policy::reason::kConfigInvalid,
                                   "main.tf:3: no such thing");
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(40min);
  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Stalled")->reason, "ConfigInvalid");
  w.driver.config_stamp = "2";
  w.clock.advance(11s);
  EXPECT_EQ(w.driver.scaled, (Scales{{3, 4}}));
}

TEST(ReconcilerTest, AFailureThatGoesOnIsStalledAndStillTriedAgain) {
  World w;
  w.metrics.cpu = 90;
  for (int i = 0; i < 12; ++i) {
    w.driver.fail_scale.emplace_back(ErrorKind::unavailable, policy::reason::kNetworkError, "no route to host");
  }
  w.add(policy_of("web", 1min));
  w.start();

  w.clock.advance(30min);
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Stalled")->status, policy::ConditionStatus::false_);
  w.clock.advance(8h);
  EXPECT_FALSE(w.driver.scaled.empty());
  const bool was_stalled = std::any_of(w.status.written.begin(), w.status.written.end(), [](const auto& status) {
    const auto* stalled = policy::find_condition(status, "Stalled");
    return stalled != nullptr && stalled->reason == policy::reason::kNetworkError;
  });
  EXPECT_TRUE(was_stalled);
}

TEST(ReconcilerTest, APolicyThatIsTurnedAwayIsNotAskedEveryFewSeconds) {
  World w;
  auto second = policy_of("b-web", 10s);
  second->spec.stack.id = "web";
  auto first = policy_of("a-web", 1h);
  first->spec.stack.id = "web";
  w.add(second);
  w.add(first);
  w.start();

  w.clock.advance(1h);

  EXPECT_LT(w.driver.observed, 60);
}

TEST(PlanCheck, KeepsPlanSafeFreshWithoutAScaling) {
  World w;
  auto p = policy_of("web", 10s);
  p->spec.stack.plan_check = 6h;
  ports::PlanReport bad;
  bad.refused = {"delete aws_db_instance.main (delete_because_no_resource_config)"};
  bad.refusal_reason = policy::reason::kPlanRefused;
  w.driver.plans.emplace_back(bad);
  w.driver.plans.emplace_back(fail(ErrorKind::unavailable, policy::reason::kPlanFailed, "no credentials"));
  w.add(p);
  w.start();

  w.clock.advance(11min);
  EXPECT_EQ(w.driver.planned, 1);
  auto safe = *policy::find_condition(w.status.written.back(), "PlanSafe");
  EXPECT_EQ(safe.status, policy::ConditionStatus::false_);
  EXPECT_EQ(safe.message,
            "a plan without a scaling holds changes, so scaling would be refused: delete aws_db_instance.main "
            "(delete_because_no_resource_config)");

  w.clock.advance(6h);
  EXPECT_EQ(w.driver.planned, 2);
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "PlanSafe")->status, policy::ConditionStatus::unknown);
  w.clock.advance(6h);
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "PlanSafe")->status, policy::ConditionStatus::true_);
  EXPECT_TRUE(w.driver.scaled.empty());
}

TEST(BlastRadius, WhatTheJournalSawDestroyedInTheLastHourCounts) {
  ReconcilerSettings settings;
  settings.fleet.max_destroyed_per_hour = 3;
  World w({.enabled = true}, settings);
  w.journal.all_scalings = {{"other", w.clock.wall_now() - 30min, 9, 6}, {"other", w.clock.wall_now() - 2h, 9, 1}};
  w.metrics.cpu = 10;
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(20min);
  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Ready")->reason, "FleetLimit");
  w.clock.advance(12min);
  EXPECT_FALSE(w.driver.scaled.empty());
}

TEST(BlastRadius, ManyThatWantToShrinkAtOnceAreAllHeld) {
  World w;
  for (int i = 0; i < 10; ++i) w.add(policy_of("web" + std::to_string(i), 10s));
  w.start();
  w.clock.advance(10min);
  w.metrics.cpu = 1;  // the exporter says nonsense everywhere

  w.clock.advance(30min);

  // The first may go before enough others have said the same.
  EXPECT_LE(w.driver.scaled.size(), 3U);
  int held = 0;
  for (const auto& status : w.status.written) {
    const auto* ready = policy::find_condition(status, "Ready");
    held += ready != nullptr && ready->reason == policy::reason::kFleetShrinking ? 1 : 0;
  }
  EXPECT_GE(held, 7);
  w.metrics.cpu = 90;
  const std::size_t before = w.driver.scaled.size();
  w.clock.advance(1min);
  EXPECT_GT(w.driver.scaled.size(), before);  // up goes on
}

TEST(BlastRadius, ABudgetThatIsSmallerThanTheStepMakesItSmaller) {
  ReconcilerSettings settings;
  settings.fleet.max_destroyed_per_hour = 2;
  World w({.enabled = true}, settings);
  auto p = policy_of("web", 10s);
  p->spec.bounds.max = 100;
  p->spec.metrics[0].threshold->step = {20, true};
  w.driver.count = 60;
  w.metrics.cpu = 10;
  w.add(p);
  w.start();

  w.clock.advance(5s);

  EXPECT_EQ(w.driver.scaled, (Scales{{60, 58}}));
}

TEST(BlastRadius, WhatAnotherProcessIsRemovingCountsToo) {
  ReconcilerSettings settings;
  settings.fleet.max_destroyed_per_hour = 3;
  World w({.enabled = true}, settings);
  ports::OperationRecord open;
  open.stack = "other";
  open.from = 9;
  open.to = 6;
  w.journal.open = {open};
  w.metrics.cpu = 10;
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(1min);

  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Ready")->reason, "FleetLimit");
}

TEST(Law2NoDataNoChangeDown, MetricsThatGoMissingDuringADrainEndTheScaleDown) {
  World w;
  w.metrics.cpu = 10;
  w.driver.on_drain = [&] { w.metrics.cpu = std::nullopt; };
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(5s);

  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_TRUE(w.log.contains("after the drain data is missing"));
}

TEST(ReconcilerTest, ALoadThatComesBackDuringADrainEndsTheScaleDown) {
  World w;
  w.metrics.cpu = 10;
  w.driver.on_drain = [&] { w.metrics.cpu = 90; };
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(30s);

  EXPECT_TRUE(w.log.contains("after the drain the metrics ask for 4"));
  EXPECT_EQ(w.driver.scaled.front(), (FakeDriver::Scale{3, 4})) << "and none went";
}

TEST(PlanCheck, SaysNothingOfACountThatChangedMeanwhile) {
  World w;
  auto p = policy_of("web", 10s);
  p->spec.stack.plan_check = 1min;
  w.driver.plan_time = 40s;
  ports::PlanReport stale;
  stale.refused = {"delete terraform_data.app[3] (not in the state)"};
  stale.refusal_reason = policy::reason::kPlanRefused;
  w.driver.plans.emplace_back(stale);
  w.add(p);
  w.start();
  while (w.driver.planned == 0) w.clock.advance(1s);

  w.metrics.cpu = 90;  // scaled while the plan runs
  w.clock.advance(41s);

  ASSERT_FALSE(w.driver.scaled.empty());
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "PlanSafe")->status, policy::ConditionStatus::true_);
}

}  // namespace
}  // namespace stackscaler::controller
