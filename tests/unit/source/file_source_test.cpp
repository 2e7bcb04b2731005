// SPDX-License-Identifier: Apache-2.0
#include "source/file_source.hpp"

#include <algorithm>

#include "source_support.hpp"
#include "support/fake_clock.hpp"

namespace stackscaler::source {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::policy_text;
using test::put;
using test::put_over;

class FileSourceTest : public test::SourceFixture {};

TEST_F(FileSourceTest, LoadsWhatIsThereAndPassesOverTheRest) {
  fs::create_directories(at("prod/eu"));
  put(at("web.yaml"), policy_text("web") + "---\n" + policy_text("api"));
  put(at("prod/eu/db.yml"), policy_text("db"));
  put(at(".hidden.yaml"), policy_text("hidden"));
  put(at("notes.txt"), policy_text("notes"));
  put(at("config.yaml"), "apiVersion: v1\nkind: ConfigMap\n");

  ASSERT_TRUE(test::run(io_, make().load(sink_)));

  EXPECT_EQ(sink_.events, (std::vector<std::string>{"upsert default/api", "upsert default/db", "upsert default/web"}));
  EXPECT_EQ(sink_.policies["default/api"]->origin, at("web.yaml").string() + "#2");
  EXPECT_EQ(index_.file_of({"default", "db"}), at("prod/eu/db.yml"));
  EXPECT_FALSE(index_.file_of({"default", "hidden"}));
}

TEST_F(FileSourceTest, FailsWhenTheFolderIsNotThere) {
  fs::remove_all(root());

  const auto loaded = test::run(io_, make().load(sink_));

  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind(), ErrorKind::not_found);
}

TEST_F(FileSourceTest, SeesAFileComeChangeAndGo) {
  start();

  put(at("web.yaml"), policy_text("web", 5));
  ASSERT_TRUE(until([&] { return sink_.max_of("web") == 5; }));
  put(at("web.yaml"), policy_text("web", 6));
  ASSERT_TRUE(until([&] { return sink_.max_of("web") == 6; }));
  put_over(at("web.yaml"), policy_text("web", 7));
  ASSERT_TRUE(until([&] { return sink_.max_of("web") == 7; }));
  fs::remove(at("web.yaml"));
  ASSERT_TRUE(until([&] { return !sink_.has("web"); }));
}

TEST_F(FileSourceTest, SeesASubFolderComeAndGo) {
  start();

  fs::create_directories(at("a/b/c"));
  put(at("a/b/c/web.yaml"), policy_text("web", 5));
  ASSERT_TRUE(until([&] { return sink_.max_of("web") == 5; }));
  put(at("a/b/c/web.yaml"), policy_text("web", 6));
  ASSERT_TRUE(until([&] { return sink_.max_of("web") == 6; }));
  fs::remove_all(at("a"));
  ASSERT_TRUE(until([&] { return !sink_.has("web"); }));
}

TEST_F(FileSourceTest, SeesAFolderReplacedByAnotherOfTheSameName) {
  fs::create_directory(at("a"));
  put(at("a/web.yaml"), policy_text("web", 5));
  start();

  fs::rename(at("a"), dir_ / "old");
  fs::create_directory(at("a"));
  put(at("a/web.yaml"), policy_text("web", 6));
  ASSERT_TRUE(until([&] { return sink_.max_of("web") == 6; }));
  put(at("a/web.yaml"), policy_text("web", 7));
  ASSERT_TRUE(until([&] { return sink_.max_of("web") == 7; }));
}

TEST_F(FileSourceTest, SeesTheTargetOfALinkReplaced) {
  fs::create_directory(at(".data"));
  put(at(".data/web.yaml"), policy_text("web", 5));
  fs::create_symlink(".data/web.yaml", at("web.yaml"));
  start();
  ASSERT_EQ(sink_.max_of("web"), 5);

  put_over(at(".data/web.yaml"), policy_text("web", 6));

  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 6; }));
}

// How a kubelet replaces the content of a mounted ConfigMap: ..data changes from one folder to another.
TEST_F(FileSourceTest, SeesAMountedConfigMapReplaced) {
  for (const int version : {1, 2}) {
    const fs::path folder = at("..2026_" + std::to_string(version));
    fs::create_directory(folder);
    put(folder / "web.yaml", policy_text("web", version));
  }
  fs::create_directory_symlink("..2026_1", at("..data"));
  fs::create_symlink("..data/web.yaml", at("web.yaml"));
  start();
  ASSERT_EQ(sink_.max_of("web"), 1);

  fs::create_directory_symlink("..2026_2", at("..data_tmp"));
  fs::rename(at("..data_tmp"), at("..data"));

  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 2; }));
}

TEST_F(FileSourceTest, ABadDocumentIsRemovedSaidOnceAndStopsNoOther) {
  put(at("a.yaml"), policy_text("a"));
  put(at("b.yaml"), policy_text("b") + "---\n" + policy_text("c"));
  start(100ms);

  std::string bad = policy_text("b");
  bad.replace(bad.find("max: 9"), 6, "max: no");
  put(at("b.yaml"), bad + "---\n" + policy_text("c", 4));
  ASSERT_TRUE(until([&] { return !sink_.has("b") && sink_.max_of("c") == 4; }));
  settle();  // several slow looks

  EXPECT_TRUE(sink_.has("a"));
  const std::string said = at("b.yaml").string() + ":6:17: spec.bounds.max must be a whole number, got 'no'";
  EXPECT_EQ(logged("error invalid policy file err=" + said), 1);

  put(at("b.yaml"), "\n" + bad);
  ASSERT_TRUE(until([&] { return logged("b.yaml:7:17:") == 1; }));
}

TEST_F(FileSourceTest, TheFirstFileByPathHasANameThatTwoClaim) {
  put(at("b.yaml"), policy_text("web", 5));
  put(at("c.yaml"), policy_text("web", 6));
  start();
  EXPECT_EQ(sink_.max_of("web"), 5);
  EXPECT_EQ(logged(at("c.yaml").string() + ":1:1: the policy default/web is already defined in " +
                   at("b.yaml").string() + ":1"),
            1);

  fs::remove(at("b.yaml"));

  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 6; }));
  EXPECT_EQ(index_.file_of({"default", "web"}), at("c.yaml"));
  EXPECT_EQ(std::count(sink_.events.begin(), sink_.events.end(), "remove default/web"), 0);
}

TEST_F(FileSourceTest, AStatusOrACommentIsNoNewWork) {
  put(at("web.yaml"), policy_text("web"));
  start();
  const auto before = sink_.events;

  put_over(at("web.yaml"), "# hello\n" + policy_text("web") + "status: {observedGeneration: 1}\n");
  settle();
  put(at("other.yaml"), policy_text("other"));
  ASSERT_TRUE(until([&] { return sink_.has("other"); }));

  EXPECT_EQ(std::count(sink_.events.begin(), sink_.events.end(), "upsert default/web"), 1);
}

TEST_F(FileSourceTest, WhatWasKnownStaysWhileTheFolderCannotBeRead) {
  put(at("web.yaml"), policy_text("web", 5));
  start(100ms);

  fs::rename(root(), dir_ / "away");
  ASSERT_TRUE(until([&] { return logged("policies can't be read; what was known stays") == 1; }));
  settle();
  EXPECT_TRUE(sink_.has("web"));
  EXPECT_EQ(logged("policies can't be read"), 1);

  put(dir_ / "away" / "web.yaml", policy_text("web", 6));
  fs::rename(dir_ / "away", root());
  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 6; }));
}

TEST_F(FileSourceTest, IsSoundWhileEveryDocumentIs) {
  put(at("a.yaml"), policy_text("a"));
  FileSource& source = make();
  EXPECT_FALSE(source.sound());
  ASSERT_TRUE(test::run(io_, source.load(sink_)));
  EXPECT_TRUE(source.sound());

  const auto looked = [&] {
    EXPECT_TRUE(test::run(io_, source.load(sink_)));
    return source.sound();
  };
  put(at("b.yaml"), policy_text("b") + "x: 1\n");
  EXPECT_FALSE(looked());
  put(at("b.yaml"), policy_text("a"));  // the name of another
  EXPECT_FALSE(looked());
  put_over(at("b.yaml"), policy_text("b"));
  EXPECT_TRUE(looked());
  fs::create_symlink("nowhere", at("c.yaml"));
  EXPECT_FALSE(looked());
  fs::remove(at("c.yaml"));
  EXPECT_TRUE(looked());
  fs::rename(root(), dir_ / "away");
  EXPECT_FALSE(test::run(io_, source.load(sink_)));
  EXPECT_FALSE(source.sound());
}

class Law10LevelNotEdge : public FileSourceTest {};

TEST_F(Law10LevelNotEdge, TheSlowLookAloneFindsWhatInotifyMissed) {
  fs::create_directory(at("sub"));
  put(at("a.yaml"), policy_text("a", 1));
  put(at("b.yaml"), policy_text("b", 1));
  test::FakeClock clock(io_);
  FileSource deaf(io_.get_executor(), pool_, clock, log_, index_,
                  {.root = root(), .defaults = {}, .rescan = 30s, .notify = false});
  ASSERT_TRUE(test::run(io_, deaf.load(sink_)));
  group_.spawn("watch", deaf.watch(sink_));
  ASSERT_TRUE(until([&] { return clock.sleepers() == 1; }));

  put_over(at("a.yaml"), policy_text("a", 2));
  fs::remove(at("b.yaml"));
  put(at("sub/c.yaml"), policy_text("c", 3));
  clock.advance(29s);
  settle();
  EXPECT_EQ(sink_.max_of("a"), 1);
  clock.advance(1s);

  EXPECT_TRUE(until([&] { return sink_.max_of("a") == 2 && !sink_.has("b") && sink_.max_of("c") == 3; }));
  stop();
}

}  // namespace
}  // namespace stackscaler::source
