// SPDX-License-Identifier: Apache-2.0
#include "forecast/advise.hpp"

#include <gtest/gtest.h>

#include "advisor/rules.hpp"

namespace stackscaler::forecast {
namespace {

using namespace std::chrono_literals;
using decision::Action;

class AdviseTest : public testing::Test {
 protected:
  AdviseTest() {
    policy::Metric cpu;
    cpu.name = "cpu";
    cpu.preset = policy::Preset::cpu;
    cpu.target = policy::Target{policy::TargetType::utilization, 70};
    spec.metrics.push_back(cpu);
    decision::MetricReading reading;
    reading.name = "cpu";
    observation.metrics.push_back(reading);
  }
  decision::Advice advise(int current, double cpu) {
    observation.current = current;
    observation.metrics[0].value = cpu;
    const auto signals = decision::read_signals(spec, observation, {}, WallTime(0s));
    return forecast_advice(forecaster, observation, signals, advisor::rules_advice(observation, signals));
  }
  void learn(int minutes, double need) {
    for (int i = 0; i < minutes; ++i) forecaster.observe(WallTime(std::chrono::minutes(++minute)), need);
  }

  policy::Spec spec;
  decision::Observation observation;
  Forecaster forecaster{ForecastSettings{0.1, 3min, std::chrono::days(14)}};
  int minute = 0;
};

TEST_F(AdviseTest, FallsBackToTheRulesWhileHistoryIsShort) {
  learn(30, 4);

  const auto advice = advise(4, 95);

  EXPECT_EQ(advice.advisor, "rules");
  EXPECT_EQ(advice.action, Action::scale_up);
  EXPECT_EQ(advice.target, 6);
  EXPECT_NE(advice.message.find("no forecast yet: 30m of history, 1h are needed"), std::string::npos);
}

TEST_F(AdviseTest, OrdersAheadOfTheMetrics) {
  learn(600, 5.5);

  const auto advice = advise(4, 70);  // the metric is content

  EXPECT_EQ(advice.advisor, "forecast");
  EXPECT_EQ(advice.action, Action::scale_up);
  EXPECT_EQ(advice.target, 6);
  EXPECT_EQ(advice.reason, "Forecast");
}

TEST_F(AdviseTest, NeverAsksForFewerThanTheMetricsPropose) {
  learn(600, 2);

  const auto advice = advise(4, 95);

  EXPECT_EQ(advice.target, 6);
  EXPECT_EQ(advice.reason, "AboveTarget");
}

TEST_F(AdviseTest, NeverScalesInOnAForecastAlone) {
  learn(600, 1);

  const auto advice = advise(4, 70);

  EXPECT_EQ(advice.action, Action::no_change);
  EXPECT_EQ(advice.target, 4);
}

TEST_F(AdviseTest, HoldsWhatWillBeNeededAgain) {
  learn(600, 3.5);

  const auto held = advise(4, 20);

  EXPECT_EQ(held.action, Action::no_change);
  EXPECT_EQ(held.reason, "Forecast");

  const auto part = advise(8, 10);

  EXPECT_EQ(part.action, Action::scale_down);
  EXPECT_EQ(part.target, 4);
}

struct Need {
  std::string name;
  policy::Metric metric;
  double value;
  std::optional<double> need;
};

TEST(NeedTest, IsWhatJustKeepsTheMetricAtTheEdgeOfItsRule) {
  policy::Behavior behavior;
  behavior.scale_up.tolerance = 0.25;
  policy::Metric share;
  share.target = policy::Target{policy::TargetType::utilization, 64};
  policy::Metric each;
  each.target = policy::Target{policy::TargetType::per_instance, 80};
  policy::Metric limit;
  limit.threshold = policy::Threshold{75, 30, {}};
  policy::Metric count;
  count.desired = true;
  policy::Metric none;
  for (const Need& c :
       {Need{"share", share, 40, 2.0}, Need{"full", share, 100, 6.25}, Need{"each", each, 400, 4.0},
        Need{"limit", limit, 50, 8.0 / 3}, Need{"count", count, 7, 7.0}, Need{"none", none, 7, std::nullopt}}) {
    const auto need = need_of(c.metric, behavior, c.value, 4);

    ASSERT_EQ(need.has_value(), c.need.has_value()) << c.name;
    EXPECT_DOUBLE_EQ(need.value_or(0), c.need.value_or(0)) << c.name;
  }
}

TEST_F(AdviseTest, ThereIsNoNeedWhereAMetricIsMissing) {
  observation.current = 4;
  observation.metrics[0].missing = "no data";
  const auto signals = decision::read_signals(spec, observation, {}, WallTime(0s));

  EXPECT_FALSE(need_of(spec, observation, signals));
}

TEST_F(AdviseTest, TheBasisIsWhatNeedsAreMadeOf) {
  policy::ScalingPolicy policy;
  policy.key.name = "web";
  policy.spec = spec;
  const std::string basis = basis_of(policy);

  policy.spec.bounds.max = 7;
  policy.spec.advisor.forecast.risk = 0.4;
  EXPECT_EQ(basis_of(policy), basis);

  policy::ScalingPolicy other = policy;
  other.spec.metrics[0].target->value = 60;
  EXPECT_NE(basis_of(other), basis);
  other = policy;
  other.spec.behavior.scale_up.tolerance = 0.2;
  EXPECT_NE(basis_of(other), basis);
  other = policy;
  other.spec.metrics[0].query = "sum(rate(x[1m]))";
  EXPECT_NE(basis_of(other), basis);
  other = policy;
  other.key.name = "api";  // whose instances the presets count
  EXPECT_NE(basis_of(other), basis);
}

TEST_F(AdviseTest, BootingInstancesCarryNoLoad) {
  observation.current = 4;
  observation.metrics[0].value = 77;
  decision::Signals signals;
  signals.booting = 2;

  EXPECT_DOUBLE_EQ(*need_of(spec, observation, signals), 2);
  observation.reporting = 3;
  EXPECT_DOUBLE_EQ(*need_of(spec, observation, signals), 3);
}

}  // namespace
}  // namespace stackscaler::forecast
