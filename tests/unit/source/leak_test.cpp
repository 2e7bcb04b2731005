// SPDX-License-Identifier: Apache-2.0
//
// Ten thousand changes of files, folders and links leave no descriptor, no inotify watch and no memory behind.
#include <unistd.h>

#include "source_support.hpp"

namespace stackscaler::source {
namespace {

namespace fs = std::filesystem;
using test::policy_text;
using test::put;
using test::put_over;

struct Use {
  long descriptors = 0;
  long watches = 0;
  long resident_kib = 0;
};

Use use() {
  Use out;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    ++out.descriptors;
    std::ifstream info("/proc/self/fdinfo/" + entry.path().filename().string());
    for (std::string line; std::getline(info, line);) out.watches += line.starts_with("inotify wd:") ? 1 : 0;
  }
  std::ifstream statm("/proc/self/statm");
  long size = 0;
  statm >> size >> out.resident_kib;
  out.resident_kib *= ::sysconf(_SC_PAGESIZE) / 1024;
  return out;
}

class LeakTest : public test::SourceFixture {
 protected:
  // 500 changes; what is there afterwards is the same each time.
  void churn(int round) {
    for (int i = 0; i < 100; ++i) {
      const std::string name = "p" + std::to_string(i);
      put(at(name + ".yaml"), policy_text(name, 1 + round % 90));
      put_over(at(name + ".yaml"), policy_text(name, 2 + round % 90));
    }
    for (int i = 0; i < 25; ++i) {
      const fs::path folder = at("d" + std::to_string(i) + "-" + std::to_string(round));
      fs::create_directories(folder / "deep");
      put(folder / "deep" / "x.yaml", policy_text("x" + std::to_string(i)));
      fs::rename(folder, folder.string() + "-renamed");
      put(folder.string() + "-renamed/bad.yaml", "a: [");
      if (round % 2 == 0) pump();  // sometimes they are seen, sometimes not
      fs::remove_all(folder.string() + "-renamed");
      fs::create_directory_symlink("..", at(".link"));
      fs::rename(at(".link"), at("link"));
      put(at("gone.yaml"), "");
      fs::remove(at("gone.yaml"));
      fs::remove(at("link"));
    }
    wanted_ = 2 + round % 90;
    ASSERT_TRUE(until([&] { return sink_.policies.size() == 100 && sink_.max_of("p99") == wanted_; }));
  }
  void pump() {
    io_.restart();
    io_.poll();
  }
  int wanted_ = 0;
};

TEST_F(LeakTest, TenThousandChangesLeaveNothingBehind) {
  start();
  for (int round = 0; round < 3; ++round) churn(round);
  settle();
  const Use before = use();

  for (int round = 3; round < 23; ++round) churn(round);
  settle();

  const Use after = use();
  EXPECT_EQ(after.descriptors, before.descriptors);
  EXPECT_EQ(after.watches, before.watches);
  EXPECT_GT(after.watches, 0);
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LT(after.resident_kib - before.resident_kib, 4096);
#endif
  RecordProperty("resident_kib_before", static_cast<int>(before.resident_kib));
  RecordProperty("resident_kib_after", static_cast<int>(after.resident_kib));
  RecordProperty("watches", static_cast<int>(after.watches));
  stop();
  EXPECT_EQ(use().watches, 0);
}

}  // namespace
}  // namespace stackscaler::source
