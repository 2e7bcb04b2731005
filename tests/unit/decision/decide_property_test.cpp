// SPDX-License-Identifier: Apache-2.0
//
// Properties of decide() over generated policies and observations, with a fixed seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "decide_support.hpp"

namespace stackscaler::decision {
namespace {

constexpr int kCases = 20'000;  // for each property

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
    for (int i = 0; i < metrics; ++i) s.metrics.push_back(any_metric("m" + std::to_string(i)));
    s.behavior.scale_up = rules(120, 300);
    s.behavior.scale_down = rules(600, 600);
    if (flip(0.2)) s.on_missing_instances = integer(0, 40);
    return s;
  }

  policy::Metric any_metric(std::string name) {
    policy::Metric m = metric(std::move(name), 75, 30, step());
    if (flip(0.5)) return m;
    m.threshold.reset();
    if (flip(0.3)) {
      m.desired = true;
    } else {
      m.target = policy::Target{static_cast<policy::TargetType>(integer(0, 2)), integer(1, 100) * 1.0};
    }
    return m;
  }

  policy::ScaleRules rules(int longest_cooldown, int longest_window) {
    policy::ScaleRules r{std::chrono::seconds(integer(0, longest_cooldown)), step()};
    r.tolerance = integer(0, 30) / 100.0;
    if (flip(0.5)) r.stabilization_window = std::chrono::seconds(integer(0, longest_window));
    r.select_policy = flip(0.05)  ? policy::SelectPolicy::disabled
                      : flip(0.5) ? policy::SelectPolicy::max
                                  : policy::SelectPolicy::min;
    for (int i = integer(0, 2); i > 0; --i) {
      r.policies.push_back({integer(1, 60), flip(0.5), std::chrono::seconds(integer(15, 600))});
    }
    return r;
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
    if (flip(0.2)) {
      h.warming = integer(0, 10);
      h.warm_until = kNow + std::chrono::seconds(integer(-60, 180));
    }
    for (int i = integer(0, 3); i > 0; --i) {
      h.recommendations.push_back({kNow - std::chrono::seconds(integer(-10, 700)), integer(0, 70)});
    }
    for (int i = integer(0, 3); i > 0; --i) {
      h.events.push_back({kNow - std::chrono::seconds(integer(-10, 700)), integer(-8, 8)});
    }
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

// Any advice at all against what rules alone would do.
TEST(DecideProperty, BoundedAdviceThatIsTrustedNeverEndsBelowTheRules) {
  Generator g;
  int raised = 0;
  for (int i = 0; i < kCases; ++i) {
    policy::Spec s = g.spec();
    s.behavior.scale_up.stabilization_window = s.behavior.scale_down.stabilization_window = Duration(0);
    const Observation o = g.observation(s, 0.2);
    const History h = g.history();
    Advice a;
    a.action = static_cast<Action>(g.integer(0, 2));
    a.target = g.integer(-5, 100);
    a.confidence = 1.0;

    const int by_rules = decide_by_rules(s, o, h).to;
    const int by_advice = decide(s, o, a, h, kNow).to;

    raised += by_advice > by_rules ? 1 : 0;
    ASSERT_GE(by_advice, std::min(by_rules, o.current)) << i;
    if (by_rules < o.current) {
      ASSERT_GE(by_advice, by_rules) << i;
    }
  }
  EXPECT_GT(raised, kCases / 20);
}

TEST(DecideProperty, NoAdviceWithAnyAuthorityBreaksAGuardrail) {
  Generator g;
  int downs = 0;
  for (int i = 0; i < kCases; ++i) {
    policy::Spec s = g.spec();
    if (g.flip(0.7)) s.advisor.authority = policy::Authority::full;
    const Observation o = g.observation(s, 0.15);
    const History h = g.history();
    Advice a;
    a.action = static_cast<Action>(g.integer(0, 2));
    a.target = g.integer(-5, 100);
    a.confidence = g.integer(0, 100) / 100.0;

    const Decision d = decide(s, o, a, h, kNow);

    const Signals signals = read_signals(s, o, h, kNow);
    const bool inside = distance(o.current, s.bounds) == 0;
    downs += d.to < d.from ? 1 : 0;
    ASSERT_LE(distance(d.to, s.bounds), distance(d.from, s.bounds)) << i;
    ASSERT_LE(d.from - d.to, limit_size(s.behavior.scale_down.max_step, d.from)) << i;
    if (!signals.may_scale_down) {
      ASSERT_GE(d.to, d.from) << i;
    }
    if (inside && (!signals.above.empty() || a.confidence < s.advisor.confidence_threshold)) {
      ASSERT_GE(d.to, d.from) << i;
    }
  }
  EXPECT_GT(downs, kCases / 50);
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

// One life of a policy: a load that moves, counts that follow, and a history that is kept as the loop keeps it.
class Life {
 public:
  Life(Generator& generator, policy::Spec spec) : g_(generator), spec_(std::move(spec)), count_(g_.integer(0, 40)) {}

  // One pass; `restart` writes the history down and reads it back first, as far as the journal keeps it.
  int pass(const Observation& observation, bool restart) {
    if (restart) history_ = reloaded();
    const Decision d = decide_by_rules(spec_, observation, history_, now_);
    if (d.recommended) remember(history_.recommendations, spec_.behavior, *d.recommended, now_);
    if (d.to != d.from) {
      history_.events.push_back({now_, d.to - d.from});
      history_.last_scale_end = now_;
    }
    forget(history_.events, spec_.behavior, now_);
    count_ = d.to;
    now_ += std::chrono::seconds(30);
    return d.to;
  }
  [[nodiscard]] int count() const { return count_; }

 private:
  [[nodiscard]] History reloaded() const {
    History h;
    h.last_scale_end = history_.last_scale_end;
    h.recommendations = history_.recommendations;
    h.events = history_.events;
    return h;
  }

  Generator& g_;
  policy::Spec spec_;
  History history_;
  WallTime now_ = kNow;
  int count_;
};

TEST(DecideProperty, ARestartInTheMiddleChangesNothing) {
  Generator g;
  for (int i = 0; i < kCases / 20; ++i) {
    const policy::Spec s = g.spec();
    Life through(g, s);
    Life restarted = through;
    for (int pass = 0; pass < 20; ++pass) {
      Observation o = g.observation(s, 0.1);
      o.current = through.count();
      ASSERT_EQ(through.pass(o, false), restarted.pass(o, pass % 3 == 1)) << i << " pass " << pass;
    }
  }
}

TEST(DecideProperty, AFixedPointIsKept) {
  Generator g;
  int reached = 0;
  for (int i = 0; i < kCases / 8; ++i) {
    const policy::Spec s = g.spec();
    const Observation first = g.observation(s, 0);
    // A desired count and a total do not move with the instances, so the way ends; a threshold's would not.
    const bool moves = std::any_of(s.metrics.begin(), s.metrics.end(), [](const policy::Metric& m) {
      return !m.desired && !(m.target && m.target->type == policy::TargetType::per_instance);
    });
    if (moves) continue;
    Life life(g, s);
    Observation o = first;
    for (int pass = 0; pass < 2000; ++pass) {
      o.current = life.count();
      life.pass(o, false);
    }
    const int settled = life.count();
    for (int pass = 0; pass < 50; ++pass) {
      o.current = life.count();
      ASSERT_EQ(life.pass(o, false), settled) << i;
    }
    ++reached;
  }
  EXPECT_GT(reached, 100);
}

}  // namespace
}  // namespace stackscaler::decision
