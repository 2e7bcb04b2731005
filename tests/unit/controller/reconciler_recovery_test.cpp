// SPDX-License-Identifier: Apache-2.0
//
// What other processes and other hands did: open operations, counts that changed, orphans.
#include "controller/reconciler.hpp"

#include <gtest/gtest.h>

#include "fakes.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

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

  EXPECT_GT(w.driver.scaled.size(), 2U);
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

}  // namespace
}  // namespace stackscaler::controller
