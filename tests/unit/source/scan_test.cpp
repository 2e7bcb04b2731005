// SPDX-License-Identifier: Apache-2.0
#include "source/detail/scan.hpp"

#include "source_support.hpp"

namespace stackscaler::source::detail {
namespace {

namespace fs = std::filesystem;

class ScanTest : public testing::Test {
 protected:
  ScanTest() { fs::create_directories(root_); }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    const auto found = scan(root_);
    if (!found) return {found.error().message()};
    for (const FoundFile& file : found->files) out.push_back(file.path.lexically_relative(root_).string());
    return out;
  }

  test::TempDir dir_;
  fs::path root_ = dir_ / "root";
};

using Names = std::vector<std::string>;

TEST_F(ScanTest, FollowsNoLinkOutOfTheFolder) {
  fs::create_directory(dir_ / "outside");
  test::put(dir_ / "outside" / "x.yaml", "");
  test::put(dir_ / "rootless.yaml", "");
  fs::create_symlink(dir_ / "outside" / "x.yaml", root_ / "x.yaml");
  fs::create_symlink("../rootless.yaml", root_ / "y.yaml");
  fs::create_directory_symlink(dir_ / "outside", root_ / "sub");
  test::put(root_ / "ok.yaml", "");

  EXPECT_EQ(names(), Names{"ok.yaml"});
  EXPECT_EQ(scan(root_)->odd.size(), 3U);
}

TEST_F(ScanTest, EndsOnLinkCyclesAndReadsEachFileOnce) {
  fs::create_directories(root_ / "z" / "deep");
  test::put(root_ / "z" / "deep" / "a.yaml", "");
  fs::create_directory_symlink("..", root_ / "z" / "up");
  fs::create_directory_symlink("z", root_ / "also");
  fs::create_directory_symlink("self", root_ / "self");
  fs::create_symlink("loop.yaml", root_ / "loop.yaml");
  fs::create_symlink("z/deep/a.yaml", root_ / "b.yaml");

  EXPECT_EQ(names(), Names{"z/deep/a.yaml"});
}

TEST_F(ScanTest, ReadsAFileThroughALinkWhenItsOwnPlaceIsHidden) {
  fs::create_directory(root_ / ".real");
  test::put(root_ / ".real" / "a.yaml", "");
  fs::create_symlink(".real/a.yaml", root_ / "a.yaml");
  fs::create_directory_symlink(".real", root_ / "folder");

  EXPECT_EQ(names(), Names{"folder/a.yaml"});
}

TEST_F(ScanTest, TheRootItselfMayBeALink) {
  test::put(root_ / "a.yaml", "");
  fs::create_directory_symlink(root_, dir_ / "link");

  EXPECT_EQ(scan(dir_ / "link")->files.size(), 1U);
}

TEST_F(ScanTest, OnlyTouchedFilesAreParsedAgain) {
  test::put(root_ / "a.yaml", test::policy_text("a"));
  test::put(root_ / "b.yaml", test::policy_text("b"));
  Stamps known;
  const auto first = look(root_, {}, {});
  for (const auto& file : first->files) known[file.path] = file.stamp;

  test::put_over(root_ / "b.yaml", test::policy_text("b", 3));
  const auto second = look(root_, known, {});

  ASSERT_EQ(second->files.size(), 2U);
  EXPECT_FALSE(second->files[0].parsed);
  EXPECT_TRUE(second->files[1].parsed);
}

TEST_F(ScanTest, AFileJustWrittenIsNotTakenForSettled) {
  test::put(root_ / "new.yaml", test::policy_text("a"));
  test::put(root_ / "old.yaml", test::policy_text("b"));
  fs::last_write_time(root_ / "old.yaml", fs::file_time_type::clock::now() - std::chrono::minutes(1));

  const auto seen = look(root_, {}, {});

  EXPECT_FALSE(seen->files[0].settled);
  EXPECT_TRUE(seen->files[1].settled);
}

}  // namespace
}  // namespace stackscaler::source::detail
