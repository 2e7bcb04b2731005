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

}  // namespace
}  // namespace stackscaler::controller
