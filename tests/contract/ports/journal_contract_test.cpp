// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>

#include "journal/sqlite_journal.hpp"
#include "support/fake_journal.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler {
namespace {

using ports::OperationRecord;
using ports::Phase;

struct Candidate {
  std::string name;
  std::function<std::unique_ptr<ports::Journal>(const std::filesystem::path&)> make;
};

class JournalContract : public testing::TestWithParam<Candidate> {
 protected:
  OperationRecord record(std::string id, Phase phase, int started, int pid = 0) {
    OperationRecord r;
    r.id = std::move(id);
    r.stack = "web";
    r.phase = phase;
    r.started = WallTime(std::chrono::seconds(started));
    r.pid = pid;
    return r;
  }
  void put(OperationRecord r) { ASSERT_TRUE(test::run(io_, journal_->put_operation(std::move(r)))); }

  test::TempDir dir_;
  boost::asio::io_context io_;
  std::unique_ptr<ports::Journal> journal_ = GetParam().make(dir_.path());
};

TEST_P(JournalContract, AnOperationIsOpenUntilItIsPutFinished) {
  put(record("a", Phase::intended, 1));
  put(record("a", Phase::applying, 1, 7));
  put(record("b", Phase::intended, 2));

  auto open = test::run(io_, journal_->unfinished_operations());
  ASSERT_TRUE(open);
  ASSERT_EQ(open->size(), 2U);
  EXPECT_EQ(open->front().id, "a");
  EXPECT_EQ(open->front().phase, Phase::applying);

  put(record("a", Phase::succeeded, 1, 7));
  put(record("b", Phase::abandoned, 2));
  open = test::run(io_, journal_->unfinished_operations());
  ASSERT_TRUE(open);
  EXPECT_TRUE(open->empty());
}

TEST_P(JournalContract, KeepsTheNewestFiveBootTimesOfEachStack) {
  using namespace std::chrono_literals;
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(
        test::run(io_, journal_->put_boot_time("web", WallTime(std::chrono::seconds(100 + i)), 1500ms + i * 1s)));
  }
  ASSERT_TRUE(test::run(io_, journal_->put_boot_time("api", WallTime(100s), 9s)));

  const auto web = test::run(io_, journal_->boot_times("web"));
  const auto none = test::run(io_, journal_->boot_times("db"));

  ASSERT_TRUE(web);
  EXPECT_EQ(*web, (std::vector<Duration>{7500ms, 6500ms, 5500ms, 4500ms, 3500ms}));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST_P(JournalContract, TheManagerIsThePolicyOfTheNewestDecisionElseOfTheNewestOperation) {
  const auto manager = [&](std::string stack) {
    auto found = test::run(io_, journal_->manager_of(std::move(stack)));
    EXPECT_TRUE(found);
    return found && *found ? **found : std::string("nobody");
  };
  EXPECT_EQ(manager("web"), "nobody");

  OperationRecord by_hand = record("hand", Phase::succeeded, 3, 7);
  by_hand.requested_by = "stack scale";
  put(by_hand);
  EXPECT_EQ(manager("web"), "nobody");
  OperationRecord old = record("old", Phase::succeeded, 1, 7);
  old.requested_by = "policy default/a";
  put(old);
  EXPECT_EQ(manager("web"), "default/a");

  for (const std::string policy : {"default/c", "default/b"}) {
    ports::DecisionRecord decision;
    decision.policy = policy;
    decision.stack = "web";
    ASSERT_TRUE(test::run(io_, journal_->put_decision(std::move(decision))));
  }
  EXPECT_EQ(manager("web"), "default/b");
  EXPECT_EQ(manager("other"), "nobody");
}

TEST_P(JournalContract, LastAppliedIsTheNewestThatReachedAnApply) {
  put(record("old", Phase::applying, 1, 7));
  put(record("old", Phase::succeeded, 1, 7));
  put(record("new", Phase::applying, 5, 8));
  put(record("new", Phase::failed, 5, 8));
  put(record("refused", Phase::intended, 9));
  put(record("refused", Phase::abandoned, 9));

  const auto last = test::run(io_, journal_->last_applied("web"));
  const auto other = test::run(io_, journal_->last_applied("other"));

  ASSERT_TRUE(last && *last);
  EXPECT_EQ((*last)->id, "new");
  ASSERT_TRUE(other);
  EXPECT_FALSE(*other);
}

TEST_P(JournalContract, WhatIsHalfMadeComesBackAsItWasPutLast) {
  OperationRecord r = record("a", Phase::planned, 1);
  r.half_made = {2, 3, 10};
  put(r);
  const auto open = test::run(io_, journal_->unfinished_operations());
  ASSERT_TRUE(open && open->size() == 1U);
  EXPECT_EQ(open->front().half_made, (std::vector<int>{2, 3, 10}));

  r.phase = Phase::failed;
  r.half_made = {3};
  put(r);
  put(record("refused", Phase::abandoned, 9));

  const auto last = test::run(io_, journal_->last_applied("web"));
  ASSERT_TRUE(last && *last);
  EXPECT_EQ((*last)->id, "a") << "a failed operation has reached an apply, with a pid or without";
  EXPECT_EQ((*last)->half_made, std::vector<int>{3});
}

TEST_P(JournalContract, ScalingsAreWhatChangedACountSinceThen) {
  const auto ended = [this](const char* id, const char* stack, int minute, int from, int after) {
    OperationRecord r = record(id, Phase::applying, minute);
    r.stack = stack;
    r.pid = 1;
    r.from = from;
    put(r);
    r.phase = Phase::succeeded;
    r.ended = WallTime(std::chrono::minutes(minute));
    r.count_after = after;
    put(r);
  };
  ended("old", "web", 1, 1, 2);
  ended("same", "web", 10, 2, 2);
  ended("down", "web", 11, 5, 2);
  ended("other", "api", 12, 2, 4);
  const WallTime since(std::chrono::minutes(10));

  const auto all = test::run(io_, journal_->scalings("", since));
  const auto web = test::run(io_, journal_->scalings("web", since));

  const ports::Scaling down{"web", WallTime(std::chrono::minutes(11)), 5, 2};
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (std::vector<ports::Scaling>{down, {"api", WallTime(std::chrono::minutes(12)), 2, 4}}));
  ASSERT_TRUE(web);
  EXPECT_EQ(*web, std::vector<ports::Scaling>{down});
}

TEST_P(JournalContract, RecommendationsKeepTheLatestTimeOfEachCount) {
  const auto at = [](int minute) { return WallTime(std::chrono::minutes(minute)); };
  const auto put = [&](const char* policy, int minute, int count) {
    ASSERT_TRUE(test::run(io_, journal_->put_recommendation(policy, {at(minute), count})));
  };
  put("default/web", 100, 5);
  put("default/web", 101, 3);
  put("default/web", 102, 5);
  put("default/api", 103, 9);

  const auto all = test::run(io_, journal_->recommendations("default/web", at(60)));
  const auto late = test::run(io_, journal_->recommendations("default/web", at(102)));

  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (std::vector<decision::Recommendation>{{at(101), 3}, {at(102), 5}}));
  ASSERT_TRUE(late);
  EXPECT_EQ(*late, (std::vector<decision::Recommendation>{{at(102), 5}}));
}

TEST_P(JournalContract, AGenerationCountsTheChangesOfADigest) {
  const auto generation = [&](const char* digest) {
    return test::run(io_, journal_->generation("default/web", digest)).value();
  };

  EXPECT_EQ(generation("a"), 1);
  EXPECT_EQ(generation("a"), 1);
  EXPECT_EQ(generation("b"), 2);
  EXPECT_EQ(generation("a"), 3);
}

INSTANTIATE_TEST_SUITE_P(
    All, JournalContract,
    testing::Values(Candidate{"fake", [](const auto&) { return std::make_unique<test::FakeJournal>(); }},
                    Candidate{"sqlite",
                              [](const std::filesystem::path& folder) {
                                std::string aside;
                                auto store = journal::Store::open(folder, aside);
                                return std::make_unique<journal::SqliteJournal>(std::move(store).value());
                              }}),
    [](const auto& p) { return p.param.name; });

}  // namespace
}  // namespace stackscaler
