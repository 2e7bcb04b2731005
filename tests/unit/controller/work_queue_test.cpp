// SPDX-License-Identifier: Apache-2.0
#include "controller/work_queue.hpp"

#include <gtest/gtest.h>

namespace stackscaler::controller {
namespace {

using namespace std::chrono_literals;

policy::PolicyKey key(std::string name) {
  policy::PolicyKey k;
  k.name = std::move(name);
  return k;
}

constexpr SteadyTime at(int s) {
  return SteadyTime(std::chrono::seconds(s));
}

TEST(WorkQueueTest, HandsOutTheLongestWaitingFirstAndOnlyWhenDue) {
  WorkQueue q;
  q.add(key("b"), at(2));
  q.add(key("a"), at(1));

  EXPECT_FALSE(q.take(at(0)));
  EXPECT_EQ(q.next_due(), at(1));
  EXPECT_EQ(q.take(at(5))->name, "a");
  EXPECT_EQ(q.last_due(), at(1));
  EXPECT_EQ(q.take(at(5))->name, "b");
  EXPECT_FALSE(q.take(at(5)));
}

TEST(WorkQueueTest, TheEarliestWishWins) {
  WorkQueue q;
  q.add(key("a"), at(5));
  q.add(key("a"), at(9));
  EXPECT_EQ(q.next_due(), at(5));
  q.add(key("a"), at(2));
  EXPECT_EQ(q.next_due(), at(2));
  EXPECT_EQ(q.waiting(), 1U);
}

TEST(Law4OneHandPerStack, AKeyInWorkIsNotHandedOutAgainAndItsWishIsKept) {
  WorkQueue q;
  q.add(key("a"), at(0));
  ASSERT_TRUE(q.take(at(0)));

  q.add(key("a"), at(0));
  EXPECT_FALSE(q.take(at(100)));

  q.done(key("a"), at(50));
  EXPECT_EQ(q.next_due(), at(0));
}

TEST(WorkQueueTest, DoneWithoutAWishEndsTheKey) {
  WorkQueue q;
  q.add(key("a"), at(0));
  ASSERT_TRUE(q.take(at(0)));
  q.done(key("a"), std::nullopt);

  EXPECT_FALSE(q.next_due());
  EXPECT_EQ(q.in_work(), 0U);
}

TEST(WorkQueueTest, ARemovedKeyLeavesNothingBehindEvenInWork) {
  WorkQueue q;
  q.add(key("a"), at(0));
  q.add(key("b"), at(0));
  ASSERT_EQ(q.take(at(0))->name, "a");

  q.remove(key("a"));
  q.remove(key("b"));
  q.done(key("a"), at(1));

  EXPECT_FALSE(q.take(at(100)));
  EXPECT_EQ(q.waiting(), 0U);
}

TEST(WorkQueueTest, AKeyRemovedAndAddedAgainInWorkLives) {
  WorkQueue q;
  q.add(key("a"), at(0));
  ASSERT_TRUE(q.take(at(0)));
  q.remove(key("a"));
  q.add(key("a"), at(3));
  q.done(key("a"), std::nullopt);

  EXPECT_EQ(q.next_due(), at(3));
}

}  // namespace
}  // namespace stackscaler::controller
