// SPDX-License-Identifier: Apache-2.0
#include "controller/fleet_guard.hpp"

#include <gtest/gtest.h>

#include <random>

#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{std::chrono::hours(100)};

policy::PolicyKey key(int n) {
  policy::PolicyKey k;
  k.name = "p" + std::to_string(n);
  return k;
}

// `fleet` policies, of which the first `fewer` want fewer from `now` on.
void note(FleetGuard& guard, int fleet, int fewer, SteadyTime now) {
  for (int i = 0; i < fleet; ++i) guard.note(key(i), i < fewer, now);
}

struct Case {
  std::string name;
  int fleet;
  int fewer;
  bool open;
};
class Breaker : public testing::TestWithParam<Case> {};

TEST_P(Breaker, OpensOnMoreThanHalfAndAtLeastFour) {
  const Case& c = GetParam();
  FleetGuard guard{FleetLimits{}};
  note(guard, c.fleet, 0, kStart);

  note(guard, c.fleet, c.fewer, kStart + 1min);

  EXPECT_EQ(!guard.check_breaker(), c.open);
}

INSTANTIATE_TEST_SUITE_P(All, Breaker,
                         testing::Values(Case{"three_of_three", 3, 3, false}, Case{"four_of_four", 4, 4, true},
                                         Case{"four_of_eight", 8, 4, false}, Case{"five_of_eight", 8, 5, true},
                                         Case{"none", 10, 0, false}, Case{"all", 100, 100, true}),
                         [](const auto& p) { return p.param.name; });

TEST(FleetGuardTest, AnEveningIsNoFault) {
  FleetGuard guard{FleetLimits{}};
  note(guard, 10, 0, kStart);
  for (int i = 0; i < 10; ++i) {  // one after the other, six minutes apart
    note(guard, 10, i + 1, kStart + i * 6min);
    ASSERT_TRUE(guard.check_breaker()) << i;
  }
}

TEST(FleetGuardTest, ClosesWhenFewerWantItAndAfterAnHourAtMost) {
  FleetGuard calm{FleetLimits{}};
  note(calm, 10, 9, kStart);
  ASSERT_FALSE(calm.check_breaker());
  EXPECT_EQ(calm.check_breaker().error().reason(), policy::reason::kFleetShrinking);
  note(calm, 10, 3, kStart + 2min);
  EXPECT_TRUE(calm.check_breaker());

  FleetGuard lasting{FleetLimits{}};
  note(lasting, 10, 9, kStart);
  note(lasting, 10, 9, kStart + 59min);
  EXPECT_FALSE(lasting.check_breaker());
  note(lasting, 10, 9, kStart + 61min);
  EXPECT_TRUE(lasting.check_breaker());
  note(lasting, 10, 9, kStart + 62min);
  EXPECT_TRUE(lasting.check_breaker());
}

TEST(FleetGuardTest, APolicyThatIsGoneCountsNoMore) {
  FleetGuard guard{FleetLimits{}};
  note(guard, 6, 4, kStart);
  ASSERT_FALSE(guard.check_breaker());

  guard.forget(key(0));
  guard.note(key(5), false, kStart + 1min);

  EXPECT_TRUE(guard.check_breaker());
}

TEST(FleetGuardTest, ZeroPercentIsNoBreaker) {
  FleetLimits limits;
  limits.shrink_breaker_percent = 0;
  FleetGuard guard(limits);
  note(guard, 10, 10, kStart);

  EXPECT_TRUE(guard.check_breaker());
}

TEST(FleetGuardTest, TheBudgetCountsWhatIsUnderWay) {
  FleetLimits limits;
  limits.max_destroyed_per_hour = 5;
  FleetGuard guard(limits);

  EXPECT_EQ(guard.allowance(3).value(), 2);
  EXPECT_FALSE(guard.allowance(5));
  {
    const Reservation reserved(guard, "web", 2);
    EXPECT_TRUE(guard.reserved("web"));
    EXPECT_EQ(guard.allowance(2).value(), 1);
    EXPECT_FALSE(guard.allowance(3));
  }
  EXPECT_EQ(guard.allowance(2).value(), 3);
  EXPECT_EQ(FleetGuard{FleetLimits{}}.allowance(10'000).value(), policy::kMaxInstances);
}

TEST(FleetGuardTest, OpensOnlyOnWhatBeganTogetherForGeneratedFleets) {
  std::mt19937 random(20261124);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  int opened = 0;
  for (int round = 0; round < 500; ++round) {
    FleetGuard guard{FleetLimits{}};
    const int fleet = 1 + below(12);
    std::map<int, std::optional<SteadyTime>> since;
    note(guard, fleet, 0, kStart);
    SteadyTime now = kStart;
    bool open = false;
    for (int step = 0; step < 60 && !open; ++step) {
      now += std::chrono::seconds(below(120));
      const int who = below(fleet);
      const bool fewer = below(3) > 0;
      if (!fewer) since[who].reset();
      if (fewer && !since[who]) since[who] = now;
      guard.note(key(who), fewer, now);
      int together = 0;
      for (const auto& [n, at] : since) together += at && now - *at < 5min ? 1 : 0;
      open = !guard.check_breaker();
      ASSERT_EQ(open, together >= 4 && together * 2 > fleet) << round << " step " << step;
    }
    opened += open ? 1 : 0;
  }
  EXPECT_GT(opened, 50);
}

}  // namespace
}  // namespace stackscaler::controller
