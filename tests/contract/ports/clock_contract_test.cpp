// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>

#include "async/clock.hpp"
#include "async/task_group.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"

namespace stackscaler {
namespace {

using namespace std::chrono_literals;

struct Candidate {
  std::string name;
  std::function<std::unique_ptr<Clock>(boost::asio::io_context&)> make;
};

class ClockContract : public testing::TestWithParam<Candidate> {
 protected:
  boost::asio::io_context io_;
  test::MemoryLog log_;
  std::unique_ptr<Clock> clock_ = GetParam().make(io_);
};

boost::asio::awaitable<void> sleep_into(Clock& clock, Duration time, std::optional<Result<void>>& out) {
  out = co_await clock.sleep_for(time);
}

TEST_P(ClockContract, ASleepUntilAPastTimeReturnsAtOnce) {
  const auto slept = test::run(io_, clock_->sleep_until(clock_->steady_now() - 1s));

  EXPECT_TRUE(slept);
}

TEST_P(ClockContract, ACancelledSleepSaysSoAndDoesNotThrow) {
  TaskGroup group(io_.get_executor(), log_);
  std::optional<Result<void>> slept;
  group.spawn("sleeper", sleep_into(*clock_, 1h, slept));
  io_.poll();

  group.request_stop();
  test::run(io_, group.join());

  ASSERT_TRUE(slept);
  ASSERT_FALSE(*slept);
  EXPECT_EQ(slept->error().kind(), ErrorKind::cancelled);
  EXPECT_TRUE(log_.lines().empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ClockContract,
    testing::Values(Candidate{"fake", [](auto& io) { return std::make_unique<test::FakeClock>(io); }},
                    Candidate{"system", [](auto& io) { return std::make_unique<SystemClock>(io.get_executor()); }}),
    [](const auto& p) { return p.param.name; });

}  // namespace
}  // namespace stackscaler
