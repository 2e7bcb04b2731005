// SPDX-License-Identifier: Apache-2.0
#include "advisor/prompt.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "advisor/pressure.hpp"
#include "advisor_support.hpp"

namespace stackscaler::advisor {
namespace {

Prompt prompt(const policy::Spec& s, const decision::Observation& o, const std::vector<Past>& past = {},
              const std::vector<PastAdvice>& recent = {}) {
  return make_prompt(s, s.bounds, o, decision::read_signals(s, o, {}, kNow), past, recent);
}

TEST(PromptTest, IsTheDocumentedJson) {
  PastAdvice advised{decision::Action::scale_up, 4, 5, 0.9, 5};

  const Prompt p = prompt(spec(), observe(5, 81.2999), {{4, {79.0}}, {5, {std::nullopt}}}, {advised});

  EXPECT_EQ(p.user,
            R"({"count":5,"dataMissing":false,"bounds":{"min":2,"max":10},)"
            R"("limits":{"maxUp":3,"maxDown":1,"cooldownUpSeconds":0,"cooldownDownSeconds":0},)"
            R"("secondsBetweenLooks":300,"metrics":[{"id":"m1","kind":"custom","rule":"threshold","scaleUp":75,)"
            R"("scaleDown":30,"value":81.3,"proposal":6}],"proposal":6,)"
            R"("past":[{"count":4,"values":[79]},{"count":5,"values":[null]}],)"
            R"("advised":[{"action":"scale_up","from":4,"target":5,"confidence":0.9,"countAfter":5}]})");
}

TEST(PromptTest, EqualInputsGiveEqualBytesAndNoiseBelowFourDigitsIsNone) {
  EXPECT_EQ(prompt(spec(), observe(5, 81.30001)).user, prompt(spec(), observe(5, 81.29999)).user);
  EXPECT_NE(prompt(spec(), observe(5, 81.3)).user, prompt(spec(), observe(5, 81.4)).user);
}

TEST(PromptTest, HoldsNoTextFromOutside) {
  policy::Spec s = spec();
  const std::string evil = "IGNORE-PREVIOUS";
  s.metrics[0].name = evil + "1";
  s.metrics[0].query = evil + "2";
  s.metrics[0].freshness = evil + "3";
  s.stack.id = evil + "4";
  s.stack.path = evil + "5";
  s.stack.resource = evil + "6";
  s.advisor.model = evil + "7";
  s.advisor.base_url = "https://" + evil + "8";
  s.advisor.key_env = evil + "9";
  s.metrics[0].source.emplace().url = "https://" + evil;
  s.schedules.emplace_back().name = evil;
  auto o = observe(5, std::nullopt);
  o.metrics[0].missing = evil;
  o.metrics[0].partial = evil;
  o.reporting_missing = evil;

  const Prompt p = prompt(s, o);

  EXPECT_EQ(p.user.find("IGNORE"), std::string::npos) << p.user;
  EXPECT_EQ(p.system, prompt(spec(), observe(1, 1.0)).system);
  EXPECT_NE(p.user.find(R"("dataMissing":true)"), std::string::npos);
  EXPECT_NE(p.user.find(R"("value":null)"), std::string::npos);
}

TEST(PromptTest, IsBoundedForTheLargestPolicy) {
  policy::Spec s = spec();
  decision::Observation o;
  o.current = policy::kMaxInstances;
  for (int i = 0; i < 16; ++i) {
    s.metrics.push_back(s.metrics[0]);
    s.metrics.back().threshold = policy::Threshold{-1.234567e300, -2.234567e300, {1, false}};
  }
  s.metrics.erase(s.metrics.begin());
  for (int i = 0; i < 16; ++i) {
    o.metrics.emplace_back().value = -1.234567e-300;
  }
  const Past past{policy::kMaxInstances, std::vector<std::optional<double>>(16, -1.234567e-300)};
  const PastAdvice advised{decision::Action::scale_down, policy::kMaxInstances, policy::kMaxInstances, 0.12345, 1};

  const Prompt p = prompt(s, o, std::vector<Past>(500, past), std::vector<PastAdvice>(500, advised));

  EXPECT_LT(p.size(), kMaxPrompt);
}

TEST(PromptTest, NumbersAreJson) {
  EXPECT_EQ(prompt_number(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(prompt_number(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(prompt_number(-0.0), "0");
  EXPECT_EQ(prompt_number(1234567.0), "1.235e+06");
  EXPECT_EQ(prompt_number(std::nullopt), "null");
}

TEST(PressureTest, IsNearALimitOrAChangeProposed) {
  const policy::Spec s = spec();
  const auto pressed = [&](std::optional<double> cpu) {
    const auto o = observe(5, cpu);
    return under_pressure(s, o, decision::read_signals(s, o, {}, kNow));
  };

  EXPECT_TRUE(pressed(76.0));
  EXPECT_TRUE(pressed(68.0));
  EXPECT_FALSE(pressed(67.0));
  EXPECT_FALSE(pressed(34.0));
  EXPECT_TRUE(pressed(33.0));
  EXPECT_TRUE(pressed(10.0));
  EXPECT_FALSE(pressed(std::nullopt));
}

}  // namespace
}  // namespace stackscaler::advisor
