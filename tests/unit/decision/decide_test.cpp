// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "decide_support.hpp"

namespace stackscaler::decision {
namespace {

using namespace std::chrono_literals;

struct Case {
  std::string name;
  int current;
  double cpu;
  int to;
  std::string reason;
};

class ThresholdTest : public testing::TestWithParam<Case> {};

TEST_P(ThresholdTest, DecidesByOneMetric) {
  const Case& c = GetParam();

  const Decision d = decide_by_rules(spec(), observe(c.current, {value("cpu", c.cpu)}));

  EXPECT_EQ(d.from, c.current);
  EXPECT_EQ(d.to, c.to);
  EXPECT_EQ(d.reason, c.reason);
  EXPECT_FALSE(d.message.empty());
  EXPECT_EQ(d.action, c.to > c.current ? Action::scale_up : c.to < c.current ? Action::scale_down : Action::no_change);
}

INSTANTIATE_TEST_SUITE_P(All, ThresholdTest,
                         testing::Values(Case{"above", 3, 81.3, 4, "AboveThreshold"},
                                         Case{"exactly_up_is_inside", 3, 75, 3, "DesiredWithinRange"},
                                         Case{"inside", 3, 50, 3, "DesiredWithinRange"},
                                         Case{"exactly_down_is_inside", 3, 30, 3, "DesiredWithinRange"},
                                         Case{"below", 3, 29.9, 2, "BelowThreshold"},
                                         Case{"held_at_max", 10, 99, 10, "TooManyInstances"},
                                         Case{"held_at_min", 1, 1, 1, "TooFewInstances"},
                                         Case{"up_to_min_in_one_jump", 0, 50, 1, "TooFewInstances"}),
                         [](const auto& p) { return p.param.name; });

TEST(DecideTest, SaysWhyInOneSentence) {
  const Decision d = decide_by_rules(spec(), observe(3, {value("cpu", 81.3)}));

  EXPECT_EQ(d.message, "cpu 81.3 is above 75");
}

TEST(DecideTest, StepMayBeAPercentageRoundedUp) {
  policy::Spec s = spec();
  s.bounds.max = 100;
  s.metrics[0] = metric("cpu", 75, 30, {30, true});

  EXPECT_EQ(decide_by_rules(s, observe(11, {value("cpu", 90)})).to, 15);  // 3.3 -> 4
}

TEST(DecideTest, TheLargestProposalWins) {
  policy::Spec s = spec();
  s.metrics.push_back(metric("memory", 80, 20));

  EXPECT_EQ(decide_by_rules(s, observe(3, {value("cpu", 10), value("memory", 50)})).to, 3);
  EXPECT_EQ(decide_by_rules(s, observe(3, {value("cpu", 10), value("memory", 90)})).to, 4);
  EXPECT_EQ(decide_by_rules(s, observe(3, {value("cpu", 10), value("memory", 10)})).to, 2);
}

TEST(Law2NoDataNoChangeDown, AMissingMetricForbidsScaleDownButNotScaleUpByTheRest) {
  policy::Spec s = spec();
  s.metrics.push_back(metric("memory", 80, 20));

  const Decision down = decide_by_rules(s, observe(3, {value("cpu", 10), missing("memory")}));
  EXPECT_EQ(down.to, 3);
  EXPECT_EQ(down.reason, "MetricsMissing");
  EXPECT_EQ(down.message, "cpu 10 is below 30; no scale-down while data is missing (memory: no data)");

  EXPECT_EQ(decide_by_rules(s, observe(3, {value("cpu", 90), missing("memory")})).to, 4);
}

TEST(Law2NoDataNoChangeDown, APartialAnswerForbidsScaleDownButNotScaleUp) {
  MetricReading low = value("cpu", 10);
  low.partial = "store a failed";
  const Decision down = decide_by_rules(spec(), observe(3, {low}));
  EXPECT_EQ(down.to, 3);
  EXPECT_EQ(down.reason, "MetricsMissing");
  EXPECT_NE(down.message.find("cpu: the answer may lack a part: store a failed"), std::string::npos) << down.message;

  MetricReading high = value("cpu", 90);
  high.partial = "store a failed";
  EXPECT_EQ(decide_by_rules(spec(), observe(3, {high})).to, 4);
}

TEST(Law2NoDataNoChangeDown, AllMissingHolds) {
  const Decision d = decide_by_rules(spec(), observe(3, {missing("cpu", "HTTP 503")}));

  EXPECT_EQ(d.action, Action::no_change);
  EXPECT_EQ(d.reason, "MetricsMissing");
  EXPECT_EQ(d.message, "cpu: HTTP 503");
}

TEST(Law2NoDataNoChangeDown, NorDoesAMetricThatWasNotReadAtAll) {
  EXPECT_EQ(decide_by_rules(spec(), observe(3, {})).to, 3);
}

TEST(Law2NoDataNoChangeDown, AnEditedBoundWaitsForDataToo) {
  policy::Spec s = spec();
  s.bounds.max = 4;

  const Decision held = decide_by_rules(s, observe(6, {missing("cpu")}));
  EXPECT_EQ(held.to, 6);
  EXPECT_EQ(held.reason, "MetricsMissing");

  EXPECT_EQ(decide_by_rules(s, observe(6, {value("cpu", 50)})).to, 5);  // 25 % of 6 is 1
}

TEST(Law2NoDataNoChangeDown, FewerReportingThanTheStateKnowsIsMissingData) {
  Observation o = observe(3, {value("cpu", 10)});
  o.reporting = 2;

  const Decision d = decide_by_rules(spec(), o);

  EXPECT_EQ(d.to, 3);
  EXPECT_EQ(d.reason, "InstancesMissing");
  o.reporting = 3;
  EXPECT_EQ(decide_by_rules(spec(), o).to, 2);
}

TEST(Law2NoDataNoChangeDown, InstancesThatWarmUpNeedNotReport) {
  Observation o = observe(4, {value("cpu", 10)});
  o.reporting = 3;
  History h;
  h.warming = 1;
  h.warm_until = kNow + 1min;

  EXPECT_EQ(decide_by_rules(spec(), o, h).to, 3);
  h.warm_until = kNow;
  EXPECT_EQ(decide_by_rules(spec(), o, h).to, 4);
}

TEST(Law2NoDataNoChangeDown, ReportingThatCannotBeReadIsMissing) {
  Observation o = observe(3, {value("cpu", 10)});
  o.reporting_missing = "HTTP 503";

  EXPECT_EQ(decide_by_rules(spec(), o).reason, "InstancesMissing");
}

TEST(DecideTest, HoldsInsideTheCooldownOfItsDirection) {
  History h;
  h.last_scale_end = kNow - 2min;  // scaleUp 1m is over, scaleDown 5m is not

  EXPECT_EQ(decide_by_rules(spec(), observe(3, {value("cpu", 90)}), h).to, 4);
  const Decision d = decide_by_rules(spec(), observe(3, {value("cpu", 10)}), h);
  EXPECT_EQ(d.to, 3);
  EXPECT_EQ(d.reason, "ScaleDownCooldown");

  h.last_scale_end = kNow - 30s;
  EXPECT_EQ(decide_by_rules(spec(), observe(3, {value("cpu", 90)}), h).reason, "ScaleUpCooldown");
  h.last_scale_end = kNow - 5min;
  EXPECT_EQ(decide_by_rules(spec(), observe(3, {value("cpu", 10)}), h).to, 2);
}

TEST(DecideTest, AClockThatWentBackHoldsNoLongerThanOneCooldown) {
  History h;
  h.last_scale_end = kNow + 10h;

  EXPECT_EQ(decide_by_rules(spec(), observe(3, {value("cpu", 90)}), h, kNow).reason, "ScaleUpCooldown");
}

TEST(DecideTest, BelowMinGoesUpWithoutMetricsAndInsideTheCooldown) {
  policy::Spec s = spec();
  s.bounds = {15, 30};
  History h;
  h.last_scale_end = kNow;

  const Decision d = decide_by_rules(s, observe(2, {missing("cpu")}), h);

  EXPECT_EQ(d.to, 15);  // further than scaleUp.maxStep (10): one jump to min
  EXPECT_EQ(d.reason, "TooFewInstances");
}

TEST(Law11SmallStepsDown, AQuarterOfTheCountAtLeastOne) {
  policy::Spec s = spec();
  s.bounds.max = 100;
  s.metrics[0] = metric("cpu", 75, 30, {90, true});

  const auto down_from = [&](int n) { return n - decide_by_rules(s, observe(n, {value("cpu", 1)})).to; };

  EXPECT_EQ(down_from(100), 25);
  EXPECT_EQ(down_from(7), 1);
  EXPECT_EQ(down_from(2), 1);
  EXPECT_EQ(decide_by_rules(s, observe(100, {value("cpu", 1)})).reason, "ScaleDownLimit");
}

TEST(Law11SmallStepsDown, HoldsForAnEditedBoundAsWell) {
  policy::Spec s = spec();
  s.bounds = {1, 2};

  EXPECT_EQ(decide_by_rules(s, observe(40, {value("cpu", 90)})).to, 30);
}

TEST(DecideTest, MaxStepLimitsTheWayUp) {
  policy::Spec s = spec();
  s.bounds.max = 100;
  s.behavior.scale_up.max_step = {2, false};
  s.metrics[0] = metric("cpu", 75, 30, {100, true});

  const Decision d = decide_by_rules(s, observe(20, {value("cpu", 90)}));

  EXPECT_EQ(d.to, 22);
  EXPECT_EQ(d.reason, "ScaleUpLimit");
}

Advice advice(Action action, int target, double confidence) {
  Advice a;
  a.action = action;
  a.target = target;
  a.confidence = confidence;
  a.advisor = "test";
  a.reason = "Advised";
  a.message = "because";
  return a;
}

TEST(DecideTest, UnsureAdviceDoesNotHoldBackWhatTheMetricsAskFor) {
  const Observation o = observe(3, {value("cpu", 90)});

  const auto more = decide(spec(), o, advice(Action::scale_up, 9, 0.3), {}, kNow);
  EXPECT_EQ(more.to, 4);
  EXPECT_EQ(more.reason, "LowConfidence");
  EXPECT_EQ(more.confidence, 1.0);
  EXPECT_TRUE(more.recommended);
  EXPECT_NE(more.message.find("confidence 0.30 is below 0.70, the metrics ask for 4"), std::string::npos)
      << more.message;
  EXPECT_EQ(decide(spec(), o, advice(Action::no_change, 3, 0.3), {}, kNow).to, 4);
  EXPECT_EQ(decide(spec(), o, advice(Action::scale_down, 1, 0.3), {}, kNow).to, 4);

  auto full = spec();
  full.advisor.authority = policy::Authority::full;
  EXPECT_EQ(decide(full, o, advice(Action::scale_up, 9, 0.3), {}, kNow).to, 3);
}

TEST(DecideTest, AdviceBelowTheConfidenceThresholdIsNotFollowed) {
  const Observation o = observe(3, {value("cpu", 50)});

  EXPECT_EQ(decide(spec(), o, advice(Action::scale_up, 4, 0.69), {}, kNow).reason, "LowConfidence");
  EXPECT_EQ(decide(spec(), o, advice(Action::scale_up, 4, 0.7), {}, kNow).to, 4);
}

TEST(DecideTest, AdviceMayRaiseButNeverGoesBelowTheMetrics) {
  const Observation inside = observe(5, {value("cpu", 50)});

  EXPECT_EQ(decide(spec(), inside, advice(Action::scale_up, 7, 1.0), {}, kNow).to, 7);
  EXPECT_EQ(decide(spec(), inside, advice(Action::scale_down, 1, 1.0), {}, kNow).to, 5);
  EXPECT_EQ(decide(spec(), inside, advice(Action::scale_up, 1'000'000'000, 1.0), {}, kNow).to, 10);
}

TEST(DecideTest, BoundedAdviceToChangeNothingDoesNotHoldBackTheMetrics) {
  const auto o = observe(4, {value("cpu", 90)});
  policy::Spec s = spec();

  const Decision bounded = decide(s, o, advice(Action::no_change, 4, 1.0), {}, kNow);
  EXPECT_EQ(bounded.to, 5);
  EXPECT_EQ(bounded.reason, "AboveThreshold");
  EXPECT_NE(bounded.message.find("authority is bounded: not below 5 (cpu 90 is above 75)"), std::string::npos)
      << bounded.message;

  s.advisor.authority = policy::Authority::full;
  EXPECT_EQ(decide(s, o, advice(Action::no_change, 4, 1.0), {}, kNow).to, 4);
}

TEST(DecideTest, BoundedAdviceBelowTheMetricsIsHeldAndSaysSo) {
  const Decision d = decide(spec(), observe(5, {value("cpu", 50)}), advice(Action::scale_down, 4, 1.0), {}, kNow);

  EXPECT_EQ(d.to, 5);
  EXPECT_EQ(d.reason, "AdviceBounded");
}

TEST(DecideTest, FullAuthorityMayLowerBehindTheGuardrails) {
  policy::Spec s = spec();
  s.advisor.authority = policy::Authority::full;
  s.behavior.scale_down.stabilization_window = Duration(0);
  const auto down = advice(Action::scale_down, 4, 1.0);

  EXPECT_EQ(decide(s, observe(5, {value("cpu", 50)}), down, {}, kNow).to, 4);
  EXPECT_EQ(decide(s, observe(5, {value("cpu", 90)}), down, {}, kNow).reason, "MetricVeto");
  EXPECT_EQ(decide(s, observe(5, {missing("cpu")}), down, {}, kNow).reason, "MetricsMissing");
}

TEST(DecideTest, AdviceBesideIsToldAndNotFollowed) {
  Advice rules = advice(Action::no_change, 5, 1.0);
  rules.message = "cpu fits";
  Advice model = advice(Action::scale_up, 9, 0.9);
  model.message = "gemini advises 9";
  rules.beside = std::make_shared<const Advice>(model);

  const Decision d = decide(spec(), observe(5, {value("cpu", 50)}), rules, {}, kNow);

  EXPECT_EQ(d.to, 5);
  EXPECT_EQ(d.message, "cpu fits; not applied: gemini advises 9");
  const auto line = std::find_if(d.trace.begin(), d.trace.end(), [](const auto& t) { return t.step == "beside"; });
  ASSERT_NE(line, d.trace.end());
  EXPECT_EQ(line->after, 9);
  ASSERT_TRUE(d.advice);
  EXPECT_EQ(d.advice->beside->target, 9);
}

TEST(DecideTest, WithoutAdviceOnlyBoundsAreKept) {
  const Decision held = decide(spec(), observe(3, {value("cpu", 99)}), std::nullopt, {}, kNow);
  const Decision raised = decide(spec(), observe(0, {value("cpu", 99)}), std::nullopt, {}, kNow);

  EXPECT_EQ(held.to, 3);
  EXPECT_EQ(raised.to, 1);
}

TEST(Law9SayWhy, EveryDecisionHasAReasonASentenceAndATrace) {
  for (const double cpu : {1.0, 50.0, 99.0}) {
    for (const int current : {0, 1, 5, 10, 12}) {
      const Decision d = decide_by_rules(spec(), observe(current, {value("cpu", cpu)}));
      EXPECT_FALSE(d.reason.empty());
      EXPECT_FALSE(d.message.empty());
      EXPECT_FALSE(d.trace.empty());
      EXPECT_EQ(d.trace.back().after, d.to);
    }
  }
}

TEST(FormatValueTest, IsShort) {
  EXPECT_EQ(format_value(81.3), "81.3");
  EXPECT_EQ(format_value(75), "75");
  EXPECT_EQ(format_value(0.00004), "0");
  EXPECT_EQ(format_value(-0.00004), "0");
  EXPECT_EQ(format_value(1234567), "1234567");
}

}  // namespace
}  // namespace stackscaler::decision
