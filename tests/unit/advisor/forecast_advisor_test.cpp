// SPDX-License-Identifier: Apache-2.0
#include "advisor/forecast_advisor.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "support/fake_clock.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"

namespace stackscaler::advisor {
namespace {

using namespace std::chrono_literals;

class ForecastAdvisorTest : public testing::Test {
 protected:
  ForecastAdvisorTest() {
    policy.key.name = "web";
    policy.spec_digest = "one";
    policy.spec.advisor.type = policy::AdvisorType::forecast;
    policy::Metric cpu;
    cpu.name = "cpu";
    cpu.preset = policy::Preset::cpu;
    cpu.target = policy::Target{policy::TargetType::utilization, 70};
    policy.spec.metrics.push_back(cpu);
    decision::MetricReading reading;
    reading.name = "cpu";
    reading.value = 70;
    observation.metrics.push_back(reading);
    observation.current = 4;
    observation.reporting = 4;
  }
  PastNeeds past(double need, int minutes) {
    return [this, need, minutes](const policy::ScalingPolicy& /*policy*/, WallTime /*from*/,
                                 WallTime to) -> boost::asio::awaitable<Result<std::vector<PastNeed>>> {
      return answer(need, minutes, to);
    };
  }
  boost::asio::awaitable<Result<std::vector<PastNeed>>> answer(double need, int minutes, WallTime to) {
    ++asked;
    if (broken) co_return fail(kind, "no server");
    std::vector<PastNeed> out;
    for (int i = minutes; i-- > 0;) out.push_back({to - i * 1min, need});
    co_return out;
  }
  decision::Advice advise(ForecastAdvisor& advisor) {
    const auto signals = decision::read_signals(policy.spec, observation, {}, clock.wall_now());
    return *test::run(io, advisor.advise(policy, observation, signals));
  }

  boost::asio::io_context io;
  test::FakeClock clock{io};
  test::MemoryLog log;
  policy::ScalingPolicy policy;
  decision::Observation observation;
  int asked = 0;
  bool broken = false;
  ErrorKind kind = ErrorKind::unavailable;
};

TEST_F(ForecastAdvisorTest, LearnsFromThePastAtItsFirstTurn) {
  ForecastAdvisor advisor(clock, log, past(6.5, 2000));

  const auto advice = advise(advisor);

  EXPECT_EQ(advice.advisor, "forecast");
  EXPECT_GT(advice.target, 4);
  advise(advisor);
  EXPECT_EQ(asked, 1);
}

TEST_F(ForecastAdvisorTest, TheRulesAdviseUntilThereIsEnough) {
  ForecastAdvisor advisor(clock, log, {});

  EXPECT_NE(advise(advisor).message.find("no forecast yet"), std::string::npos);
  for (int i = 0; i < 61; ++i) {
    clock.advance(1min);
    (void)advise(advisor);
  }

  EXPECT_EQ(advise(advisor).advisor, "forecast");
}

TEST_F(ForecastAdvisorTest, APastThatCannotBeReadIsTriedAgainLater) {
  ForecastAdvisor advisor(clock, log, past(6.5, 2000));
  broken = true;

  EXPECT_NE(advise(advisor).message.find("no server"), std::string::npos);
  (void)advise(advisor);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(log.contains("the history for a forecast can't be read"));

  broken = false;
  clock.advance(11min);
  EXPECT_GT(advise(advisor).target, 4);
  EXPECT_EQ(asked, 2);
}

TEST_F(ForecastAdvisorTest, APastThatNobodyKnowsIsNotAskedForAgain) {
  ForecastAdvisor advisor(clock, log, past(6.5, 2000));
  broken = true;
  kind = ErrorKind::not_found;

  (void)advise(advisor);
  clock.advance(1h);
  (void)advise(advisor);

  EXPECT_EQ(asked, 1);
}

TEST_F(ForecastAdvisorTest, BeginsAnewWhenTheSpecChanges) {
  ForecastAdvisor advisor(clock, log, past(6.5, 2000));
  (void)advise(advisor);

  policy.spec_digest = "two";
  (void)advise(advisor);

  EXPECT_EQ(asked, 2);
  EXPECT_EQ(advisor.size(), 1U);
}

TEST_F(ForecastAdvisorTest, WhoWantsNoForecastGetsTheRules) {
  ForecastAdvisor advisor(clock, log, past(6.5, 2000));
  policy.spec.advisor.type = policy::AdvisorType::rules;

  EXPECT_EQ(advise(advisor).advisor, "rules");
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(advisor.size(), 0U);
}

TEST_F(ForecastAdvisorTest, ForgetsPoliciesThatNobodyAsksForAnyMore) {
  ForecastAdvisor advisor(clock, log, {});
  for (int i = 0; i < 20; ++i) {
    policy.key.name = "web" + std::to_string(i);
    (void)advise(advisor);
    clock.advance(1h);
  }

  EXPECT_LT(advisor.size(), 9U);
}

}  // namespace
}  // namespace stackscaler::advisor
