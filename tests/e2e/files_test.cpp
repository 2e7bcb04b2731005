// SPDX-License-Identifier: Apache-2.0
//
// The program on folders as they really are: git checkouts, git-sync's links, a ConfigMap's mount. In rehearsal, so
// that no Terraform and no Prometheus is needed; the last test is on a real stack.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "e2e/world.hpp"

namespace stackscaler::e2e {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

bool has(const fs::path& path, const std::string& text) {
  return slurp(path).find(text) != std::string::npos;
}

// A policy whose stack is raised to `count` at once, metrics or not.
std::string policy(const std::string& name, int count) {
  return "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: { name: " + name +
         " }\nspec:\n  stack: { id: " + name + " }  # mine\n  bounds: { min: " + std::to_string(count) +
         ", max: 9 }\n  interval: 1h\n  metrics: [{ name: cpu, preset: cpu, threshold: { scaleUp: 75, scaleDown: 30 } "
         "}]\n";
}

bool git_installed() {
  return std::system("git --version >/dev/null 2>&1") == 0;
}

void git(const std::string& arguments, const fs::path& folder) {
  const std::string command = "cd '" + folder.string() +
                              "' && git -c user.name=t -c user.email=t@example.org -c init.defaultBranch=main " +
                              arguments + " >/dev/null 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

class FilesEndToEnd : public testing::Test {
 protected:
  ~FilesEndToEnd() override {
    if (pid_ > 0) stop();
  }

  void start(const std::vector<std::string>& more) {
    std::vector<std::string> words{STACKSCALER_BINARY, "run",
                                   "--rehearsal",      "--enable",
                                   "--data",           data().string(),
                                   "--stacks",         (dir_ / "stacks").string(),
                                   "--prometheus-url", "http://127.0.0.1:1",
                                   "--log-format",     "logfmt",
                                   "--listen",         "127.0.0.1:0"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string log = (dir_ / "run.log").string();
    pid_ = ::fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
  }

  int stop() {
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  [[nodiscard]] static bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < end) {
      if (holds()) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }

  void flip(const fs::path& link, const std::string& target) const {
    const fs::path beside = link.parent_path() / ".flip";
    fs::create_directory_symlink(target, beside);
    fs::rename(beside, link);
  }

  [[nodiscard]] fs::path data() const { return dir_ / "data"; }
  [[nodiscard]] fs::path sidecar(const std::string& name, const std::string& space = "default") const {
    return data() / "rehearsal" / "status" / space / (name + ".yaml");
  }
  [[nodiscard]] bool holds(const std::string& name, int count) const {
    return has(sidecar(name), "currentInstances: " + std::to_string(count) + "\n");
  }
  [[nodiscard]] std::string log() const { return slurp(dir_ / "run.log"); }

  test::TempDir dir_;
  pid_t pid_ = -1;
};

TEST_F(FilesEndToEnd, APlainFolderHoldsItsStatuses) {
  const fs::path file = dir_ / "policies" / "web.yaml";
  put(file, policy("web", 2));
  start({"--policies", (dir_ / "policies").string()});

  EXPECT_TRUE(eventually([&] { return has(file, "currentInstances: 2\n"); })) << log();
  EXPECT_EQ(slurp(file).find(policy("web", 2)), 0U);
  EXPECT_FALSE(fs::exists(sidecar("web")));
  EXPECT_NE(log().find("the policy's own document"), std::string::npos) << log();
  EXPECT_EQ(stop(), 0);
}

TEST_F(FilesEndToEnd, GitSyncsFlipIsFollowedAndItsTreesStayAsTheyAre) {
  if (!git_installed()) GTEST_SKIP() << "install git";
  const fs::path repo = dir_ / "git" / ".repo";
  put(repo / "policies" / "web.yaml", policy("web", 2));
  git("init", repo);
  git("add .", repo);
  git("commit -m 1", repo);
  git("worktree add --detach ../.worktrees/1", repo);
  put(repo / "policies" / "web.yaml", policy("web", 4));
  put(repo / "policies" / "api.yaml", policy("api", 3));
  git("add .", repo);
  git("commit -m 2", repo);
  git("worktree add --detach ../.worktrees/2", repo);
  start({"--policies", (dir_ / "git" / "current" / "policies").string()});
  ASSERT_TRUE(eventually([&] { return log().find("policies can't be read") != std::string::npos; })) << log();

  flip(dir_ / "git" / "current", ".worktrees/1");
  ASSERT_TRUE(eventually([&] { return holds("web", 2); })) << log();
  flip(dir_ / "git" / "current", ".worktrees/2");
  ASSERT_TRUE(eventually([&] { return holds("web", 4) && holds("api", 3); })) << log();
  fs::remove_all(dir_ / "git" / ".worktrees" / "1");

  EXPECT_NE(log().find("git tracks the file"), std::string::npos) << log();
  EXPECT_EQ(slurp(dir_ / "git" / "current" / "policies" / "web.yaml"), policy("web", 4));
  EXPECT_EQ(std::system(("git -C '" + (dir_ / "git/current").string() + "' diff --quiet").c_str()), 0);
  EXPECT_EQ(stop(), 0);
}

TEST_F(FilesEndToEnd, AConfigMapsFlipIsFollowed) {
  const fs::path mount = dir_ / "policies";
  put(mount / "..2026_11_24_1" / "web.yaml", policy("web", 2));
  put(mount / "..2026_11_24_2" / "web.yaml", policy("web", 4));
  fs::create_directory_symlink("..2026_11_24_1", mount / "..data");
  fs::create_symlink("..data/web.yaml", mount / "web.yaml");
  start({"--policies", mount.string()});
  ASSERT_TRUE(eventually([&] { return holds("web", 2); })) << log();

  flip(mount / "..data", "..2026_11_24_2");
  fs::remove_all(mount / "..2026_11_24_1");

  ASSERT_TRUE(eventually([&] { return holds("web", 4); })) << log();
  EXPECT_EQ(slurp(mount / "web.yaml"), policy("web", 4));
  EXPECT_NE(log().find("the file belongs to a mounted ConfigMap or Secret"), std::string::npos) << log();
}

TEST_F(FilesEndToEnd, ABranchSwitchBringsAndTakesPoliciesAndLeavesTheCheckoutClean) {
  if (!git_installed()) GTEST_SKIP() << "install git";
  const fs::path repo = dir_ / "repo";
  put(repo / "web.yaml", policy("web", 2));
  git("init", repo);
  git("add .", repo);
  git("commit -m 1", repo);
  git("checkout -b peak", repo);
  put(repo / "web.yaml", policy("web", 5));
  put(repo / "eu" / "api.yaml", policy("api", 3));
  git("add .", repo);
  git("commit -m 2", repo);
  git("checkout main", repo);
  start({"--policies", repo.string()});
  ASSERT_TRUE(eventually([&] { return holds("web", 2); })) << log();

  git("checkout peak", repo);
  ASSERT_TRUE(eventually([&] { return holds("web", 5) && holds("api", 3); })) << log();
  git("checkout main", repo);

  EXPECT_TRUE(eventually([&] { return !fs::exists(sidecar("api")); })) << log();
  EXPECT_TRUE(fs::exists(sidecar("web")));
  EXPECT_EQ(std::system(("test -z \"$(git -C '" + repo.string() + "' status --porcelain)\"").c_str()), 0);
}

TEST_F(FilesEndToEnd, ABrokenFileIsSaidWithItsPlaceAndTheOthersGoOn) {
  put(dir_ / "policies" / "bad.yaml", policy("bad", 2) + "intervall: 5\n");
  put(dir_ / "policies" / "web.yaml", policy("web", 2));
  ASSERT_EQ(::mkfifo((dir_ / "policies" / "pipe.yaml").c_str(), 0600), 0);
  start({"--policies", (dir_ / "policies").string(), "--status", "sidecar"});

  EXPECT_TRUE(eventually([&] { return holds("web", 2); })) << log();
  EXPECT_NE(log().find("bad.yaml:9:1: intervall is an unknown field"), std::string::npos) << log();
  EXPECT_NE(log().find("pipe.yaml: is not a regular file"), std::string::npos) << log();
  EXPECT_EQ(slurp(dir_ / "policies" / "web.yaml"), policy("web", 2));
}

TEST_F(FilesEndToEnd, WithoutPoliciesEveryAdoptedStackFollowsTheDefaultsAndAPolicyTakesOver) {
  for (const std::string id : {"web", "api"}) {
    put(dir_ / "stacks" / id / "deploy_metadata.json",
        "{\"context\": {\"instance_count\": 1}, \"terraform\": {\"folder\": \"/nowhere/" + id + "\"}}\n");
  }
  start({"--default-min-instances", "2"});
  ASSERT_TRUE(eventually([&] { return has(sidecar("web", "_implicit"), "currentInstances: 2\n"); })) << log();
  ASSERT_TRUE(eventually([&] { return has(sidecar("api", "_implicit"), "currentInstances: 2\n"); })) << log();
  EXPECT_EQ(stop(), 0);

  put(dir_ / "policies" / "web.yaml", policy("web", 4));
  start({"--policies", (dir_ / "policies").string(), "--implicit", "--default-min-instances", "2"});
  EXPECT_TRUE(eventually([&] { return has(dir_ / "policies" / "web.yaml", "currentInstances: 4\n"); })) << log();
  EXPECT_TRUE(eventually([&] { return has(sidecar("api", "_implicit"), "currentInstances: 2\n"); })) << log();
  EXPECT_FALSE(fs::exists(sidecar("web", "_implicit")));
}

TEST(FilesOnARealStack, ABranchSwitchSizesItAndTheCheckoutStaysClean) {
  if (const std::string what = World::missing(); !what.empty()) GTEST_SKIP() << what;
  if (!git_installed()) GTEST_SKIP() << "install git";
  World w(1);
  w.write_policy("web.yaml", World::policy("{ min: 1, max: 3 }"));
  git("init", w.policies());
  git("add .", w.policies());
  git("commit -m 1", w.policies());
  git("checkout -b peak", w.policies());
  w.write_policy("web.yaml", World::policy("{ min: 3, max: 3 }"));
  git("commit -am 2", w.policies());
  git("checkout main", w.policies());
  w.start();
  const fs::path sidecar = w.data() / "status" / "default" / "web.yaml";
  ASSERT_TRUE(w.eventually([&] { return has(sidecar, "currentInstances: 1\n"); }));

  git("checkout peak", w.policies());

  EXPECT_TRUE(w.eventually([&] { return w.count() == 3; }));
  EXPECT_TRUE(w.eventually([&] { return has(sidecar, "currentInstances: 3\n"); }));
  EXPECT_EQ(w.read_policy("web.yaml"), World::policy("{ min: 3, max: 3 }"));
}

}  // namespace
}  // namespace stackscaler::e2e
