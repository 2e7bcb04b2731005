// SPDX-License-Identifier: Apache-2.0
#include "terraform/rehearsal.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "policy/reasons.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_journal.hpp"
#include "support/run.hpp"

namespace stackscaler::terraform {
namespace {

namespace asio = boost::asio;
namespace reason = policy::reason;
using namespace std::chrono_literals;

class RehearsalTest : public ::testing::Test {
 protected:
  static policy::StackRef web() {
    policy::StackRef ref;
    ref.id = "web";
    return ref;
  }
  static ports::ScaleOrder order(int to) {
    ports::ScaleOrder order;
    order.stack = web();
    order.to = to;
    return order;
  }
  static asio::awaitable<void> scale(RehearsalTest& self, int to) {
    ports::ScaleOrder wanted = order(to);
    self.report_ = co_await self.driver_.scale(self.permit_, std::move(wanted), nullptr);
  }
  void start(int to) {
    asio::co_spawn(io_, scale(*this, to), [](const std::exception_ptr&) {});
    clock_.advance(1s);
  }

  asio::io_context io_;
  test::FakeClock clock_{io_};
  Random random_{1};
  test::FakeJournal journal_;
  RehearsalDriver driver_{clock_, random_, journal_};
  ports::Gate gate_{ports::GateSettings{true, false, true}};
  ports::WritePermit permit_ = gate_.permit(ports::WriteRequest{}).value();
  std::optional<Result<ports::ScaleReport>> report_;
};

TEST_F(RehearsalTest, StartsWithOneAndTakesTwoSecondsToScale) {
  EXPECT_EQ(test::run(io_, driver_.observe(web()))->count, 1);

  start(3);
  EXPECT_FALSE(report_);
  clock_.advance(1s);

  ASSERT_TRUE(report_ && *report_);
  EXPECT_EQ((*report_)->from, 1);
  EXPECT_EQ((*report_)->count_after, 3);
  EXPECT_EQ(test::run(io_, driver_.observe(web()))->count, 3);
  EXPECT_EQ(journal_.phases(), "intended succeeded");
}

TEST_F(RehearsalTest, RefusesASecondChangeOfTheSameStack) {
  start(3);

  const auto second = test::run(io_, driver_.scale(permit_, order(2), nullptr));

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason(), reason::kStackBusy);
  clock_.advance(2s);
}

TEST_F(RehearsalTest, NeedsAnOpenGateAsTheRealOneDoes) {
  gate_.close_for_stop();

  const auto report = test::run(io_, driver_.scale(permit_, order(2), nullptr));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kStopping);
  EXPECT_TRUE(journal_.writes.empty());
}

TEST_F(RehearsalTest, PlansWithoutChangingAnything) {
  const auto plan = test::run(io_, driver_.plan(web(), 4));

  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->summary, "create 3 of rehearsal.instance");
  EXPECT_EQ(test::run(io_, driver_.observe(web()))->count, 1);
}

}  // namespace
}  // namespace stackscaler::terraform
