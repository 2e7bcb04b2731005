// SPDX-License-Identifier: Apache-2.0
//
// Folders as they really are: git-sync's links, folders that come and go, unreadable and odd files, floods of changes,
// and systems without inotify watches to spare.
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "source/detail/inotify.hpp"
#include "source/detail/scan.hpp"
#include "source_support.hpp"
#include "support/fake_clock.hpp"

namespace stackscaler::source {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::policy_text;
using test::put;
using test::put_over;

// All with a rescan of one hour: what is seen is seen by inotify.
class FoldersTest : public test::SourceFixture {
 protected:
  void flip(const fs::path& link, const std::string& target) const {
    const fs::path beside = link.parent_path() / ".flip";
    fs::create_directory_symlink(target, beside);
    fs::rename(beside, link);
  }
};

TEST_F(FoldersTest, SeesGitSyncFlipItsLinkAndRemoveTheOldTree) {
  const fs::path git = dir_ / "git";
  for (const int version : {1, 2, 3}) {
    const fs::path tree = git / ".worktrees" / std::to_string(version) / "policies";
    fs::create_directories(tree);
    put(tree / "web.yaml", policy_text("web", version));
  }
  put(git / ".worktrees/2/policies/api.yaml", policy_text("api"));
  flip(git / "current", ".worktrees/1");
  watched_ = git / "current" / "policies";
  start();
  ASSERT_EQ(sink_.max_of("web"), 1);
  const std::string origin = sink_.policies["default/web"]->origin;

  flip(git / "current", ".worktrees/2");
  ASSERT_TRUE(until([&] { return sink_.max_of("web") == 2 && sink_.has("api"); }));
  fs::remove_all(git / ".worktrees/1");
  settle();
  flip(git / "current", ".worktrees/3");
  ASSERT_TRUE(until([&] { return sink_.max_of("web") == 3 && !sink_.has("api"); }));

  EXPECT_EQ(sink_.policies["default/web"]->origin, origin);
  EXPECT_EQ(origin, (watched_ / "web.yaml").string());
  EXPECT_EQ(std::count(sink_.events.begin(), sink_.events.end(), "remove default/web"), 0);
}

// Looks on one thread, flips on another: a policy that is in every tree is never missed.
TEST_F(FoldersTest, LooksDuringFlipsMissNothing) {
  const fs::path git = dir_ / "git";
  const fs::path mount = dir_ / "mount";
  const auto tree = [&](int version) {
    const fs::path folder = git / ".worktrees" / std::to_string(version) / "policies";
    fs::create_directories(folder / "sub");
    const fs::path mounted = mount / ("..v" + std::to_string(version));
    fs::create_directories(mounted);
    for (int i = 0; i < 20; ++i) {
      const std::string name = "p" + std::to_string(i);
      put(folder / (i % 2 == 0 ? "sub" : ".") / (name + ".yaml"), policy_text(name));
      put(mounted / (name + ".yaml"), policy_text(name));
    }
  };
  tree(0);
  flip(git / "current", ".worktrees/0");
  flip(mount / "..data", "..v0");
  for (int i = 0; i < 20; ++i) {
    const std::string name = "p" + std::to_string(i) + ".yaml";
    fs::create_symlink("..data/" + name, mount / name);
  }
  // Where a look takes long, flips come as much more slowly: none can end while they never do.
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(detail::look(git / "current" / "policies", {}, {}));
  const auto slower =
      std::max<std::int64_t>(1, (std::chrono::steady_clock::now() - begin) / std::chrono::milliseconds(4));
  std::atomic<bool> done = false;
  std::thread flipping([&] {
    for (int version = 1; version <= 60; ++version) {
      tree(version);
      flip(git / "current", ".worktrees/" + std::to_string(version));
      flip(mount / "..data", "..v" + std::to_string(version));
      std::this_thread::sleep_for(std::chrono::milliseconds(version % 20) * slower);
      fs::remove_all(git / ".worktrees" / std::to_string(version - 1));
      fs::remove_all(mount / ("..v" + std::to_string(version - 1)));
    }
    done = true;
  });

  int looks = 0;
  int missed = 0;
  for (; !done; ++looks) {
    for (const fs::path& root : {git / "current" / "policies", mount}) {
      const auto seen = detail::look(root, {}, {});
      if (seen && (seen->files.size() != 20 || !seen->odd.empty())) ++missed;
    }
  }
  flipping.join();

  EXPECT_GT(looks, 10);
  EXPECT_EQ(missed, 0);
}

TEST_F(FoldersTest, SeesAChainOfLinksFlippedAtEachPlace) {
  for (const int version : {1, 2, 3}) {
    fs::create_directories(dir_ / ("v" + std::to_string(version)));
    put(dir_ / ("v" + std::to_string(version)) / "web.yaml", policy_text("web", version));
  }
  fs::create_directory(dir_ / "a");
  flip(dir_ / "a" / "inner", "../v1");
  flip(dir_ / "outer", "a/inner");
  watched_ = dir_ / "outer";
  start();
  ASSERT_EQ(sink_.max_of("web"), 1);

  flip(dir_ / "a" / "inner", "../v2");
  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 2; }));
  flip(dir_ / "outer", "v3");
  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 3; }));
}

TEST_F(FoldersTest, SeesALinkInTheFolderFlippedBehindAHiddenName) {
  fs::create_directories(at(".store/v1"));
  fs::create_directories(at(".store/v2"));
  put(at(".store/v1/web.yaml"), policy_text("web", 1));
  put(at(".store/v2/web.yaml"), policy_text("web", 2));
  flip(at(".store/now"), "v1");
  fs::create_symlink(".store/now/web.yaml", at("web.yaml"));
  start();
  ASSERT_EQ(sink_.max_of("web"), 1);

  flip(at(".store/now"), "v2");

  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 2; }));
}

TEST_F(FoldersTest, WaitsForAFolderThatIsNotThereYet) {
  watched_ = dir_ / "git" / "current" / "policies";
  start_watching();
  EXPECT_EQ(logged("policies can't be read"), 1);

  fs::create_directories(dir_ / "git" / ".trees" / "1" / "policies");
  put(dir_ / "git" / ".trees" / "1" / "policies" / "web.yaml", policy_text("web", 1));
  settle();
  fs::create_directory_symlink(".trees/1", dir_ / "git" / "current");

  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 1; }));
  EXPECT_EQ(logged("policies can be read again"), 1);
}

TEST_F(FoldersTest, SeesTheFolderRemovedAndCreatedAnew) {
  put(at("web.yaml"), policy_text("web", 1));
  start();

  fs::remove_all(root());
  ASSERT_TRUE(until([&] { return logged("policies can't be read") == 1; }));
  EXPECT_TRUE(sink_.has("web"));
  fs::create_directory(root());
  put(at("web.yaml"), policy_text("web", 2));

  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 2; }));
}

TEST_F(FoldersTest, SeesTheCheckoutAboveItReplaced) {
  for (const std::string name : {"repo", "repo.new"}) {
    fs::create_directories(dir_ / name / "policies");
    put(dir_ / name / "policies" / "web.yaml", policy_text("web", name == "repo" ? 1 : 2));
  }
  watched_ = dir_ / "repo" / "policies";
  start();
  ASSERT_EQ(sink_.max_of("web"), 1);

  fs::rename(dir_ / "repo", dir_ / "repo.old");
  fs::rename(dir_ / "repo.new", dir_ / "repo");

  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 2; }));
}

TEST_F(FoldersTest, SeesASubFolderRenamedAndWhatHappensInItLater) {
  fs::create_directories(at("a/deep"));
  put(at("a/deep/web.yaml"), policy_text("web", 1));
  start();

  fs::rename(at("a"), at("b"));
  ASSERT_TRUE(until([&] { return index_.file_of({"default", "web"}) == at("b/deep/web.yaml"); }));
  put(at("b/deep/web.yaml"), policy_text("web", 2));
  ASSERT_TRUE(until([&] { return sink_.max_of("web") == 2; }));
  fs::rename(at("b"), dir_ / "gone");
  ASSERT_TRUE(until([&] { return !sink_.has("web"); }));
}

TEST_F(FoldersTest, AnUnreadableFileIsSaidAndTakenUpWhenItCanBeRead) {
  put(at("secret.yaml"), policy_text("secret"));
  put(at("web.yaml"), policy_text("web"));
  fs::create_directory(at("closed"));
  put(at("closed/api.yaml"), policy_text("api"));
  fs::permissions(dir_.path(), fs::perms(0755));
  fs::permissions(at("secret.yaml"), fs::perms::none);
  fs::permissions(at("closed"), fs::perms::none);
  const bool is_root = ::geteuid() == 0;  // who may read everything
  ASSERT_EQ(is_root ? ::seteuid(65534) : 0, 0);
  start();
  EXPECT_TRUE(sink_.has("web"));
  EXPECT_FALSE(sink_.has("secret"));
  EXPECT_FALSE(sink_.has("api"));
  EXPECT_EQ(logged("cannot read " + at("secret.yaml").string() + ": Permission denied"), 1);
  EXPECT_EQ(logged(at("closed").string() + ": cannot read the folder: Permission denied"), 1);

  ASSERT_EQ(is_root ? ::seteuid(0) : 0, 0);
  fs::permissions(at("secret.yaml"), fs::perms(0644));
  fs::permissions(at("closed"), fs::perms(0755));
  ASSERT_EQ(is_root ? ::seteuid(65534) : 0, 0);
  EXPECT_TRUE(until([&] { return sink_.has("secret") && sink_.has("api"); }));
  ASSERT_EQ(is_root ? ::seteuid(0) : 0, 0);
}

TEST_F(FoldersTest, WhatIsNoFileIsSaidAndNeverWaitedFor) {
  ASSERT_EQ(::mkfifo(at("pipe.yaml").c_str(), 0600), 0);
  ASSERT_EQ(::mknod(at("s.yaml").c_str(), S_IFSOCK | 0600, 0), 0);
  fs::create_symlink("/dev/zero", at("zero.yaml"));
  fs::create_symlink("pipe.yaml", at("link.yaml"));
  fs::create_directory(at("folder.yaml"));
  put(at("web.yaml"), policy_text("web"));

  start();

  EXPECT_TRUE(sink_.has("web"));
  for (const std::string name : {"pipe.yaml", "s.yaml", "link.yaml"}) {
    EXPECT_EQ(logged(at(name).string() + ": is not a regular file and is not read"), 1) << name;
  }
  EXPECT_EQ(logged(at("zero.yaml").string() + ": the link leads out of the folder and is not followed"), 1);
  EXPECT_EQ(logged("folder.yaml"), 0);
}

TEST_F(FoldersTest, ANameWithAControlCharacterIsNotRead) {
  put(at("a\nerror forged.yaml"), policy_text("forged"));
  put(at("web.yaml"), policy_text("web"));

  start();

  EXPECT_TRUE(sink_.has("web"));
  EXPECT_FALSE(sink_.has("forged"));
  EXPECT_EQ(logged("the name holds a control character"), 1);
}

TEST_F(FoldersTest, ThousandsOfFilesAtOnce) {
  constexpr int kFiles = 3000;
  start();

  for (int i = 0; i < kFiles; ++i) {
    const fs::path folder = at("d" + std::to_string(i % 50));
    fs::create_directory(folder);
    put(folder / (std::to_string(i) + ".yaml"), policy_text("p" + std::to_string(i), 1));
  }
  ASSERT_TRUE(until([&] { return sink_.policies.size() == kFiles; }));
  for (int i = 0; i < 50; ++i) fs::rename(at("d" + std::to_string(i)), at("e" + std::to_string(i)));
  ASSERT_TRUE(until([&] { return index_.file_of({"default", "p49"}) == at("e49/49.yaml"); }));
  put(at("e7/7.yaml"), policy_text("p7", 2));
  ASSERT_TRUE(until([&] { return sink_.max_of("p7") == 2; }));
  for (int i = 0; i < 50; ++i) fs::remove_all(at("e" + std::to_string(i)));
  ASSERT_TRUE(until([&] { return sink_.policies.empty(); }));
}

// Fails like the system when its limits are reached.
struct Limits {
  bool no_instances = false;
  int watches = 1000;
  detail::InotifyCalls calls{[this] {
                               if (!no_instances) return detail::InotifyCalls::system().init();
                               errno = EMFILE;
                               return -1;
                             },
                             [this](int fd, const char* path, std::uint32_t mask) {
                               if (--watches >= 0) return detail::InotifyCalls::system().add_watch(fd, path, mask);
                               errno = ENOSPC;
                               return -1;
                             }};
};

class LimitsTest : public FoldersTest, public testing::WithParamInterface<bool> {
 protected:
  void limit(bool on) {
    limits_.no_instances = GetParam() && on;
    limits_.watches = !GetParam() && on ? 0 : 1000;
  }
  Limits limits_;
  test::FakeClock time_{io_};
};

TEST_P(LimitsTest, WithoutInotifyItLooksEveryFewSecondsSaysSoOnceAndRecovers) {
  const FileSourceOptions options{.root = root(), .defaults = {}, .inotify = &limits_.calls};
  FileSource source(io_.get_executor(), pool_, time_, log_, index_, options);
  limit(true);
  ASSERT_TRUE(test::run(io_, source.load(sink_)));
  group_.spawn("watch", source.watch(sink_));
  ASSERT_TRUE(until([&] { return time_.sleepers() == 1; }));

  for (int round = 1; round <= 3; ++round) {
    put(at("web.yaml"), policy_text("web", round));
    limit(true);
    time_.advance(5s);
    ASSERT_TRUE(until([&] { return sink_.max_of("web") == round && time_.sleepers() == 1; })) << round;
  }
  EXPECT_EQ(logged("changes of policy files are found by looking every few seconds every=5s"), 1);
  EXPECT_EQ(logged(GetParam() ? "fs.inotify.max_user_instances" : "fs.inotify.max_user_watches"), 1);

  limit(false);
  time_.advance(5s);
  ASSERT_TRUE(until([&] { return logged("are seen at once again") == 1 && time_.sleepers() == 1; }));
  put(at("web.yaml"), policy_text("web", 9));
  ASSERT_TRUE(until([&] {
    time_.advance(50ms);
    return sink_.max_of("web") == 9;
  }));
  stop();
}

INSTANTIATE_TEST_SUITE_P(Of, LimitsTest, testing::Bool(),
                         [](const auto& p) { return p.param ? "Instances" : "Watches"; });

TEST_F(FoldersTest, AnOverflowOfTheQueueMeansALook) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
  detail::Inotify inotify(io_.get_executor(), ends[0], detail::InotifyCalls::system());
  EXPECT_FALSE(inotify.drain());
  inotify_event overflow{};
  overflow.wd = -1;
  overflow.mask = IN_Q_OVERFLOW;
  ASSERT_EQ(::write(ends[1], &overflow, sizeof overflow), static_cast<ssize_t>(sizeof overflow));

  EXPECT_TRUE(inotify.drain());

  ::close(ends[1]);
}

TEST_F(FoldersTest, WhatIsLostInAFloodIsFoundByTheLook) {
  start();

  for (int i = 0; i < 6000; ++i) {  // three events each, without a look in between: more than the queue holds
    put(at("x.yaml"), "");
    fs::remove(at("x.yaml"));
  }
  put(at("web.yaml"), policy_text("web", 5));

  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 5; }));
  put(at("web.yaml"), policy_text("web", 6));
  EXPECT_TRUE(until([&] { return sink_.max_of("web") == 6; }));
}

TEST(WatchListTest, NamesThePlacesWhereAPathCouldChangeItsMeaning) {
  test::TempDir dir;
  fs::create_directories(dir / "real" / "policies");
  fs::create_directory_symlink("real", dir / "link");
  detail::WatchList list;

  list.add_way_to(dir / "link" / "policies" / "not-yet" / "deeper");

  const auto& folders = list.folders();
  EXPECT_TRUE(folders.at(dir.path()).names.contains("link"));
  EXPECT_TRUE(folders.at(dir.path()).names.contains("real"));
  EXPECT_TRUE(folders.at(dir / "real").names.contains("policies"));
  EXPECT_EQ(folders.at(dir / "real" / "policies").names, std::set<std::string>{"not-yet"});
  EXPECT_FALSE(folders.at(dir / "real" / "policies").everything);
}

TEST(WatchListTest, EndsOnLinksThatLeadToThemselves) {
  test::TempDir dir;
  fs::create_symlink("b", dir / "a");
  fs::create_symlink("a", dir / "b");
  detail::WatchList list;

  list.add_way_to(dir / "a" / "policies");

  EXPECT_EQ(list.folders().at(dir.path()).names, (std::set<std::string>{"a", "b"}));
}

TEST(WatchListTest, KnowsNetworkFileSystems) {
  for (const long remote : {0x6969L, 0x517BL, 0xFE534D42L, 0xFF534D42L, 0x01021997L, 0x65735546L}) {
    EXPECT_TRUE(detail::is_changed_from_afar(remote)) << std::hex << remote;
  }
  for (const long local : {0xEF53L, 0x58465342L, 0x9123683EL, 0x01021994L, 0x794C7630L}) {
    EXPECT_FALSE(detail::is_changed_from_afar(local)) << std::hex << local;
  }
}

}  // namespace
}  // namespace stackscaler::source
