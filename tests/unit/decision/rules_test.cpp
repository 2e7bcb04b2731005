// SPDX-License-Identifier: Apache-2.0
//
// Targets, desired counts, stabilization, rate policies, the veto, the fallback and enforceMax.
#include <gtest/gtest.h>

#include "decide_support.hpp"
#include "decision/proportion.hpp"

namespace stackscaler::decision {
namespace {

using namespace std::chrono_literals;

policy::Metric target(std::string name, policy::TargetType type, double value) {
  policy::Metric m;
  m.name = std::move(name);
  m.query = "q";
  m.target = policy::Target{type, value};
  return m;
}

policy::Metric desired(std::string name) {
  policy::Metric m;
  m.name = std::move(name);
  m.query = "q";
  m.desired = true;
  return m;
}

// Bounds 1..100, no cooldown, no windows, no limit of a step.
policy::Spec open_spec(policy::Metric metric) {
  policy::Spec s;
  s.bounds = {1, 100};
  s.metrics.push_back(std::move(metric));
  for (policy::ScaleRules* rules : {&s.behavior.scale_up, &s.behavior.scale_down}) {
    rules->cooldown = Duration(0);
    rules->stabilization_window = Duration(0);
    rules->max_step = {100'000, false};
  }
  return s;
}

struct TargetCase {
  std::string name;
  policy::TargetType type;
  double target;
  double value;
  int current;
  int to;
  std::string reason;
};

class TargetTest : public testing::TestWithParam<TargetCase> {};

TEST_P(TargetTest, ProposesByTheRatio) {
  const TargetCase& c = GetParam();

  const Decision d =
      decide_by_rules(open_spec(target("m", c.type, c.target)), observe(c.current, {value("m", c.value)}));

  EXPECT_EQ(d.to, c.to) << d.message;
  EXPECT_EQ(d.reason, c.reason);
}

constexpr auto utilization = policy::TargetType::utilization;
constexpr auto per_instance = policy::TargetType::per_instance;
INSTANTIATE_TEST_SUITE_P(
    All, TargetTest,
    testing::Values(TargetCase{"utilization_doubles", utilization, 50, 100, 3, 6, "AboveTarget"},
                    TargetCase{"utilization_halves", utilization, 60, 30, 8, 4, "BelowTarget"},
                    TargetCase{"tolerance_blocks_10_to_11", utilization, 60, 66, 10, 10, "DesiredWithinRange"},
                    TargetCase{"just_above_the_tolerance", utilization, 60, 66.1, 10, 12, "AboveTarget"},
                    TargetCase{"the_edge_below_is_inside", utilization, 60, 54, 10, 10, "DesiredWithinRange"},
                    TargetCase{"total_by_instance", per_instance, 200, 1000, 3, 5, "AboveTarget"},
                    TargetCase{"total_by_instance_down", per_instance, 200, 350, 5, 2, "BelowTarget"},
                    TargetCase{"value_of_the_whole", policy::TargetType::value, 100, 250, 4, 10, "AboveTarget"},
                    TargetCase{"zero_load_goes_to_min", per_instance, 200, 0, 4, 1, "TooFewInstances"},
                    TargetCase{"from_no_instance_at_all", per_instance, 200, 900, 0, 5, "AboveTarget"},
                    TargetCase{"no_overflow", policy::TargetType::value, 1e-9, 1e18, 4, 100, "TooManyInstances"},
                    TargetCase{"negative_is_nothing", per_instance, 200, -5, 4, 1, "TooFewInstances"}),
    [](const auto& p) { return p.param.name; });

TEST(ToleranceTest, TheToleranceHasASideForEachDirection) {
  policy::Spec s = open_spec(target("m", utilization, 100));
  s.behavior.scale_up.tolerance = 0.01;
  s.behavior.scale_down.tolerance = 0.3;

  EXPECT_EQ(decide_by_rules(s, observe(10, {value("m", 102)})).to, 11);
  EXPECT_EQ(decide_by_rules(s, observe(10, {value("m", 75)})).to, 10);
}

TEST(DesiredTest, TheValueIsTheCountRoundedUp) {
  const policy::Spec s = open_spec(desired("plan"));

  EXPECT_EQ(decide_by_rules(s, observe(3, {value("plan", 6.2)})).to, 7);
  EXPECT_EQ(decide_by_rules(s, observe(3, {value("plan", 5.0000000001)})).to, 5);
  EXPECT_EQ(decide_by_rules(s, observe(9, {value("plan", 4)})).reason, "DesiredByMetric");
  EXPECT_EQ(decide_by_rules(s, observe(9, {value("plan", std::numeric_limits<double>::quiet_NaN())})).to, 9);
}

// What a warm-up has to prevent: asking again, at every turn, for what is booting already.
TEST(WarmUpTest, BootingInstancesAreNotAskedForAgain) {
  History h;
  h.warming = 3;
  h.warm_until = kNow + 1min;

  // 3 serve at 100 of 50, 3 boot: 6 are enough, and 6 are there.
  EXPECT_EQ(decide_by_rules(open_spec(target("m", utilization, 50)), observe(6, {value("m", 100)}), h).to, 6);
  EXPECT_EQ(decide_by_rules(open_spec(target("m", utilization, 50)), observe(6, {value("m", 150)}), h).to, 9);
  EXPECT_EQ(decide_by_rules(open_spec(metric("m", 75, 30)), observe(6, {value("m", 100)}), h).to, 6);
  EXPECT_EQ(decide_by_rules(open_spec(metric("m", 75, 30, {4, false})), observe(6, {value("m", 100)}), h).to, 7);
}

TEST(WarmUpTest, BootingInstancesStayWhenFewerAreWanted) {
  History h;
  h.warming = 2;
  h.warm_until = kNow + 1min;

  // 4 serve at half of the target: 2 of them are too many, the 2 that boot are not counted on.
  EXPECT_EQ(decide_by_rules(open_spec(target("m", utilization, 50)), observe(6, {value("m", 25)}), h).to, 4);
}

Advice advised(int target) {
  Advice advice;
  advice.action = Action::scale_down;
  advice.target = target;
  advice.reason = "Advised";
  advice.message = "because";
  return advice;
}

TEST(VetoTest, NoScaleDownWhileAMetricIsAboveItsLimit) {
  policy::Spec s = open_spec(metric("cpu", 75, 30));
  s.advisor.authority = policy::Authority::full;

  const Decision d = decide(s, observe(5, {value("cpu", 90)}), advised(2), {}, kNow);

  EXPECT_EQ(d.to, 5);
  EXPECT_EQ(d.reason, "MetricVeto");
  EXPECT_EQ(d.message, "because; no scale-down while cpu 90 is above 75");
}

TEST(AuthorityTest, OnlyFullAuthorityGoesBelowTheMetrics) {
  policy::Spec s = open_spec(metric("cpu", 75, 30));
  const Observation o = observe(5, {value("cpu", 50)});

  EXPECT_EQ(decide(s, o, advised(2), {}, kNow).to, 5);
  s.advisor.authority = policy::Authority::full;
  EXPECT_EQ(decide(s, o, advised(2), {}, kNow).to, 2);
}

TEST(StabilizationTest, GoesDownToTheHighestOfTheWindow) {
  policy::Spec s = open_spec(metric("cpu", 75, 30, {3, false}));
  s.behavior.scale_down.stabilization_window = 5min;
  History h;
  h.recommendations = {{kNow - 2min, 8}, {kNow - 6min, 20}};

  const Decision d = decide_by_rules(s, observe(10, {value("cpu", 10)}), h);

  EXPECT_EQ(d.to, 8);
  EXPECT_EQ(d.reason, "ScaleDownStabilized");
  EXPECT_EQ(d.recommended, 7);
  EXPECT_EQ(d.message, "cpu 10 is below 30; held: 8 was needed within the last 5m");
}

TEST(StabilizationTest, GoesUpToTheLowestOfTheWindow) {
  policy::Spec s = open_spec(metric("cpu", 75, 30, {5, false}));
  s.behavior.scale_up.stabilization_window = 1min;
  History h;
  h.recommendations = {{kNow - 30s, 3}};

  const Decision d = decide_by_rules(s, observe(3, {value("cpu", 99)}), h);

  EXPECT_EQ(d.to, 3);
  EXPECT_EQ(d.reason, "ScaleUpStabilized");
}

TEST(StabilizationTest, AnOldRecommendationNeverRaisesTheCount) {
  policy::Spec s = open_spec(metric("cpu", 75, 30));
  s.behavior.scale_down.stabilization_window = 5min;
  History h;
  h.recommendations = {{kNow - 1min, 50}};

  EXPECT_EQ(decide_by_rules(s, observe(10, {value("cpu", 10)}), h).to, 10);
}

TEST(StabilizationTest, WhatRestsOnMissingDataIsNoRecommendation) {
  policy::Spec s = open_spec(metric("cpu", 75, 30));
  s.metrics.push_back(metric("memory", 80, 20));

  EXPECT_FALSE(decide_by_rules(s, observe(4, {value("cpu", 10), missing("memory")})).recommended);
  EXPECT_EQ(decide_by_rules(s, observe(4, {value("cpu", 90), missing("memory")})).recommended, 5);
}

TEST(RatePolicyTest, LimitsTheChangeWithinAPeriod) {
  policy::Spec s = open_spec(desired("plan"));
  s.behavior.scale_up.policies = {{4, false, 1min}};
  History h;
  h.events = {{kNow - 30s, 3}, {kNow - 90s, 5}};

  const Decision d = decide_by_rules(s, observe(10, {value("plan", 30)}), h);

  EXPECT_EQ(d.to, 11);  // 10 - 3 + 4
  EXPECT_EQ(d.reason, "ScaleUpLimit");
}

TEST(RatePolicyTest, SelectPolicyTakesTheWidestTheNarrowestOrNone) {
  policy::Spec s = open_spec(desired("plan"));
  s.behavior.scale_down.policies = {{2, false, 1min}, {50, true, 1min}};
  const auto to = [&](policy::SelectPolicy select) {
    s.behavior.scale_down.select_policy = select;
    return decide_by_rules(s, observe(10, {value("plan", 1)})).to;
  };

  EXPECT_EQ(to(policy::SelectPolicy::max), 5);
  EXPECT_EQ(to(policy::SelectPolicy::min), 8);
  EXPECT_EQ(to(policy::SelectPolicy::disabled), 10);
}

TEST(RatePolicyTest, WhatAPeriodHasSeenNeverTurnsTheDirection) {
  policy::Spec s = open_spec(desired("plan"));
  s.behavior.scale_up.policies = {{1, false, 10min}};
  History h;
  h.events = {{kNow - 1min, 6}};

  EXPECT_EQ(decide_by_rules(s, observe(10, {value("plan", 30)}), h).to, 10);
}

TEST(EnforceMaxTest, ComesDownWithinTheRulesOrAtOnce) {
  policy::Spec s = open_spec(metric("cpu", 75, 30));
  s.bounds = {1, 5};
  s.behavior.scale_down.policies = {{1, false, 1min}};

  EXPECT_EQ(decide_by_rules(s, observe(9, {value("cpu", 50)})).to, 8);
  EXPECT_EQ(decide_by_rules(s, observe(9, {missing("cpu")})).to, 9);
  s.behavior.enforce_max = policy::EnforceMax::immediate;
  EXPECT_EQ(decide_by_rules(s, observe(9, {missing("cpu")})).to, 5);
}

TEST(Law11SmallStepsDown, HoldsForEnforceMaxImmediateToo) {
  policy::Spec s = open_spec(metric("cpu", 75, 30));
  s.bounds = {1, 5};
  s.behavior.enforce_max = policy::EnforceMax::immediate;
  s.behavior.scale_down.max_step = {25, true};

  EXPECT_EQ(decide_by_rules(s, observe(40, {missing("cpu")})).to, 30);
}

TEST(OnMissingMetricsTest, RaisesToTheFallbackAndNeverLowers) {
  policy::Spec s = open_spec(metric("cpu", 75, 30));
  s.on_missing_instances = 5;

  const Decision raised = decide_by_rules(s, observe(3, {missing("cpu")}));
  EXPECT_EQ(raised.to, 5);
  EXPECT_EQ(raised.reason, "FallbackInstances");
  EXPECT_EQ(decide_by_rules(s, observe(8, {missing("cpu")})).to, 8);
  EXPECT_EQ(decide_by_rules(s, observe(3, {value("cpu", 50)})).to, 3);
}

TEST(RememberTest, KeepsTheLatestTimeOfEachCountWithinTheWindow) {
  policy::Behavior behavior;
  behavior.scale_down.stabilization_window = 5min;
  std::vector<Recommendation> log;

  for (int minute = 0; minute < 60; ++minute) remember(log, behavior, minute < 58 ? 8 : 3, kNow + minute * 1min);

  EXPECT_EQ(log, (std::vector<Recommendation>{{kNow + 57min, 8}, {kNow + 59min, 3}}));
}

TEST(RememberTest, TimesInTheFutureCountAsNow) {
  policy::Spec s = open_spec(metric("cpu", 75, 30));
  s.behavior.scale_down.stabilization_window = 5min;
  History h;
  h.recommendations = {{kNow + 10h, 9}};

  EXPECT_EQ(decide_by_rules(s, observe(9, {value("cpu", 10)}), h).to, 9);
  remember(h.recommendations, s.behavior, 8, kNow);
  EXPECT_EQ(h.recommendations.size(), 2U);
}

}  // namespace
}  // namespace stackscaler::decision
