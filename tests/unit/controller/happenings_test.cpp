// SPDX-License-Identifier: Apache-2.0
//
// What the loop tells as events: each once when it happens, not at every turn in which it still is so.
#include "controller/happenings.hpp"

#include <gtest/gtest.h>

#include "fakes.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

using Reasons = std::vector<std::string>;

TEST(Happenings, AScalingIsToldWithItsCountsAndItsReason) {
  World w;
  w.metrics.cpu = 90;
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(5s);

  ASSERT_EQ(w.events.reasons(), Reasons{"Scaled"});
  EXPECT_FALSE(w.events.told[0].warning);
  EXPECT_TRUE(w.events.told[0].note.starts_with("scaled from 3 to 4: ")) << w.events.told[0].note;
  EXPECT_NE(w.events.told[0].note.find("operation op"), std::string::npos);
}

TEST(Happenings, MissingMetricsAreToldWhenTheyBeginAndWhenTheyEnd) {
  World w;
  w.metrics.cpu.reset();
  w.add(policy_of("web", 10s));
  w.start();
  w.clock.advance(1min);
  ASSERT_EQ(w.events.reasons(), Reasons{"MetricsUnavailable"});
  EXPECT_TRUE(w.events.told[0].warning);

  w.metrics.cpu = 50;
  w.clock.advance(1min);

  EXPECT_EQ(w.events.reasons(), (Reasons{"MetricsUnavailable", "MetricsAvailable"}));
}

TEST(Happenings, ADryRunIsToldOnceForEachStep) {
  World w;
  w.metrics.cpu = 90;
  auto p = policy_of("web", 10s);
  p->spec.dry_run = true;
  w.add(p);
  w.start();
  w.clock.advance(1min);

  ASSERT_EQ(w.events.reasons(), Reasons{"DryRun"});
  EXPECT_TRUE(w.events.told[0].note.starts_with("would scale from 3 to 4: ")) << w.events.told[0].note;
}

TEST(Happenings, ARefusalAndAFailureHaveNamesOfTheirOwn) {
  World w;
  w.metrics.cpu = 90;
  w.driver.fail_scale.push_back(
      Error(ErrorKind::conflict, policy::reason::kPlanRefused, "delete aws_db_instance.main"));
  w.add(policy_of("web", 10s));
  w.start();
  w.clock.advance(30s);
  ASSERT_FALSE(w.events.told.empty());
  EXPECT_EQ(w.events.told[0].reason, "ScaleRefused");
  EXPECT_TRUE(w.events.told[0].warning);
  EXPECT_NE(w.events.told[0].note.find("delete aws_db_instance.main"), std::string::npos);

  World other;
  other.metrics.cpu = 90;
  other.driver.fail_scale.push_back(Error(ErrorKind::unavailable, policy::reason::kApplyFailed, "quota"));
  other.add(policy_of("web", 10s));
  other.start();
  other.clock.advance(5s);
  ASSERT_FALSE(other.events.told.empty());
  EXPECT_EQ(other.events.told[0].reason, "ScaleFailed");
}

TEST(Happenings, AStackThatCanNotBeReadIsToldOnce) {
  World w;
  for (int i = 0; i < 4; ++i) {
    w.driver.fail_observe.push_back(Error(ErrorKind::not_found, policy::reason::kStackNotAdopted, "no stack 'web'"));
  }
  w.add(policy_of("web", 10s));
  w.start();
  w.clock.advance(30s);

  EXPECT_EQ(w.events.reasons(), Reasons{"StackNotAdopted"});
}

class FailingAdvisor final : public ports::Advisor {
 public:
  bool failing = true;
  asio::awaitable<Result<decision::Advice>> advise(const policy::ScalingPolicy&, const decision::Observation& o,
                                                   const decision::Signals& signals) override {
    decision::Advice advice = advisor::rules_advice(o, signals);
    if (failing) {
      advice.unavailable = policy::reason::kAdvisorUnreachable;
      advice.unavailable_message = "gemini did not answer in time";
    }
    co_return advice;
  }
};

TEST(Happenings, AFallbackOfTheAdvisorIsToldWhenItBeginsAndWhenItEnds) {
  World w;
  FailingAdvisor advisor;
  Reconciler reconciler(
      {w.clock, w.log, w.random, w.metrics, advisor, w.driver, &w.status, w.journal, w.gate, &w.events});
  auto memory = std::make_shared<PolicyMemory>();
  memory->policy = policy_of("web");
  const auto turn = [&] {
    w.main.spawn("turn", [](Reconciler& r, Reconciler::Memory m) -> asio::awaitable<void> {
      co_await r.turn(std::move(m), [] {});
    }(reconciler, memory));
    w.clock.advance(1s);
  };

  turn();
  turn();
  ASSERT_EQ(w.events.reasons(), Reasons{"AdvisorFallback"});
  EXPECT_EQ(w.events.told[0].note, "AdvisorUnreachable: gemini did not answer in time; rules decide");
  advisor.failing = false;
  turn();

  EXPECT_EQ(w.events.reasons(), (Reasons{"AdvisorFallback", "AdvisorAvailable"}));
}

}  // namespace
}  // namespace stackscaler::controller
