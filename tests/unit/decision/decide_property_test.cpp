// SPDX-License-Identifier: Apache-2.0
//
// Properties of decide() over generated policies and observations, with a fixed seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "decide_support.hpp"

namespace stackscaler::decision {
namespace {

constexpr int kCases = 20'000;

class Generator {
 public:
  int integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  bool flip(double p) { return std::bernoulli_distribution(p)(engine_); }

  policy::Step step() {
    if (flip(0.5)) return {integer(1, 100), true};
    return {integer(1, 8), false};
  }

  policy::Spec spec() {
    policy::Spec s;
    s.bounds.min = integer(0, 20);
    s.bounds.max = s.bounds.min + integer(1, 40);
    const int metrics = integer(1, 4);
    for (int i = 0; i < metrics; ++i) s.metrics.push_back(metric("m" + std::to_string(i), 75, 30, step()));
    s.behavior.scale_up = {std::chrono::seconds(integer(0, 120)), step()};
    s.behavior.scale_down = {std::chrono::seconds(integer(0, 600)), step()};
    return s;
  }

  Observation observation(const policy::Spec& s, double p_missing) {
    Observation o;
    o.current = integer(0, 70);
    for (const auto& m : s.metrics) {
      o.metrics.push_back(flip(p_missing) ? missing(m.name) : value(m.name, integer(0, 1000) / 10.0));
    }
    return o;
  }

  History history() {
    History h;
    if (flip(0.7)) h.last_scale_end = kNow - std::chrono::seconds(integer(-30, 900));
    return h;
  }

 private:
  std::mt19937 engine_{20261124};
};

int distance(int count, const policy::Bounds& b) {
  return count < b.min ? b.min - count : count > b.max ? count - b.max : 0;
}

TEST(DecideProperty, NeverMovesFurtherOutOfBounds) {
  Generator g;
  for (int i = 0; i < kCases; ++i) {
    const policy::Spec s = g.spec();
    const Observation o = g.observation(s, 0.2);

    const Decision d = decide_by_rules(s, o, g.history());

    ASSERT_LE(distance(d.to, s.bounds), distance(d.from, s.bounds)) << i;
  }
}

TEST(Law2NoDataNoChangeDown, HoldsForGeneratedHistories) {
  Generator g;
  int without_data = 0;
  for (int i = 0; i < kCases; ++i) {
    const policy::Spec s = g.spec();
    const Observation o = g.observation(s, 0.4);
    const bool any_missing = !read_signals(s, o, {}, kNow).may_scale_down;
    without_data += any_missing ? 1 : 0;

    const Decision d = decide_by_rules(s, o, g.history());

    if (any_missing) {
      ASSERT_GE(d.to, d.from) << i;
    }
  }
  EXPECT_GT(without_data, kCases / 4);
}

TEST(Law11SmallStepsDown, HoldsForGeneratedHistories) {
  Generator g;
  int downs = 0;
  for (int i = 0; i < kCases; ++i) {
    const policy::Spec s = g.spec();
    const Observation o = g.observation(s, 0.05);

    const Decision d = decide_by_rules(s, o, g.history());

    downs += d.to < d.from ? 1 : 0;
    ASSERT_LE(d.from - d.to, limit_size(s.behavior.scale_down.max_step, d.from)) << i;
  }
  EXPECT_GT(downs, kCases / 20);
}

TEST(DecideProperty, IsMonotoneInTheMetricAndIndifferentToTheOrderOfMetrics) {
  Generator g;
  for (int i = 0; i < kCases; ++i) {
    policy::Spec s = g.spec();
    Observation o = g.observation(s, 0.2);
    const History h = g.history();
    const int before = decide_by_rules(s, o, h).to;

    std::reverse(s.metrics.begin(), s.metrics.end());
    std::reverse(o.metrics.begin(), o.metrics.end());
    ASSERT_EQ(decide_by_rules(s, o, h).to, before) << i;

    for (auto& m : o.metrics) {
      if (m.value) *m.value += 40;
    }
    ASSERT_GE(decide_by_rules(s, o, h).to, before) << i;
  }
}

TEST(DecideProperty, EqualInputsGiveEqualOutputs) {
  Generator g;
  for (int i = 0; i < 1000; ++i) {
    const policy::Spec s = g.spec();
    const Observation o = g.observation(s, 0.2);
    const History h = g.history();

    const Decision a = decide_by_rules(s, o, h);
    const Decision b = decide_by_rules(s, o, h);

    ASSERT_EQ(a.to, b.to);
    ASSERT_EQ(a.reason, b.reason);
    ASSERT_EQ(a.message, b.message);
  }
}

}  // namespace
}  // namespace stackscaler::decision
