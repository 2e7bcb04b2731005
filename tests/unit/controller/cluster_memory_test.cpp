// SPDX-License-Identifier: Apache-2.0
//
// What a replica that comes to lead takes from the resource's status: its own journal knows nothing of another's work.
#include <gtest/gtest.h>

#include "fakes.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

using Scales = std::vector<FakeDriver::Scale>;

std::shared_ptr<policy::ScalingPolicy> resource(std::string name = "web") {
  auto p = policy_of(std::move(name), 10s);
  p->cluster.emplace();
  p->cluster->uid = "u-" + p->key.name;
  p->cluster->generation = 7;
  return p;
}

TEST(InACluster, TheGenerationIsTheResources) {
  World w;
  w.add(resource());
  w.start();
  w.clock.advance(5s);

  ASSERT_FALSE(w.status.written.empty());
  EXPECT_EQ(w.status.written.back().observed_generation, 7);
}

TEST(InACluster, ACooldownGoesOnOverAChangeOfTheLeader) {
  World w;
  w.clock.advance(1h);
  auto p = resource();
  p->spec.behavior.scale_down.cooldown = 5min;
  p->cluster->status.emplace();
  p->cluster->status->last_scale_time = w.clock.wall_now() - 1min;
  w.metrics.cpu = 10;
  w.add(p);
  w.start();

  w.clock.advance(3min);
  EXPECT_TRUE(w.driver.scaled.empty());
  w.clock.advance(2min);
  EXPECT_FALSE(w.driver.scaled.empty());
}

TEST(InACluster, AScaleTimeInTheFutureCountsAsNow) {
  World w;
  w.clock.advance(1h);
  auto p = resource();
  p->spec.behavior.scale_down.cooldown = 5min;
  p->cluster->status.emplace();
  p->cluster->status->last_scale_time = w.clock.wall_now() + 24h;
  w.metrics.cpu = 10;
  w.add(p);
  w.start();

  w.clock.advance(6min);
  EXPECT_FALSE(w.driver.scaled.empty());
}

TEST(InACluster, WhatHasNotChangedIsNotWrittenAgainByTheNextLeader) {
  policy::Status first;
  {
    World w;
    w.add(resource());
    w.start();
    w.clock.advance(25s);
    ASSERT_FALSE(w.status.written.empty());
    first = w.status.written.back();
  }
  World w;
  auto p = resource();
  p->cluster->status = first;
  w.add(p);
  w.start();

  w.clock.advance(25s);

  EXPECT_TRUE(w.status.written.empty());
}

TEST(InACluster, AnOperationThatAnotherReplicaLeftOpenIsSaidUntilOneSucceeds) {
  World w;
  auto p = resource();
  p->cluster->status.emplace();
  p->cluster->status->operation = policy::OperationStatus{"op-elsewhere", "Applying", 2, 3, WallTime(1s), ""};
  w.add(p);
  w.start();
  w.clock.advance(5s);

  ASSERT_FALSE(w.status.written.empty());
  const auto* orphans = policy::find_condition(w.status.written.back(), "PossibleOrphans");
  ASSERT_NE(orphans, nullptr);
  EXPECT_EQ(orphans->status, policy::ConditionStatus::true_);
  EXPECT_NE(orphans->message.find("op-elsewhere (2 -> 3)"), std::string::npos) << orphans->message;
  w.metrics.cpu = 90;
  w.clock.advance(30s);
  orphans = policy::find_condition(w.status.written.back(), "PossibleOrphans");
  EXPECT_EQ(orphans->status, policy::ConditionStatus::false_);
}

TEST(InACluster, TheOlderResourceManagesTheStackWhateverItsName) {
  World w;
  auto young = resource("a");
  young->spec.stack.id = "web";
  young->cluster->created = WallTime(100s);
  auto old = resource("z");
  old->spec.stack.id = "web";
  old->cluster->created = WallTime(50s);
  w.add(young);
  w.add(old);
  w.metrics.cpu = 90;
  w.start();
  w.clock.advance(5s);

  ASSERT_FALSE(w.journal.decisions.empty());
  for (const auto& decision : w.journal.decisions) EXPECT_EQ(decision.policy, "default/z");
}

TEST(InACluster, TheAnnotationStopsThePolicyAtOnceAndItsEndToo) {
  World w;
  auto p = policy_of("web", 10min);
  p->cluster.emplace();
  w.add(p);
  w.start();
  w.clock.advance(2s);
  w.metrics.cpu = 90;
  auto paused = std::make_shared<policy::ScalingPolicy>(*p);
  paused->cluster->paused = "stopped by the policy's annotation stackscaler.dev/pause: move";
  w.add(paused);
  w.clock.advance(1s);

  EXPECT_TRUE(w.driver.scaled.empty());
  ASSERT_FALSE(w.status.written.empty());
  const auto* ready = policy::find_condition(w.status.written.back(), "Ready");
  EXPECT_EQ(ready->reason, policy::reason::kPaused);
  EXPECT_NE(ready->message.find("move"), std::string::npos);
  w.add(std::make_shared<policy::ScalingPolicy>(*p));
  w.clock.advance(1s);
  EXPECT_EQ(w.driver.scaled, (Scales{{3, 4}}));
}

}  // namespace
}  // namespace stackscaler::controller
