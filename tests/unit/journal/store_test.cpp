// SPDX-License-Identifier: Apache-2.0
#include "journal/store.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "journal/sqlite_journal.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::journal {
namespace {

using namespace std::chrono_literals;
using ports::OperationRecord;
using ports::Phase;

Store open_store(const test::TempDir& dir) {
  std::string aside;
  auto store = Store::open(dir / "data", aside);
  if (!store) throw std::runtime_error(store.error().message());
  EXPECT_EQ(aside, "");
  return std::move(*store);
}

OperationRecord operation(std::string id, Phase phase, Duration started) {
  OperationRecord r;
  r.id = std::move(id);
  r.stack = "web";
  r.folder = "/stacks/web";
  r.workspace = "default";
  r.requested_by = "policy default/web";
  r.from = 2;
  r.to = 3;
  r.reason = "AboveThreshold";
  r.message = "cpu 'high'";
  r.phase = phase;
  r.started = WallTime(started);
  r.pid = 42;
  r.pid_start = 18'000'000'000'000'000'000U;
  r.boot_id = "boot";
  r.stream = "/data/stream";
  return r;
}

TEST(Law5WrittenBeforeDone, AnOpenOperationIsFoundAgainByTheNextProcess) {
  const test::TempDir dir;
  {
    Store store = open_store(dir);
    ASSERT_TRUE(store.put_operation(operation("a", Phase::applying, 5s)));
    ASSERT_TRUE(store.put_operation(operation("b", Phase::succeeded, 6s)));
  }

  Store store = open_store(dir);
  const auto open = store.unfinished_operations();

  ASSERT_TRUE(open) << open.error().message();
  ASSERT_EQ(open->size(), 1U);
  const OperationRecord& r = open->front();
  EXPECT_EQ(r.id, "a");
  EXPECT_EQ(r.phase, Phase::applying);
  EXPECT_EQ(r.message, "cpu 'high'");
  EXPECT_EQ(r.pid, 42);
  EXPECT_EQ(r.pid_start, 18'000'000'000'000'000'000U);
  EXPECT_EQ(r.started, WallTime(5s));
  EXPECT_FALSE(r.ended);
  EXPECT_FALSE(r.count_after);
}

TEST(StoreTest, LastAppliedPassesOverWhatNeverReachedAnApply) {
  const test::TempDir dir;
  Store store = open_store(dir);
  OperationRecord done = operation("a", Phase::applying, 5s);
  ASSERT_TRUE(store.put_operation(done));
  done.phase = Phase::succeeded;
  done.ended = WallTime(9s);
  done.count_after = 3;
  ASSERT_TRUE(store.put_operation(done));
  ASSERT_TRUE(store.put_operation(operation("b", Phase::abandoned, 20s)));

  const auto last = store.last_applied("web");

  ASSERT_TRUE(last && *last);
  EXPECT_EQ((*last)->id, "a");
  EXPECT_EQ((*last)->ended, WallTime(9s));
  EXPECT_EQ((*last)->count_after, 3);
  EXPECT_FALSE(store.last_applied("other")->has_value());
}

// The table as it was before half-made instances were recorded, with one record in it.
constexpr const char* kOldTable = R"sql(
CREATE TABLE operations (
  id TEXT PRIMARY KEY, stack TEXT NOT NULL, folder TEXT NOT NULL, workspace TEXT NOT NULL, requested_by TEXT NOT NULL,
  from_count INTEGER NOT NULL, to_count INTEGER NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,
  phase TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, plan_digest TEXT NOT NULL, plan_summary TEXT NOT NULL,
  pid INTEGER NOT NULL, pid_start INTEGER NOT NULL, boot_id TEXT NOT NULL, stream TEXT NOT NULL, count_after INTEGER,
  outcome_reason TEXT NOT NULL, outcome TEXT NOT NULL, applied INTEGER NOT NULL);
INSERT INTO operations VALUES ('old', 'web', '/stacks/web', 'default', 'stack scale', 1, 3, 'Manual', '', 'applying',
  5000, NULL, 'digest', 'create a.b[1]', 42, 7, 'boot', '/data/stream', NULL, '', '', 1);
)sql";

TEST(StoreTest, AJournalOfAnOlderProgramIsOpenedAndKept) {
  const test::TempDir dir;
  std::filesystem::create_directories(dir / "data");
  {
    auto db = Database::open(dir / "data" / "journal.db");
    ASSERT_TRUE(db && db->execute(kOldTable));
  }

  for (int time = 1; time <= 2; ++time) {
    Store store = open_store(dir);
    auto open = store.unfinished_operations();
    ASSERT_TRUE(open) << open.error().message();
    ASSERT_EQ(open->size(), 1U);
    EXPECT_EQ(open->front().pid, 42);
    EXPECT_EQ(open->front().half_made, time == 1 ? std::vector<int>{} : (std::vector<int>{1, 2}));
    open->front().half_made = {1, 2};
    ASSERT_TRUE(store.put_operation(open->front()));
  }
}

TEST(StoreTest, GenerationCountsChangesOfTheDigestAndSurvivesARestart) {
  const test::TempDir dir;
  {
    Store store = open_store(dir);
    EXPECT_EQ(store.generation("default/web", "d1").value(), 1);
    EXPECT_EQ(store.generation("default/web", "d1").value(), 1);
    EXPECT_EQ(store.generation("default/web", "d2").value(), 2);
  }
  Store store = open_store(dir);
  EXPECT_EQ(store.generation("default/web", "d2").value(), 2);
  EXPECT_EQ(store.generation("default/web", "d1").value(), 3);
  EXPECT_EQ(store.generation("default/other", "d1").value(), 1);
}

TEST(StoreTest, ADamagedJournalIsSetAsideAndNamed) {
  const test::TempDir dir;
  std::filesystem::create_directories(dir / "data");
  std::ofstream(dir / "data" / "journal.db") << std::string(4096, 'x');

  std::string aside;
  auto store = Store::open(dir / "data", aside);

  ASSERT_TRUE(store) << store.error().message();
  EXPECT_EQ(aside, (dir / "data" / "journal.db.damaged-1").string());
  EXPECT_TRUE(std::filesystem::exists(aside));
  EXPECT_TRUE(store->put_operation(operation("a", Phase::intended, 1s)));
}

// What was done to a sound journal of some size. None of it may stop the program.
class DamagedJournal : public ::testing::TestWithParam<const char*> {};

TEST_P(DamagedJournal, NeverStopsTheProgramAndIsKeptIfItCantBeRead) {
  const test::TempDir dir;
  const std::string kind = GetParam();
  {
    Store store = open_store(dir);
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(store.put_operation(operation("op" + std::to_string(i), Phase::succeeded, 5s)));
    }
  }
  const auto file = dir / "data" / "journal.db";
  const auto size = std::filesystem::file_size(file);
  ASSERT_GT(size, 8U * 4096U);
  if (kind == "empty") std::filesystem::resize_file(file, 0);
  if (kind == "cut in the header") std::filesystem::resize_file(file, 50);
  if (kind == "cut in the middle") std::filesystem::resize_file(file, size / 2 + 7);
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto fill = [&](std::size_t at, std::size_t count) {
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes << std::string(count, '\xA5');
  };
  if (kind == "header") fill(0, 100);
  if (kind == "first page") fill(100, 3996);
  if (kind == "inner pages") fill(4096, 4 * 4096);
  bytes.close();

  std::string aside;
  auto store = Store::open(dir / "data", aside);

  ASSERT_TRUE(store) << store.error().message();
  if (kind != "empty") {
    ASSERT_FALSE(aside.empty());
    EXPECT_TRUE(std::filesystem::exists(aside));
  }
  EXPECT_TRUE(store->put_operation(operation("after", Phase::intended, 1s)));
  EXPECT_EQ(store->unfinished_operations()->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Kinds, DamagedJournal,
                         ::testing::Values("empty", "cut in the header", "cut in the middle", "header", "first page",
                                           "inner pages"));

TEST(StoreTest, TheWalStaysBounded) {
  const test::TempDir dir;
  Store store = open_store(dir);
  for (int i = 0; i < 3000; ++i) {
    ports::DecisionRecord decision;
    decision.policy = "default/web";
    decision.detail = std::string(8000, 'x');
    ASSERT_TRUE(store.put_decision(decision));
  }
  EXPECT_LE(std::filesystem::file_size(dir / "data" / "journal.db-wal"), 16U << 20U);
}

TEST(StoreTest, AJournalOfAnEarlierVersionGetsTheColumnsItLacks) {
  const test::TempDir dir;
  {
    Store store = open_store(dir);
    ASSERT_TRUE(store.put_operation(operation("old", Phase::applying, 1s)));
  }
  {
    auto db = Database::open(dir / "data" / "journal.db");
    ASSERT_TRUE(db);
    ASSERT_TRUE(db->execute("ALTER TABLE operations DROP COLUMN plan_ms"));
    ASSERT_TRUE(db->execute("ALTER TABLE operations DROP COLUMN apply_ms"));
  }

  Store store = open_store(dir);
  OperationRecord timed = operation("new", Phase::succeeded, 2s);
  timed.plan_ms = 1200;
  timed.apply_ms = 34'000;
  ASSERT_TRUE(store.put_operation(timed));

  const auto old = store.operation("old");
  ASSERT_TRUE(old && *old);
  EXPECT_EQ((*old)->plan_ms, 0);
  EXPECT_EQ((*old)->phase, Phase::applying);
  const auto back = store.operation("new");
  ASSERT_TRUE(back && *back);
  EXPECT_EQ((*back)->plan_ms, 1200);
  EXPECT_EQ((*back)->apply_ms, 34'000);
}

TEST(StoreTest, PossibleOrphansAreToldUntilAnOperationOfThatStackSucceeds) {
  const test::TempDir dir;
  Store store = open_store(dir);
  EXPECT_FALSE(store.possible_orphans("web")->has_value());
  OperationRecord died = operation("died", Phase::failed, 1s);
  died.outcome_reason = "PossibleOrphans";
  ASSERT_TRUE(store.put_operation(died));
  ASSERT_TRUE(store.put_operation(operation("failed", Phase::failed, 2s)));
  OperationRecord other = operation("other", Phase::succeeded, 3s);
  other.stack = "db";
  ASSERT_TRUE(store.put_operation(other));

  const auto told = store.possible_orphans("web");
  ASSERT_TRUE(told && *told);
  EXPECT_EQ((*told)->id, "died");

  ASSERT_TRUE(store.put_operation(operation("good", Phase::succeeded, 4s)));
  EXPECT_FALSE(store.possible_orphans("web")->has_value());
}

TEST(StoreTest, FilesAreForTheOwnerAlone) {
  const test::TempDir dir;
  Store store = open_store(dir);
  ASSERT_TRUE(store.put_operation(operation("a", Phase::intended, 1s)));

  for (const auto& entry : std::filesystem::directory_iterator(dir / "data")) {
    EXPECT_EQ(static_cast<unsigned>(entry.status().permissions()), 0600U) << entry.path();
  }
}

TEST(StoreTest, DecisionsComeBackNewestFirstAndAreBounded) {
  const test::TempDir dir;
  Store store = open_store(dir);
  for (int i = 1; i <= 5; ++i) {
    ports::DecisionRecord d;
    d.time = WallTime(std::chrono::seconds(i));
    d.policy = "default/web";
    d.action = "scale_up";
    d.to = i;
    d.confidence = 0.85;
    ASSERT_TRUE(store.put_decision(d));
  }

  const auto last = store.decisions("default/web", 2);

  ASSERT_TRUE(last);
  ASSERT_EQ(last->size(), 2U);
  EXPECT_EQ((*last)[0].to, 5);
  EXPECT_EQ((*last)[1].to, 4);
  EXPECT_EQ((*last)[0].confidence, 0.85);
}

TEST(SqliteJournalTest, ServesTheLoop) {
  const test::TempDir dir;
  boost::asio::io_context io;
  SqliteJournal journal(open_store(dir));

  EXPECT_TRUE(test::run(io, journal.put_operation(operation("a", Phase::intended, 1s))));
  const auto open = test::run(io, journal.unfinished_operations());

  ASSERT_TRUE(open);
  EXPECT_EQ(open->size(), 1U);
}

TEST(StoreTest, RecommendationsOfAPolicyThatIsGoneAreDropped) {
  const test::TempDir dir;
  {
    Store store = open_store(dir);
    ASSERT_TRUE(store.put_recommendation("default/gone", {WallTime(1h), 3}));
    ASSERT_TRUE(store.put_recommendation("default/web", {WallTime(26h), 5}));
    ASSERT_EQ(store.recommendations("default/gone", WallTime(0h))->size(), 1U);
  }

  Store store = open_store(dir);

  EXPECT_TRUE(store.recommendations("default/gone", WallTime(0h))->empty());
  EXPECT_EQ(store.recommendations("default/web", WallTime(0h))->size(), 1U);
}

TEST(StoreTest, TheSameDecisionAgainIsOneRowThatGrows) {
  const test::TempDir dir;
  Store store = open_store(dir);
  ports::DecisionRecord record;
  record.policy = "default/web";
  record.time = WallTime(std::chrono::seconds(100));
  record.message = "cpu 50 is between 30 and 75";
  ASSERT_TRUE(store.put_decision(record));
  record.time = WallTime(std::chrono::seconds(400));
  record.message = "cpu 60 is between 30 and 75";
  record.detail = "{}";
  record.again = true;
  ASSERT_TRUE(store.put_decision(record));
  ports::DecisionRecord other;
  other.policy = "prod/web";
  ASSERT_TRUE(store.put_decision(other));

  const auto rows = *store.decisions("default/web", 10);

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].time, WallTime(std::chrono::seconds(100)));
  EXPECT_EQ(rows[0].seen, WallTime(std::chrono::seconds(400)));
  EXPECT_EQ(rows[0].message, "cpu 60 is between 30 and 75");
  EXPECT_EQ(store.decisions("", 10)->size(), 2U);
  EXPECT_EQ(store.policies_named("web")->size(), 2U);
  EXPECT_EQ(*store.policies_named("prod/web"), (std::vector<std::string>{"prod/web"}));
  EXPECT_TRUE(store.policies_named("we%")->empty());
}

TEST(StoreTest, PagesGoThroughAllRecordsNewestFirst) {
  const test::TempDir dir;
  Store store = open_store(dir);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(store.put_operation(operation("op" + std::to_string(i), Phase::abandoned, std::chrono::seconds(i))));
    ports::DecisionRecord record;
    record.time = WallTime(std::chrono::seconds(i));
    record.policy = i == 2 ? "default/other" : "default/web";
    record.stack = "web";
    record.action = "no_change";
    record.message = std::to_string(i);
    ASSERT_TRUE(store.put_decision(record));
  }
  Store::PageQuery query;
  query.name = "default/web";
  query.limit = 3;

  const auto first = store.decision_page(query);
  ASSERT_TRUE(first);
  ASSERT_EQ(first->records.size(), 3U);
  EXPECT_EQ(first->records[0].message, "4");
  EXPECT_EQ(first->records[2].message, "1");
  query.before = first->next;
  const auto second = store.decision_page(query);
  ASSERT_TRUE(second);
  ASSERT_EQ(second->records.size(), 1U);
  EXPECT_EQ(second->records[0].message, "0");
  EXPECT_EQ(second->next, 0);

  Store::PageQuery operations;
  operations.limit = 2;
  operations.until = WallTime(4s);
  const auto page = store.operation_page(operations);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->records.size(), 2U);
  EXPECT_EQ(page->records[0].id, "op3");
  EXPECT_NE(page->next, 0);
  operations.since = WallTime(1h);
  EXPECT_EQ(store.operation_page(operations)->records.size(), 2U) << "without an end they are not over";
}

}  // namespace
}  // namespace stackscaler::journal
