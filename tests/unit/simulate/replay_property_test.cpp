// SPDX-License-Identifier: Apache-2.0
//
// What holds for any load and policy.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "replay_support.hpp"

namespace stackscaler::simulate {
namespace {

class ReplayPropertyTest : public testing::TestWithParam<unsigned> {
 protected:
  ReplayPropertyTest() : engine_(GetParam()) {
    double level = unit() * 8;
    std::vector<double> values;
    for (int i = 0; i < 1500; ++i) {
      level = std::max(0.0, level + (unit() - 0.5) * (unit() < 0.02 ? 8 : 0.4));
      values.push_back(std::min(level, 7.9));
    }
    load = load_of(std::move(values));
    policy = unit() < 0.5 ? threshold_policy(70, 30) : target_policy(60);
    policy.spec.behavior.scale_down.stabilization_window = std::chrono::minutes(static_cast<int>(unit() * 10));
    policy.spec.behavior.scale_up.cooldown = std::chrono::minutes(static_cast<int>(unit() * 3));
    conditions.boot_delay = std::chrono::seconds(static_cast<int>(unit() * 400));
    conditions.price_per_hour = 0.5;
  }
  double unit() { return std::uniform_real_distribution<double>(0, 1)(engine_); }

  std::mt19937 engine_;
  Load load;
  policy::ScalingPolicy policy;
  Conditions conditions;
};

TEST_P(ReplayPropertyTest, TheBillAndTheCountsAddUp) {
  Told told;

  const Measures m = replay(policy, load, conditions, rules(), told.sink());

  ASSERT_EQ(told.steps.size(), load.values.size());
  double minutes = 0;
  int actions = 0;
  double above = 0;
  for (std::size_t t = 0; t < told.steps.size(); ++t) {
    const Step& step = told.steps[t];
    minutes += step.total;
    above += step.utilization > 80 + 1e-9 ? 1 : 0;
    EXPECT_LE(step.serving, step.total);
    EXPECT_GE(step.serving, 0);
    EXPECT_GE(step.desired, policy.spec.bounds.min);
    EXPECT_LE(step.desired, policy.spec.bounds.max);
    if (step.desired != step.total) ++actions;
    EXPECT_EQ(step.desired, t + 1 < told.steps.size() ? told.steps[t + 1].total : step.desired);
  }
  EXPECT_NEAR(m.instance_hours, minutes / 60, 1e-9);
  EXPECT_NEAR(m.cost, m.instance_hours * 0.5, 1e-9);
  EXPECT_EQ(m.actions, actions);
  EXPECT_NEAR(m.minutes_above_80, above, 1e-9);
  EXPECT_LE(m.flaps, m.actions);
  EXPECT_LE(m.tau_u + m.tau_o, 100 + 1e-9);
  EXPECT_LE(m.lost_load, m.offered_load);
}

TEST_P(ReplayPropertyTest, IsTheSameEveryTime) {
  const Measures a = replay(policy, load, conditions, rules(), {});
  const Measures b = replay(policy, load, conditions, rules(), {});

  EXPECT_EQ(a.instance_hours, b.instance_hours);
  EXPECT_EQ(a.upsilon, b.upsilon);
  EXPECT_EQ(a.actions, b.actions);
}

TEST_P(ReplayPropertyTest, TheOracleLosesNothingOnceAnOrderCanHaveArrived) {
  const double tick = std::chrono::duration<double>(load.tick).count();
  const auto lead =
      static_cast<std::size_t>(std::ceil(std::chrono::duration<double>(conditions.boot_delay).count() / tick));
  Told told;

  const Measures m = replay_oracle(policy, load, conditions, told.sink());

  for (std::size_t t = lead + 1; t < told.steps.size(); ++t) {
    ASSERT_LE(told.steps[t].utilization, 80 + 1e-9) << "tick " << t;
  }
  policy.spec.bounds.min = 10;  // a static fleet of the peak
  EXPECT_LE(m.instance_hours, replay(policy, load, conditions, rules(), {}).instance_hours);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReplayPropertyTest, testing::Range(1U, 25U));

}  // namespace
}  // namespace stackscaler::simulate
