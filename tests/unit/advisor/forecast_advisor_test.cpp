// SPDX-License-Identifier: Apache-2.0
#include "advisor/forecast_advisor.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "support/fake_clock.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"

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

TEST_F(ForecastAdvisorTest, BeginsAnewWhenTheMetricsChange) {
  ForecastAdvisor advisor(clock, log, past(6.5, 2000));
  (void)advise(advisor);

  policy.spec_digest = "two";
  policy.spec.metrics[0].target->value = 60;
  (void)advise(advisor);

  EXPECT_EQ(asked, 2);
  EXPECT_EQ(advisor.size(), 1U);
}

TEST_F(ForecastAdvisorTest, GoesOnWithWhatItKnowsWhenOnlyOtherThingsChange) {
  ForecastAdvisor advisor(clock, log, past(6.5, 2000));
  (void)advise(advisor);

  policy.spec_digest = "two";
  policy.spec.bounds.max = 30;
  policy.spec.advisor.forecast.risk = 0.4;
  EXPECT_GT(advise(advisor).target, 4);
  EXPECT_EQ(asked, 1);

  policy.spec_digest = "three";  // more history than was read
  policy.spec.advisor.forecast.history = std::chrono::days(28);
  (void)advise(advisor);
  EXPECT_EQ(asked, 2);
}

TEST_F(ForecastAdvisorTest, AShortAnswerAboutThePastTakesNothingAway) {
  ForecastAdvisor advisor(clock, log, past(6.5, 30));
  broken = true;
  for (int i = 0; i < 120; ++i) {
    (void)advise(advisor);
    clock.advance(1min);
    broken = i < 100;
  }

  EXPECT_EQ(advise(advisor).advisor, "forecast");
}

TEST_F(ForecastAdvisorTest, LooksAheadByTheBootTimeThatWasMeasured) {
  ForecastAdvisor advisor(clock, log, {});
  const auto turn = [&](int count, int reporting) {
    observation.current = count;
    observation.reporting = reporting;
    (void)advise(advisor);
    clock.advance(1min);
  };
  for (int i = 0; i < 3; ++i) {
    turn(4 + i, 4 + i);
    EXPECT_FALSE(log.contains("lookAhead")) << i;
    for (int wait = 0; wait < 7; ++wait) turn(5 + i, 4 + i);
    turn(5 + i, 5 + i);
  }

  EXPECT_TRUE(log.contains("lookAhead=8m"));
}

class KeptForecastTest : public ForecastAdvisorTest {
 protected:
  ForecastFiles files() const { return ForecastFiles(folder.path()); }
  // An advisor that has seen so many minutes and is gone.
  void run(int minutes) {
    ForecastAdvisor advisor(clock, log, {}, &pool, files());
    for (int i = 0; i < minutes; ++i) {
      (void)advise(advisor);
      clock.advance(1min);
    }
  }
  void spoil(const std::string& content) const { std::ofstream(files().file_of(policy.key)) << content; }

  test::TempDir folder;
  BlockingPool pool{1};
};

TEST_F(KeptForecastTest, SurvivesARestart) {
  run(200);

  ForecastAdvisor again(clock, log, {}, &pool, files());
  EXPECT_EQ(advise(again).advisor, "forecast");
  EXPECT_TRUE(log.contains("goes on with what was kept"));
}

TEST_F(KeptForecastTest, MeasuredBootTimesSurviveARestart) {
  forecast::Record record{forecast::basis_of(policy), {9min, 9min, 9min}, {}};
  ASSERT_TRUE(files().write(policy.key, record));

  ForecastAdvisor again(clock, log, {}, &pool, files());
  (void)advise(again);
  EXPECT_TRUE(files().read(policy.key));
  EXPECT_EQ(files().read(policy.key)->boots, record.boots);
}

TEST_F(KeptForecastTest, IsWrittenEveryTenMinutesAndNotAtEveryTurn) {
  ForecastAdvisor advisor(clock, log, {}, &pool, files());
  const auto minutes = [&] { return files().read(policy.key)->past.needs.size(); };
  (void)advise(advisor);
  ASSERT_EQ(minutes(), 1U);
  for (int i = 0; i < 9; ++i) {
    clock.advance(1min);
    (void)advise(advisor);
  }
  EXPECT_EQ(minutes(), 1U);
  clock.advance(1min);
  (void)advise(advisor);
  EXPECT_EQ(minutes(), 11U);
}

TEST_F(KeptForecastTest, ADamagedFileIsIgnoredAloudAndReplaced) {
  run(100);
  spoil("stackscaler-forecast 1\nsha256 00\nrubbish");

  ForecastAdvisor again(clock, log, {}, &pool, files());
  EXPECT_EQ(advise(again).advisor, "rules");
  EXPECT_TRUE(log.contains("web.forecast: damaged"));
  EXPECT_TRUE(files().read(policy.key));
}

TEST_F(KeptForecastTest, AFileOfOtherMetricsIsIgnoredAloud) {
  run(100);
  policy.spec_digest = "two";
  policy.spec.metrics[0].target->value = 50;

  ForecastAdvisor again(clock, log, {}, &pool, files());
  EXPECT_EQ(advise(again).advisor, "rules");
  EXPECT_TRUE(log.contains("of other metrics"));
}

TEST_F(KeptForecastTest, AFileFromTheFutureIsIgnoredAloud) {
  run(100);
  clock.set_wall(clock.wall_now() - 24h);

  ForecastAdvisor again(clock, log, {}, &pool, files());
  EXPECT_EQ(advise(again).advisor, "rules");
  EXPECT_TRUE(log.contains("ends in the future"));
}

TEST_F(KeptForecastTest, ThePastIsReadAgainOnlyWhereTheFileLacksIt) {
  policy.spec.advisor.forecast.history = 2h;
  run(200);
  {
    ForecastAdvisor again(clock, log, past(4, 120), &pool, files());
    (void)advise(again);
    EXPECT_EQ(asked, 0);
  }
  clock.advance(1h);
  ForecastAdvisor later(clock, log, past(4, 120), &pool, files());
  (void)advise(later);
  EXPECT_EQ(asked, 1);
}

TEST_F(KeptForecastTest, AFolderThatCannotBeWrittenIsSaidAndChangesNoAdvice) {
  std::ofstream(folder / "file") << "in the way";
  ForecastAdvisor advisor(clock, log, past(6.5, 2000), &pool, ForecastFiles(folder / "file"));

  EXPECT_GT(advise(advisor).target, 4);
  EXPECT_TRUE(log.contains("a forecast can't be kept"));
}

TEST_F(KeptForecastTest, FilesThatNobodyHasWrittenForLongAreRemoved) {
  policy::PolicyKey old;
  old.name = "gone";
  ASSERT_TRUE(files().write(old, {}));
  ASSERT_TRUE(files().write(policy.key, {}));
  std::filesystem::last_write_time(files().file_of(old),
                                   std::filesystem::file_time_type::clock::now() - std::chrono::days(100));

  EXPECT_EQ(files().remove_old(), 1);
  EXPECT_FALSE(std::filesystem::exists(files().file_of(old)));
  EXPECT_TRUE(std::filesystem::exists(files().file_of(policy.key)));
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
