// SPDX-License-Identifier: Apache-2.0
#include "terraform/state_lock.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_dir.hpp"
#include "terraform/tool.hpp"

namespace stackscaler::terraform {
namespace {

constexpr const char* kDetail =
    "Error message: HTTP remote state already locked: ID=35cc64a8-1234\nLock Info:\n  ID:        35cc64a8-1234\n"
    "  Path:      bucket/web.tfstate\n  Operation: OperationTypeApply\n  Who:       root@vm\n  Version:   1.11.4\n"
    "  Created:   2026-11-24 05:59:18.123456789 +0000 UTC\n  Info:      \n\n\nTerraform acquires a state lock";

WallTime at(const char* text) {
  return parse_rfc3339(text).value();
}

TEST(StateLockTest, NamesTheHolderTheOperationTheAgeAndTheId) {
  const auto lock = parse_lock(kDetail);

  ASSERT_TRUE(lock);
  EXPECT_EQ(describe(*lock, at("2026-11-24T06:11:30Z")),
            "held by root@vm for 12m (OperationTypeApply, since 2026-11-24 05:59:18.123456789 +0000 UTC, lock "
            "35cc64a8-1234)");
  const std::string sentence = lock_sentence(lock, at("2026-11-24T05:59:50Z"), "/stacks/web");
  EXPECT_NE(sentence.find("for 31s"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("terraform -chdir=/stacks/web force-unlock 35cc64a8-1234"), std::string::npos) << sentence;
}

TEST(StateLockTest, ReadsWhatIsDrawnInFramesOnStandardError) {
  const std::string err =
      "╷\n│ Error: Error acquiring the state lock\n│ \n│ Error message: resource temporarily unavailable\n│ Lock "
      "Info:\n"
      "│   ID:        abc-1\n│   Path:      terraform.tfstate\n│   Operation: OperationTypePlan\n│   Who:       a@b\n"
      "│   Version:   1.11.4\n│   Created:   2026-11-24 05:59:18 +0000 UTC\n│   Info:      \n╵\n";

  const auto lock = parse_lock(without_frames(err));

  ASSERT_TRUE(lock);
  EXPECT_EQ(lock->id, "abc-1");
  EXPECT_EQ(lock->who, "a@b");
  EXPECT_EQ(lock->operation, "OperationTypePlan");
  EXPECT_EQ(lock->since(), at("2026-11-24T05:59:18Z"));
}

TEST(StateLockTest, TheHttpBackendTellsTheHoldersIdAloneTheRestIsOfTheCallThatWasRefused) {
  const auto lock = parse_lock(
      "Error message: HTTP remote state already locked:\nID=holder-1\nLock Info:\n  ID:        refused-2\n  Path:\n"
      "  Operation: OperationTypePlan\n  Who:       me@here\n  Created:   2026-11-24 05:59:18 +0000 UTC\n");

  ASSERT_TRUE(lock);
  EXPECT_EQ(lock->id, "holder-1");
  EXPECT_EQ(describe(*lock, WallTime()), "held by somebody unknown (operation unknown, lock holder-1)");
}

TEST(StateLockTest, AnIdThatIsNoPlainWordIsNotOffered) {
  for (const char* id : {"-force", "$(reboot)", "a b", "x;y"}) {
    const auto lock = parse_lock(std::string("Lock Info:\n  ID: ") + id + "\n  Who: me@here\n");
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->id, "") << id;
  }
}

TEST(StateLockTest, WhatIsNotKnownIsLeftOut) {
  EXPECT_FALSE(parse_lock("Error message: state blob is already locked"));
  EXPECT_FALSE(parse_lock("Lock Info:\n"));
  StateLock lock;
  lock.created = "yesterday";
  EXPECT_FALSE(lock.since());
  EXPECT_EQ(describe(lock, WallTime()), "held by somebody unknown (operation unknown, since yesterday)");
  lock.created = "2026-11-24 05:59:18 +0000 UTC";
  EXPECT_EQ(describe(lock, at("2026-11-24T05:00:00Z")).find(" for "), std::string::npos) << "a clock that is behind";
  EXPECT_NE(describe(lock, at("2026-11-24T11:00:00Z")).find(" for 5h "), std::string::npos);
  EXPECT_NE(describe(lock, at("2026-11-27T06:00:00Z")).find(" for 3d "), std::string::npos);
}

TEST(StateLockTest, ARecordIsReadAsItWasWritten) {
  const test::TempDir dir;
  LockRecord record{"35cc", "root@vm", "2026-11-24 05:59:18 +0000 UTC", ProcessId{77, 123456, "boot"}};

  ASSERT_TRUE(write_lock_record(dir.path(), record));

  const auto again = read_lock_record(dir.path());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->lock_id, "35cc");
  EXPECT_EQ(again->holder.pid, 77);
  EXPECT_EQ(again->holder.start, 123456U);
  EXPECT_EQ(again->holder.boot_id, "boot");
}

TEST(StateLockTest, ABrokenRecordProvesNothing) {
  const test::TempDir dir;
  EXPECT_FALSE(read_lock_record(dir.path()));
  for (const char* text : {"", "[]", "{}", R"({"lock":"","who":"","created":"","boot_id":"b","pid":1,"pid_start":1})",
                           R"({"lock":"x","who":"","created":"","boot_id":"b","pid":-1,"pid_start":1})",
                           R"({"lock":"x","who":"","created":"","boot_id":"b","pid":"1","pid_start":1})"}) {
    std::ofstream(dir / "lock.json") << text;
    EXPECT_FALSE(read_lock_record(dir.path())) << text;
  }
}

}  // namespace
}  // namespace stackscaler::terraform
