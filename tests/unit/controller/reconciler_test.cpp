// SPDX-License-Identifier: Apache-2.0
#include "controller/reconciler.hpp"

#include <gtest/gtest.h>

#include "fakes.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

using Scales = std::vector<FakeDriver::Scale>;

TEST(ReconcilerTest, FollowsTheMetricUpAndDown) {
  World w;
  w.metrics.cpu = 90;
  w.add(policy_of("web"));
  w.start();

  w.clock.advance(1s);
  EXPECT_EQ(w.driver.scaled, (Scales{{3, 4}}));

  w.metrics.cpu = 10;
  w.clock.advance(4min);
  EXPECT_EQ(w.driver.scaled, (Scales{{3, 4}}));  // scaleDown cooldown is 5m
  w.clock.advance(2min);
  EXPECT_EQ(w.driver.scaled, (Scales{{3, 4}, {4, 3}}));
}

TEST(Law3OffUntilEnabled, TheLoopDecidesAndReportsButChangesNothing) {
  World w(ports::GateSettings{});
  w.metrics.cpu = 90;
  w.add(policy_of("web"));
  w.start();

  w.clock.advance(10min);

  EXPECT_TRUE(w.driver.scaled.empty());
  ASSERT_FALSE(w.status.written.empty());
  EXPECT_EQ(w.status.written.back().desired_instances, 4);
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Ready")->reason, "NotEnabled");
}

TEST(Law3OffUntilEnabled, SuspendAndDryRunOfOnePolicyLeaveTheOthersAlone) {
  World w;
  w.metrics.cpu = 90;
  auto dry = policy_of("dry");
  dry->spec.dry_run = true;
  auto suspended = policy_of("suspended");
  suspended->spec.suspend = true;
  w.add(dry);
  w.add(suspended);
  w.start();
  w.clock.advance(2min);
  EXPECT_TRUE(w.driver.scaled.empty());

  w.add(policy_of("web"));
  w.clock.advance(2min);
  EXPECT_FALSE(w.driver.scaled.empty());
}

TEST(ReconcilerTest, ARunningOperationsProgressIsWrittenEveryFifteenSecondsAndLoggedEveryThirty) {
  World w;
  w.metrics.cpu = 90;
  w.driver.steps = {"ten", "twenty", "thirty", "forty", "fifty", "sixty"};
  w.add(policy_of("web"));
  w.start();

  w.clock.advance(59s);
  std::vector<std::string> written;
  for (const policy::Status& status : w.status.written) {
    if (status.operation) written.push_back(status.operation->progress);
  }
  EXPECT_EQ(written, (std::vector<std::string>{"", "twenty", "forty"}));
  w.clock.advance(2s);
  std::vector<std::string> logged;
  for (const std::string& line : w.log.lines()) {
    if (line.starts_with("info operation ")) logged.push_back(line.substr(line.find("progress=")));
  }
  EXPECT_EQ(logged, (std::vector<std::string>{"progress=", "progress=thirty", "progress=sixty"}));
  EXPECT_TRUE(w.log.contains("debug operation"));
}

TEST(Law2NoDataNoChangeDown, AnOutageOfTheMetricsHoldsTheCount) {
  World w;
  w.metrics.cpu = std::nullopt;
  w.metrics.missing = "connection refused";
  w.add(policy_of("web"));
  w.start();

  w.clock.advance(1h);

  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "MetricsAvailable")->status,
            policy::ConditionStatus::false_);
  EXPECT_EQ(w.status.written.back().metrics[0].missing, "connection refused");
}

ReconcilerSettings without_outside_hold() {
  ReconcilerSettings settings;
  settings.outside_hold = Duration(0);
  return settings;
}

TEST(Law6RealityWins, AChangeRestsOnACountReadInTheSameTurn) {
  World w({.enabled = true}, without_outside_hold());
  w.add(policy_of("web"));
  w.start();
  w.clock.advance(1s);
  const int observed = w.driver.observed;
  w.driver.count = 6;  // somebody else has scaled; the cached reading says 3
  w.metrics.cpu = 90;

  w.clock.advance(30s);

  EXPECT_EQ(w.driver.scaled, (Scales{{6, 7}}));
  EXPECT_GT(w.driver.observed, observed);
}

TEST(Law6RealityWins, TheLastReadingServesUntilItIsOldOrTheStateChanges) {
  World w;
  auto p = policy_of("web", 10s);
  p->spec.stack.state_refresh = 5min;
  w.add(p);
  w.start();

  w.clock.advance(4min);
  EXPECT_EQ(w.driver.observed, 1);
  w.driver.changed = true;
  w.clock.advance(10s);
  EXPECT_EQ(w.driver.observed, 2);
  w.clock.advance(6min);
  EXPECT_EQ(w.driver.observed, 3);
}

TEST(Law12UnknownIsNotZero, AStateThatChangedIsSaidAndNothingIsDone) {
  World w;
  w.metrics.cpu = 90;
  for (int i = 0; i < 1000; ++i) {
    w.driver.fail_observe.emplace_back(ErrorKind::invalid_input, policy::reason::kStateChanged, "another lineage");
  }
  w.add(policy_of("web"));
  w.start();

  w.clock.advance(30min);

  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_LE(w.status.written.size(), 7U);  // the first, then a refresh every five minutes
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Stalled")->reason, "StateChanged");
  EXPECT_FALSE(w.status.written.back().current_instances);
  EXPECT_LT(w.driver.observed, 60);  // backoff
}

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

TEST(ReconcilerTest, StatusIsWrittenForChangesOnlyAndRefreshedEveryFiveMinutes) {
  World w;
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(1s);
  EXPECT_EQ(w.status.written.size(), 1U);
  w.metrics.cpu = 51;
  w.clock.advance(4min);
  EXPECT_EQ(w.status.written.size(), 1U);
  w.clock.advance(90s);
  EXPECT_EQ(w.status.written.size(), 2U);
}

TEST(ReconcilerTest, AStatusThatCantBeWrittenIsTriedAgainAfterAWhileNotAtEveryTurn) {
  World w;
  w.status.failures = 3;
  w.add(policy_of("web", 1s));
  w.start();

  w.clock.advance(65s);
  EXPECT_EQ(w.status.attempts, 3);
  w.clock.advance(30s);
  EXPECT_EQ(w.status.attempts, 4);
  EXPECT_EQ(w.status.written.size(), 1U);
}

TEST(ReconcilerTest, ARunningOperationIsInTheStatus) {
  World w;
  w.metrics.cpu = 90;
  w.driver.apply_time = 2min;
  w.add(policy_of("web"));
  w.start();

  w.clock.advance(30s);
  ASSERT_TRUE(w.status.written.back().operation);
  EXPECT_EQ(w.status.written.back().operation->phase, "Applying");
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Reconciling")->status, policy::ConditionStatus::true_);

  w.metrics.cpu = 50;
  w.clock.advance(3min);
  EXPECT_FALSE(w.status.written.back().operation);
  EXPECT_EQ(w.status.written.back().current_instances, 4);
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Ready")->status, policy::ConditionStatus::true_);
}

TEST(ReconcilerTest, TheCooldownSurvivesARestart) {
  World w;
  w.metrics.cpu = 10;
  ports::OperationRecord last;
  last.from = 2;
  last.to = 3;
  last.count_after = 3;
  last.ended = w.clock.wall_now() - 1min;
  w.journal.applied["web"] = last;
  w.add(policy_of("web"));
  w.start();

  w.clock.advance(3min);
  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_EQ(w.status.written.front().last_decision->reason, "ScaleDownCooldown");
  w.clock.advance(2min);
  EXPECT_EQ(w.driver.scaled, (Scales{{3, 2}}));
}

TEST(ReconcilerTest, AScalingByHandStartsTheCooldownToo) {
  World w;
  w.add(policy_of("web"));
  w.start();
  w.clock.advance(1s);

  ports::OperationRecord by_hand;
  by_hand.from = 3;
  by_hand.to = 5;
  by_hand.count_after = 5;
  by_hand.ended = w.clock.wall_now();
  w.journal.applied["web"] = by_hand;
  w.driver.count = 5;
  w.driver.changed = true;
  w.metrics.cpu = 10;
  w.clock.advance(4min);
  EXPECT_TRUE(w.driver.scaled.empty());
  w.clock.advance(2min);
  EXPECT_EQ(w.driver.scaled, (Scales{{5, 4}}));
}

TEST(Law5WrittenBeforeDone, NothingIsChangedOnTopOfAnOperationThatIsStillOpen) {
  World w;
  w.metrics.cpu = 90;
  ports::OperationRecord open;
  open.id = "left-open";
  open.stack = "web";
  w.reconciler.expect_recovery(open);
  w.main.spawn("recover", w.reconciler.recover(open));
  w.add(policy_of("web", 2s));
  w.start();

  w.clock.advance(9s);
  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Ready")->reason, "Recovering");

  w.clock.advance(5s);
  EXPECT_EQ(w.driver.recovered->id, "left-open");
  EXPECT_FALSE(w.driver.scaled.empty());
}

TEST(Law5WrittenBeforeDone, ARecoveryThatFailsIsTriedAgainAndSaysWhy) {
  World w;
  w.metrics.cpu = 90;
  w.driver.fail_recover = 2;
  ports::OperationRecord open;
  open.id = "left-open";
  open.stack = "web";
  w.reconciler.expect_recovery(open);
  w.main.spawn("recover", w.reconciler.recover(open));
  w.add(policy_of("web", 2s));
  w.start();

  w.clock.advance(13s);
  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Ready")->message,
            "an operation of an earlier process is open: no state");

  w.clock.advance(1min);
  EXPECT_TRUE(w.driver.recovered);
  EXPECT_FALSE(w.driver.scaled.empty());
}

TEST(Law5WrittenBeforeDone, ARecoveryThatKeepsFailingDoesNotHoldUpTheStop) {
  World w;
  w.driver.fail_recover = 1000;
  ports::OperationRecord open;
  open.stack = "web";
  w.reconciler.expect_recovery(open);
  w.main.spawn("recover", w.reconciler.recover(open));
  w.clock.advance(1h);

  w.gate.close_for_stop();
  w.clock.advance(15s);

  EXPECT_EQ(w.main.size(), 0U);
}

TEST(ReconcilerTest, TwoPoliciesForOneStackTheFirstByPathManages) {
  World w;
  w.metrics.cpu = 90;
  auto second = policy_of("b-web");
  second->spec.stack.id = "web";
  auto first = policy_of("a-web");
  first->spec.stack.id = "web";
  w.add(second);
  w.add(first);
  w.start();

  w.clock.advance(2s);

  EXPECT_EQ(w.driver.scaled, (Scales{{3, 4}}));
  EXPECT_TRUE(w.log.contains("reason=StackAlreadyManaged err=policy default/a-web manages this stack already"));
}

TEST(ReconcilerTest, TheOneThatTheJournalShowsManagesEvenIfItComesLaterByPath) {
  World w;
  w.metrics.cpu = 90;
  ports::DecisionRecord earlier;
  earlier.policy = "default/b-web";
  earlier.stack = "web";
  w.journal.decisions.push_back(earlier);
  for (const std::string name : {"a-web", "b-web"}) {
    auto policy = policy_of(name);
    policy->spec.stack.id = "web";
    w.add(policy);
  }
  w.start();

  w.clock.advance(2s);

  EXPECT_EQ(w.driver.scaled, (Scales{{3, 4}}));
  EXPECT_TRUE(w.log.contains("reason=StackAlreadyManaged err=policy default/b-web manages this stack already"));
}

TEST(Law9SayWhy, OneInfoLineADecisionAndOneJournalRecordAChange) {
  World w;
  w.add(policy_of("web", 5min));
  w.start();

  w.clock.advance(1h);

  const auto lines = w.log.lines();
  const auto said =
      std::count_if(lines.begin(), lines.end(), [](const std::string& l) { return l.starts_with("info reconciled"); });
  // The second turn comes at a random time within the first interval: within a minute it says nothing new.
  EXPECT_GE(said, w.metrics.reads - 1);
  EXPECT_LE(said, w.metrics.reads);
  EXPECT_EQ(w.journal.decisions.size(), 1U);
  EXPECT_EQ(w.journal.decisions[0].reason, "DesiredWithinRange");
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

TEST(CountChangedOutside, TheLoopLeavesTheStackAloneForAWhileAndSaysSo) {
  World w;
  w.add(policy_of("web", 10s));
  w.start();
  w.clock.advance(20s);
  w.driver.count = 6;  // a pipeline's apply
  w.driver.changed = true;
  w.metrics.cpu = 90;

  w.clock.advance(4min);
  EXPECT_TRUE(w.driver.scaled.empty());
  const auto* ready = policy::find_condition(w.status.written.back(), "Ready");
  EXPECT_EQ(ready->reason, "CountChangedOutside");
  EXPECT_EQ(ready->message, "the count changed from 3 to 6 outside Stackscaler; it is left alone for 5m");
  EXPECT_TRUE(w.log.contains("another hand changed the count"));

  w.clock.advance(90s);
  ASSERT_FALSE(w.driver.scaled.empty());
  EXPECT_EQ(w.driver.scaled.front(), (FakeDriver::Scale{6, 7}));
}

TEST(CountChangedOutside, IsNoticedAcrossARestart) {
  World w;
  ports::OperationRecord last;
  last.requested_by = "policy default/web";
  last.from = 2;
  last.to = 5;
  last.count_after = 5;
  last.ended = w.clock.wall_now() - 1h;
  w.journal.applied["web"] = last;
  w.metrics.cpu = 90;  // and the state holds 3
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(4min);
  EXPECT_TRUE(w.driver.scaled.empty());
  w.clock.advance(2min);
  EXPECT_FALSE(w.driver.scaled.empty());
}

TEST(CountChangedOutside, OurOwnScalingIsNot) {
  World w;
  w.metrics.cpu = 90;
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(10min);

  EXPECT_GT(w.driver.scaled.size(), 4U);
  EXPECT_FALSE(w.log.contains("another hand changed the count"));
}

TEST(CountChangedOutside, WhatAnOperationOfOursThatIsStillOpenDoesIsNot) {
  World w;
  w.driver.fail_recover = 1;
  ports::OperationRecord open;
  open.id = "left-open";
  open.stack = "web";
  w.reconciler.expect_recovery(open);
  w.add(policy_of("web", 1s));
  w.start();
  w.clock.advance(3s);
  w.driver.count = 4;  // its apply goes on
  w.driver.changed = true;
  w.clock.advance(3s);

  open.requested_by = "policy default/web";
  open.from = 3;
  open.to = 4;
  open.count_after = 4;
  open.ended = w.clock.wall_now();
  w.journal.applied["web"] = open;
  w.main.spawn("recover", w.reconciler.recover(open));
  w.clock.advance(30s);

  EXPECT_TRUE(w.driver.recovered);
  EXPECT_FALSE(w.log.contains("another hand changed the count"));
}

TEST(CountChangedOutside, NorWhatAnOperationOfAnotherProcessDoesThatHasNotEnded) {
  World w;
  w.add(policy_of("web", 1s));
  w.start();
  w.clock.advance(3s);
  ports::OperationRecord running;
  running.requested_by = "policy default/web";
  running.from = 3;
  running.to = 5;
  running.phase = ports::Phase::applying;
  w.journal.applied["web"] = running;
  w.driver.count = 4;
  w.driver.changed = true;

  w.clock.advance(1min);

  EXPECT_FALSE(w.log.contains("another hand changed the count"));
}

TEST(PossibleOrphans, StayInTheStatusUntilAnOperationSucceeds) {
  World w;
  ports::OperationRecord died;
  died.id = "died";
  died.stack = "web";
  died.outcome = "in creation were terraform_data.app[3]";
  w.journal.orphans = died;
  w.add(policy_of("web", 10s));
  w.start();
  w.clock.advance(1min);

  const auto* shown = policy::find_condition(w.status.written.back(), "PossibleOrphans");
  ASSERT_NE(shown, nullptr);
  EXPECT_EQ(shown->status, policy::ConditionStatus::true_);
  EXPECT_EQ(shown->reason, "PossibleOrphans");
  EXPECT_EQ(shown->message, "operation died: in creation were terraform_data.app[3]");
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Ready")->status, policy::ConditionStatus::true_);

  w.metrics.cpu = 90;
  w.clock.advance(1min);
  ASSERT_FALSE(w.driver.scaled.empty());
  shown = policy::find_condition(w.status.written.back(), "PossibleOrphans");
  ASSERT_NE(shown, nullptr);
  EXPECT_EQ(shown->status, policy::ConditionStatus::false_);
}

TEST(PossibleOrphans, ComeIntoTheStatusWhenARecoveryFindsThem) {
  World w;
  ports::OperationRecord open;
  open.id = "died";
  open.stack = "web";
  w.reconciler.expect_recovery(open);
  w.add(policy_of("web", 10s));
  w.start();
  w.clock.advance(1min);
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "PossibleOrphans"), nullptr);

  w.journal.orphans = open;
  w.main.spawn("recover", w.reconciler.recover(open));
  w.clock.advance(1min);

  EXPECT_NE(policy::find_condition(w.status.written.back(), "PossibleOrphans"), nullptr);
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

}  // namespace
}  // namespace stackscaler::controller
