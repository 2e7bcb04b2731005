// SPDX-License-Identifier: Apache-2.0
#include "controller/pause.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.hpp"
#include "fakes.hpp"
#include "policy/reasons.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::controller {
namespace {

using namespace std::chrono_literals;

TEST(PauseFileTest, SaysWhoWhenAndWhy) {
  test::TempDir dir;
  const PauseFile file(dir.path());
  EXPECT_FALSE(file.look());
  Pause pause;
  pause.by = "alice@host";
  pause.reason = "incident 7";
  pause.since = *parse_rfc3339("2026-11-24T10:00:00Z");

  ASSERT_TRUE(file.set(pause));

  ASSERT_TRUE(file.look());
  EXPECT_EQ(file.look()->sentence(), "stopped by alice@host since 2026-11-24T10:00:00Z: incident 7");
  EXPECT_TRUE(*file.clear());
  EXPECT_FALSE(file.look());
  EXPECT_FALSE(*file.clear());
}

TEST(PauseFileTest, WhatCantBeUnderstoodStopsToo) {
  test::TempDir dir;
  const PauseFile file(dir.path());
  for (const char* text : {"", "{", "[]", "{\"by\": 5, \"since\": \"yesterday\"}", "\xff\xfe"}) {
    ASSERT_TRUE(write_file_atomic(file.path(), text, 0644));
    ASSERT_TRUE(file.look()) << text;
    EXPECT_EQ(file.look()->sentence(), "stopped by the file pause in the data folder") << text;
  }
  ASSERT_TRUE(write_file_atomic(file.path(), std::string(100000, 'x'), 0644));
  EXPECT_TRUE(file.look());
  std::filesystem::remove(file.path());
  std::filesystem::create_directory(file.path());
  EXPECT_TRUE(file.look());
}

TEST(PauseFileTest, AReasonForgesNoLines) {
  test::TempDir dir;
  const PauseFile file(dir.path());
  Pause pause;
  pause.by = "x";
  pause.reason = "a\nlevel=error b\x1b[31m" + std::string(1000, 'y');

  ASSERT_TRUE(file.set(pause));

  const std::string sentence = file.look()->sentence();
  EXPECT_EQ(sentence.find('\n'), std::string::npos);
  EXPECT_EQ(sentence.find('\x1b'), std::string::npos);
  EXPECT_LT(sentence.size(), 300U);
}

TEST(EmergencyStop, NothingNewStartsWhileItIsInForceAndStatusesSayWhy) {
  World w;
  std::string stop;
  w.gate.ask_for_stop([&stop] { return stop; });
  w.metrics.cpu = 90;
  w.add(policy_of("web", 10s));
  stop = "stopped by alice@host since 2026-11-24T10:00:00Z: incident 7";
  w.start();

  w.clock.advance(5min);
  EXPECT_TRUE(w.driver.scaled.empty());
  const auto* ready = policy::find_condition(w.status.written.back(), "Ready");
  EXPECT_EQ(ready->reason, "Paused");
  EXPECT_EQ(ready->message,
            "stopped by alice@host since 2026-11-24T10:00:00Z: incident 7; decisions are reported and nothing new is "
            "started");
  EXPECT_EQ(w.status.written.back().last_decision->action, "scale_up");

  stop.clear();
  w.clock.advance(15s);
  EXPECT_FALSE(w.driver.scaled.empty());
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Ready")->reason, "Ready");
}

TEST(EmergencyStop, OneBetweenThePlanAndTheApplyIsNoFailure) {
  World w;
  w.metrics.cpu = 90;
  w.driver.fail_scale.emplace_back(ErrorKind::conflict, policy::reason::kPaused, "nothing is changed: stopped by x");
  w.add(policy_of("web", 10s));
  w.start();

  w.clock.advance(25s);

  EXPECT_EQ(w.driver.scaled.front().from, 3);  // tried again at the next turn, without a backoff
}

TEST(EmergencyStop, IsNoticedWithinASecondAndLogged) {
  World w;
  std::string stop;
  w.gate.ask_for_stop([&stop] { return stop; });
  w.add(policy_of("web", 1h));
  w.start();
  w.watch_pause();
  w.clock.advance(2h);
  stop = "stopped by alice@host";
  const std::size_t before = w.status.written.size();

  w.clock.advance(1s);

  EXPECT_TRUE(w.log.contains("paused: nothing new is started"));
  ASSERT_GT(w.status.written.size(), before);
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Ready")->reason, "Paused");
  stop.clear();
  w.clock.advance(1s);
  EXPECT_TRUE(w.log.contains("resumed: changes are made again"));
  EXPECT_EQ(policy::find_condition(w.status.written.back(), "Ready")->reason, "Ready");
}

}  // namespace
}  // namespace stackscaler::controller
