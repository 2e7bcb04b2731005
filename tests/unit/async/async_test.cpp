// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <thread>

#include "async/deadline.hpp"
#include "async/offload.hpp"
#include "async/slots.hpp"
#include "async/task_group.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"

namespace stackscaler {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

asio::awaitable<void> count_ticks(Clock& clock, int& ticks) {
  for (;;) {
    auto slept = co_await clock.sleep_for(30s);
    if (!slept) co_return;
    ++ticks;
  }
}

TEST(TaskGroupTest, AnHourOfHalfMinutesIsOneHundredAndTwentyTicksAndStopEndsTheTask) {
  asio::io_context io;
  test::FakeClock clock(io);
  test::MemoryLog log;
  TaskGroup group(io.get_executor(), log);
  int ticks = 0;

  group.spawn("ticker", count_ticks(clock, ticks));
  clock.advance(1h);
  EXPECT_EQ(ticks, 120);

  group.request_stop();
  test::run(io, group.join());
  EXPECT_EQ(group.size(), 0U);
  EXPECT_EQ(clock.sleepers(), 0U);
  EXPECT_TRUE(log.lines().empty());
}

asio::awaitable<void> throwing() {
  throw std::runtime_error("boom");
  co_return;
}

TEST(TaskGroupTest, LogsATaskThatThrowsAndGoesOn) {
  asio::io_context io;
  test::MemoryLog log;
  TaskGroup group(io.get_executor(), log);

  group.spawn("bad", throwing());
  test::run(io, group.join());

  EXPECT_TRUE(log.contains("task failed task=bad err=boom"));
}

asio::awaitable<Result<int>> answer_after(Clock& clock, Duration delay) {
  auto slept = co_await clock.sleep_for(delay);
  if (!slept) co_return fail(slept.error());
  co_return 42;
}

asio::awaitable<void> race(Clock& clock, Duration delay, Result<int>& out) {
  auto operation = answer_after(clock, delay);
  out = co_await with_deadline(clock, 5s, std::string("op"), std::move(operation));
}

TEST(DeadlineTest, GivesTheAnswerInTimeAndTimeoutAfter) {
  asio::io_context io;
  test::FakeClock clock(io);
  test::MemoryLog log;
  TaskGroup group(io.get_executor(), log);
  Result<int> quick = 0;
  Result<int> slow = 0;

  group.spawn("quick", race(clock, 1s, quick));
  group.spawn("slow", race(clock, 10s, slow));
  clock.advance(6s);

  ASSERT_EQ(group.size(), 0U);
  EXPECT_EQ(quick.value(), 42);
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().kind(), ErrorKind::timeout);
  EXPECT_EQ(slow.error().message(), "op: no answer within 5s");
}

asio::awaitable<bool> on_other_thread(BlockingPool& pool) {
  const auto here = std::this_thread::get_id();
  auto where = [] { return std::this_thread::get_id(); };
  const auto there = co_await offload(pool, std::move(where));
  const bool back = std::this_thread::get_id() == here;
  co_return back&& there != here;
}

TEST(OffloadTest, RunsElsewhereAndComesBack) {
  asio::io_context io;
  BlockingPool pool(1);

  EXPECT_TRUE(test::run(io, on_other_thread(pool)));
}

boost::asio::awaitable<void> hold(Slots& slots, Clock& clock, std::vector<int>& order, int who) {
  co_await slots.acquire();
  const SlotHolder holder(slots);
  order.push_back(who);
  (void)co_await clock.sleep_for(1s);
}

TEST(SlotsTest, ServesSoManyAtATimeInTheOrderOfTheirAsking) {
  asio::io_context io;
  test::FakeClock clock(io);
  test::MemoryLog log;
  TaskGroup group(io.get_executor(), log);
  Slots slots(io.get_executor(), 2);
  std::vector<int> order;

  for (int who = 1; who <= 5; ++who) group.spawn("holder", hold(slots, clock, order, who));
  clock.advance(0s);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  clock.advance(1s);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
  clock.advance(2s);

  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(group.size(), 0U);
}

TEST(SlotsTest, WhoIsCancelledWhileWaitingHasItsTurnFirstAndGivesItOn) {
  asio::io_context io;
  test::FakeClock clock(io);
  test::MemoryLog log;
  TaskGroup holding(io.get_executor(), log);
  TaskGroup cancelled(io.get_executor(), log);
  Slots slots(io.get_executor(), 1);
  std::vector<int> order;
  holding.spawn("holder", hold(slots, clock, order, 1));
  clock.advance(0s);
  cancelled.spawn("cancelled", hold(slots, clock, order, 2));
  holding.spawn("last", hold(slots, clock, order, 3));
  clock.advance(0s);

  cancelled.request_stop();
  clock.advance(0s);
  EXPECT_EQ(order, std::vector<int>{1});  // it left neither its turn nor its place
  clock.advance(1s);
  clock.advance(0s);

  EXPECT_EQ(cancelled.size(), 0U);
  EXPECT_EQ(order.back(), 3);
  clock.advance(1s);
  EXPECT_EQ(holding.size(), 0U);
}

}  // namespace
}  // namespace stackscaler
