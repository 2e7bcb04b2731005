// SPDX-License-Identifier: Apache-2.0
#include "controller/loop.hpp"

#include <gtest/gtest.h>

#include "fakes.hpp"

namespace stackscaler::controller {
namespace {

TEST(LoopTest, KeepsAFixedPaceFromAJitteredStart) {
  World w;
  w.add(policy_of("web", 30s));
  w.start();

  w.clock.advance(1s);
  EXPECT_EQ(w.metrics.reads, 1);
  w.clock.advance(30s);
  const int reads = w.metrics.reads;
  EXPECT_GE(reads, 2);  // the second turn comes anywhere within the interval
  w.clock.advance(1h);
  EXPECT_EQ(w.metrics.reads, reads + 120);
}

TEST(LoopTest, AChangedSpecIsWorkedOnAtOnceAndAnEqualOneIsNot) {
  World w;
  w.add(policy_of("web", 5min));
  w.start();
  w.clock.advance(1s);
  ASSERT_EQ(w.metrics.reads, 1);

  w.add(policy_of("web", 5min));
  w.clock.advance(1s);
  EXPECT_EQ(w.metrics.reads, 1);

  auto edited = policy_of("web", 5min);
  edited->spec_digest = "digest-2";
  w.add(edited);
  w.clock.advance(0s);
  EXPECT_EQ(w.metrics.reads, 2);
  EXPECT_EQ(w.status.written.back().observed_generation, 2);
}

TEST(LoopTest, ARemovedPolicyHasNoMoreTurnsAndItsStackIsLeftAlone) {
  World w;
  w.metrics.cpu = 10;
  w.add(policy_of("web", 30s));
  w.start();
  w.clock.advance(1s);
  const auto scaled = w.driver.scaled;

  w.loop.remove(policy_of("web")->key);
  w.clock.advance(1h);

  EXPECT_EQ(w.metrics.reads, 1);
  EXPECT_EQ(w.driver.scaled, scaled);
}

TEST(Law1OnlyWhatWasDecided, APolicyThatIsRemovedDuringItsTurnChangesNothing) {
  World w;
  w.metrics.cpu = 90;
  w.metrics.on_read = [&] { w.loop.remove(policy_of("web")->key); };
  w.add(policy_of("web"));
  w.start();

  w.clock.advance(2s);

  EXPECT_EQ(w.metrics.reads, 1);
  EXPECT_TRUE(w.driver.scaled.empty());
}

TEST(Law1OnlyWhatWasDecided, APolicyThatIsSuspendedDuringItsTurnChangesNothing) {
  World w;
  w.metrics.cpu = 90;
  auto suspended = policy_of("web");
  suspended->spec.suspend = true;
  suspended->spec_digest = "digest-2";
  w.metrics.on_read = [&] { w.loop.upsert(suspended); };
  w.add(policy_of("web"));
  w.start();

  w.clock.advance(2min);

  EXPECT_GT(w.metrics.reads, 1);
  EXPECT_TRUE(w.driver.scaled.empty());
}

TEST(LoopTest, APolicyThatIsRemovedWhileItsStackIsReadLeavesNoClaimBehind) {
  World w;
  auto first = policy_of("a");
  auto second = policy_of("b");
  second->spec.stack.id = first->spec.stack.id = "web";
  bool removed = false;
  w.driver.on_observe = [&] {
    if (!removed) w.loop.remove(first->key);
    removed = true;
  };
  w.metrics.cpu = 90;
  w.add(first);
  w.start();
  w.clock.advance(2s);
  ASSERT_TRUE(removed);

  w.add(second);
  w.clock.advance(1min);

  EXPECT_FALSE(w.driver.scaled.empty());
}

TEST(Law4OneHandPerStack, NoSecondChangeWhileOneRuns) {
  World w;
  w.metrics.cpu = 90;
  w.driver.apply_time = 10min;
  w.add(policy_of("web", 1s));
  w.start();

  w.clock.advance(5min);
  EXPECT_EQ(w.driver.most_at_once, 1);
  w.clock.advance(2h);
  EXPECT_EQ(w.driver.most_at_once, 1);
  EXPECT_GT(w.driver.scaled.size(), 3U);
}

TEST(LoopTest, ALongApplyOfOneStackDoesNotHoldUpTheOthers) {
  World w;
  w.metrics.cpu = 90;
  w.driver.apply_time = 1h;
  for (int i = 0; i < 300; ++i) w.add(policy_of("s" + std::to_string(i), 10s));
  w.start();
  w.clock.advance(2s);
  EXPECT_EQ(w.driver.most_at_once, 300);  // more than there are workers: the driver bounds them, not the loop

  w.metrics.cpu = 50;
  w.add(policy_of("late", 10s));
  const int before = w.metrics.reads;
  w.clock.advance(1min);
  EXPECT_GE(w.metrics.reads, before + 5);
}

TEST(Law13LetItFinish, AfterStopNothingNewStartsAndWhatRunsEnds) {
  World w;
  w.metrics.cpu = 90;
  w.driver.apply_time = 10min;
  w.add(policy_of("web", 10s));
  w.start();
  w.clock.advance(2s);
  ASSERT_EQ(w.driver.at_once, 1);
  const int reads = w.metrics.reads;

  w.gate.close_for_stop();
  w.loop.stop();
  w.main.spawn("drain", w.loop.drain());
  w.clock.advance(5min);
  EXPECT_EQ(w.driver.at_once, 1);
  w.clock.advance(6min);

  EXPECT_EQ(w.driver.scaled.size(), 1U);
  EXPECT_EQ(w.metrics.reads, reads);
  EXPECT_EQ(w.status.written.back().current_instances, 4);  // the status is true at the end
  EXPECT_EQ(w.main.size(), 0U);
}

TEST(LoopTest, ATurnThatThrowsGivesItsPlaceBackAndThePolicyIsTriedAgain) {
  World w;
  w.metrics.throws = 3;
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(2min);

  EXPECT_TRUE(w.log.contains("error a turn failed policy=default/web err=fault"));
  EXPECT_GT(w.status.written.size(), 0U);
}

TEST(Law10LevelNotEdge, ATurnReadsWhatIsThereNowNotWhatCausedIt) {
  World w;
  auto first = policy_of("web", 30s);
  w.add(first);
  auto second = policy_of("web", 30s);
  second->spec.bounds = {7, 9};
  second->spec_digest = "digest-2";
  w.add(second);  // before any turn: the first version was never worked on
  w.start();

  w.clock.advance(1s);

  EXPECT_EQ(w.driver.scaled, (std::vector<FakeDriver::Scale>{{3, 7}}));
}

}  // namespace
}  // namespace stackscaler::controller
