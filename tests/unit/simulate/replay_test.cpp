// SPDX-License-Identifier: Apache-2.0
//
// The simulator against cases worked out by hand.
#include "simulate/replay.hpp"

#include <gtest/gtest.h>

#include "replay_support.hpp"

namespace stackscaler::simulate {
namespace {

using namespace std::chrono_literals;
using Counts = std::vector<int>;

TEST(ReplayTest, ANewInstanceIsBilledAtOnceAndServesAfterTheBootDelay) {
  const Load load = load_of({0.5, 0.9, 0.9, 0.9, 0.9, 0.9});
  Told told;
  policy::ScalingPolicy policy = threshold_policy(80, 20);

  const Measures m = replay(policy, load, Conditions{2min, 0, std::nullopt}, rules(), told.sink());

  // Above 80 at the end of tick 1: two from tick 2 on, both serving from tick 4 on. While it boots, no third.
  EXPECT_EQ(told.all(&Step::desired), (Counts{1, 2, 2, 2, 2, 2}));
  EXPECT_EQ(told.all(&Step::total), (Counts{1, 1, 2, 2, 2, 2}));
  EXPECT_EQ(told.all(&Step::serving), (Counts{1, 1, 1, 1, 2, 2}));
  EXPECT_EQ(told.reasons[1], "AboveThreshold");
  EXPECT_DOUBLE_EQ(told.steps[1].utilization, 90);
  EXPECT_DOUBLE_EQ(told.steps[4].utilization, 45);
  EXPECT_DOUBLE_EQ(m.instance_hours, 10.0 / 60);
  EXPECT_DOUBLE_EQ(m.minutes_above_80, 3);
  EXPECT_EQ(m.actions, 1);
}

TEST(ReplayTest, ScaleInIsImmediateAndTakesBootingInstancesFirst) {
  // Asks for 3, then for 2, whatever the load.
  int asked = 0;
  const Advise advise = [&asked](const Question& q) {
    decision::Advice out;
    out.target = ++asked == 1 ? 3 : 2;
    out.action = out.target > q.observation.current   ? decision::Action::scale_up
                 : out.target < q.observation.current ? decision::Action::scale_down
                                                      : decision::Action::no_change;
    return out;
  };
  policy::ScalingPolicy policy = threshold_policy(99, 90);
  policy.spec.behavior.warmup = Duration(0);
  policy.spec.metrics[0].preset = policy::Preset::none;  // nothing is said to be missing while one boots
  policy.spec.advisor.authority = policy::Authority::full;
  Told told;

  (void)replay(policy, load_of({0.5, 0.5, 0.5, 0.5, 0.5}), Conditions{2min, 0, 1}, advise, told.sink());

  EXPECT_EQ(told.all(&Step::total), (Counts{1, 3, 2, 2, 2}));
  EXPECT_EQ(told.all(&Step::serving), (Counts{1, 1, 1, 2, 2}));
}

TEST(ReplayTest, LoadAboveTheCapacityIsLost) {
  policy::ScalingPolicy policy = target_policy(50);
  policy.spec.bounds.max = 2;

  const Measures m = replay(policy, load_of({3, 3, 3}), Conditions{0s, 0, 1}, rules(), {});

  EXPECT_DOUBLE_EQ(m.lost_load, (2 + 1 + 1) / 60.0);
  EXPECT_DOUBLE_EQ(m.offered_load, 9 / 60.0);
}

TEST(ReplayTest, APolicyIsAskedAtItsInterval) {
  policy::ScalingPolicy policy = threshold_policy(80, 20);
  policy.spec.interval = 3min;
  Told told;

  const Measures m =
      replay(policy, load_of({0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9}), Conditions{0s, 0, 1}, rules(), told.sink());

  EXPECT_EQ(m.decisions, 3U);
  EXPECT_EQ(told.reasons[0], "AboveThreshold");
  EXPECT_EQ(told.reasons[1], "");
  EXPECT_FALSE(told.reasons[3].empty());
}

TEST(ReplayTest, CooldownAndStabilizationHoldAsInTheLoop) {
  policy::ScalingPolicy policy = target_policy(50);
  policy.spec.behavior.scale_down.stabilization_window = 3min;
  Told told;

  (void)replay(policy, load_of({2, 0.5, 0.5, 0.5, 0.5, 0.5}), Conditions{0s, 0, 4}, rules(), told.sink());

  // Four are recommended at the end of tick 0; that is forgotten three minutes later.
  EXPECT_EQ(told.all(&Step::desired), (Counts{4, 4, 4, 1, 1, 1}));
  EXPECT_EQ(told.reasons[1], "ScaleDownStabilized");

  policy = threshold_policy(80, 20);
  policy.spec.behavior.scale_up.cooldown = 2min;
  Told cooled;
  (void)replay(policy, load_of({5, 5, 5, 5}), Conditions{0s, 0, 1}, rules(), cooled.sink());

  EXPECT_EQ(cooled.all(&Step::desired), (Counts{2, 2, 3, 3}));
  EXPECT_EQ(cooled.reasons[1], "ScaleUpCooldown");
}

TEST(ReplayTest, OtherMetricsSeeTheirOwnKind) {
  struct Case {
    policy::Metric metric;
    double seen;
  };
  policy::Metric total;
  total.target = policy::Target{policy::TargetType::per_instance, 100};
  policy::Metric wanted;
  wanted.desired = true;
  policy::Metric count;
  count.preset = policy::Preset::instances;
  policy::Metric share;
  share.target = policy::Target{policy::TargetType::utilization, 60};
  Load load = load_of({1.5});
  load.capacity = 200;  // of the trace's unit
  for (const Case& c : {Case{total, 300}, Case{wanted, 2}, Case{count, 3}, Case{share, 50}}) {
    policy::ScalingPolicy policy = threshold_policy(80, 20);
    policy.spec.metrics = {c.metric};
    double seen = -1;
    const Advise advise = [&](const Question& q) {
      seen = *q.observation.metrics[0].value;
      return advisor::rules_advice(q.observation, q.signals);
    };

    (void)replay(policy, load, Conditions{0s, 0, 3}, advise, {});

    EXPECT_DOUBLE_EQ(seen, c.seen);
  }
}

TEST(ReplayTest, TheOracleOrdersABootDelayAhead) {
  Told told;

  const Measures m = replay_oracle(threshold_policy(80, 20), load_of({0.8, 0.8, 0.8, 0.8, 1.6, 0.8, 0.8}),
                                   Conditions{2min, 0, std::nullopt}, told.sink());

  EXPECT_EQ(told.all(&Step::total), (Counts{1, 1, 2, 2, 2, 1, 1}));
  EXPECT_EQ(told.all(&Step::serving), (Counts{1, 1, 1, 1, 2, 1, 1}));
  EXPECT_EQ(m.minutes_above_80, 0);
  EXPECT_EQ(m.actions, 2);
}

TEST(ReplayTest, ABootingCountDoesNotForbidScaleDownForEver) {
  policy::ScalingPolicy policy = threshold_policy(80, 30);
  Told told;

  (void)replay(policy, load_of({1.8, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2}), Conditions{5min, 0, 2}, rules(), told.sink());

  EXPECT_EQ(told.all(&Step::desired).front(), 3);
  EXPECT_LT(told.all(&Step::desired).back(), 3);
}

}  // namespace
}  // namespace stackscaler::simulate
