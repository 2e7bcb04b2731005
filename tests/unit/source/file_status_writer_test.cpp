// SPDX-License-Identifier: Apache-2.0
#include "source/file_status_writer.hpp"

#include <unistd.h>

#include <cstdlib>

#include "policy/status_yaml.hpp"
#include "source/detail/sidecar.hpp"
#include "source_support.hpp"

namespace stackscaler::source {
namespace {

namespace fs = std::filesystem;
using test::policy_text;
using test::put;
using test::slurp;

class FileStatusWriterTest : public test::SourceFixture {
 protected:
  ~FileStatusWriterTest() override { stop(); }

  FileStatusWriter& writer_with(StatusMode mode) {
    if (writer_ && mode_ == mode) return *writer_;
    mode_ = mode;
    writer_ = std::make_unique<FileStatusWriter>(log_, index_, StatusOptions{mode, sidecars(), {}, git_});
    return *writer_;
  }
  [[nodiscard]] fs::path sidecars() const { return dir_ / "data" / "status"; }
  [[nodiscard]] fs::path sidecar(const std::string& name) const { return sidecars() / "default" / (name + ".yaml"); }
  Result<void> write(StatusMode mode, const std::string& name, int count) {
    FileStatusWriter& writer = writer_with(mode);
    policy::Status status;
    status.spec_digest = "abc";
    status.current_instances = count;
    return test::run(io_, writer.write({"default", name}, status));
  }

  std::string git_ = "git";
  StatusMode mode_ = StatusMode::none;
  std::unique_ptr<FileStatusWriter> writer_;
};

TEST_F(FileStatusWriterTest, WritesTheStatusOfAPolicyThatTheSourceFoundAndCausesNoWork) {
  put(at("all.yaml"), policy_text("api") + "---\n" + policy_text("web") + "# the end\n");
  start();
  const auto events = sink_.events;

  ASSERT_TRUE(write(StatusMode::inline_, "web", 3));
  ASSERT_TRUE(write(StatusMode::inline_, "web", 4));
  ASSERT_TRUE(write(StatusMode::inline_, "api", 1));
  settle();

  const std::string status = "status:\n  observedGeneration: 0\n  specDigest: abc\n  currentInstances: ";
  EXPECT_EQ(slurp(at("all.yaml")),
            policy_text("api") + status + "1\n---\n" + policy_text("web") + status + "4\n# the end\n");
  EXPECT_EQ(sink_.events, events);
}

TEST_F(FileStatusWriterTest, NoneWritesNothing) {
  put(at("web.yaml"), policy_text("web"));
  start();

  EXPECT_TRUE(write(StatusMode::none, "web", 3));
  EXPECT_EQ(slurp(at("web.yaml")), policy_text("web"));
}

TEST_F(FileStatusWriterTest, SaysWhenThePolicyIsInNoFile) {
  start();
  EXPECT_EQ(write(StatusMode::inline_, "web", 3).error().kind(), ErrorKind::not_found);
}

TEST_F(FileStatusWriterTest, SaysWhenTheFolderCannotBeWritten) {
  put(at("web.yaml"), policy_text("web"));
  start();
  fs::permissions(dir_.path(), fs::perms(0755));
  fs::permissions(root(), fs::perms(0555));
  const bool is_root = ::geteuid() == 0;
  const int lowered = is_root ? ::seteuid(65534) : 0;  // root may write everywhere

  const auto written = write(StatusMode::inline_, "web", 3);
  const int raised = is_root ? ::seteuid(0) : 0;
  fs::permissions(root(), fs::perms(0755));

  ASSERT_EQ(lowered, 0);
  ASSERT_EQ(raised, 0);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), ErrorKind::unauthorized);
}

// The rest is about --status=auto, and about sidecars.

std::string inline_status(int count) {
  return "status:\n  observedGeneration: 0\n  specDigest: abc\n  currentInstances: " + std::to_string(count) + "\n";
}

TEST_F(FileStatusWriterTest, AutoWritesInlineInAPlainFolderAndSaysWhereOnce) {
  put(at("web.yaml"), policy_text("web"));
  start();

  ASSERT_TRUE(write(StatusMode::auto_, "web", 3));
  ASSERT_TRUE(write(StatusMode::auto_, "web", 4));

  EXPECT_EQ(slurp(at("web.yaml")), policy_text("web") + inline_status(4));
  EXPECT_FALSE(fs::exists(sidecars()));
  EXPECT_EQ(logged("the status is written to policy=default/web file=" + at("web.yaml").string()), 1);
}

TEST_F(FileStatusWriterTest, ASidecarIsAWholeDocumentAndThePolicyStaysAsItIs) {
  put(at("web.yaml"), policy_text("web"));
  start();

  ASSERT_TRUE(write(StatusMode::sidecar, "web", 3));

  EXPECT_EQ(slurp(at("web.yaml")), policy_text("web"));
  EXPECT_EQ(slurp(sidecar("web")),
            "# Written by Stackscaler: the status of " + at("web.yaml").string() +
                "\napiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata:\n  name: \"web\"\n"
                "  namespace: \"default\"\n" +
                inline_status(3));
}

TEST_F(FileStatusWriterTest, SidecarsGoWithTheirPolicies) {
  put(at("web.yaml"), policy_text("web"));
  put(at("api.yaml"), policy_text("api"));
  fs::create_directories(sidecars() / "gone");
  put(sidecars() / "gone" / "of-an-earlier-run.yaml", "");
  writer_with(StatusMode::sidecar);
  start();
  ASSERT_TRUE(write(StatusMode::sidecar, "web", 3));
  ASSERT_TRUE(write(StatusMode::sidecar, "api", 3));
  EXPECT_FALSE(fs::exists(sidecars() / "gone"));

  fs::remove(at("web.yaml"));

  EXPECT_TRUE(until([&] { return !fs::exists(sidecar("web")); }));
  EXPECT_TRUE(fs::exists(sidecar("api")));
}

TEST_F(FileStatusWriterTest, AnInlineStatusTakesThePlaceOfTheSidecar) {
  put(at("web.yaml"), policy_text("web"));
  start();
  ASSERT_TRUE(write(StatusMode::sidecar, "web", 3));

  ASSERT_TRUE(write(StatusMode::auto_, "web", 4));

  EXPECT_FALSE(fs::exists(sidecar("web")));
}

TEST_F(FileStatusWriterTest, AutoPutsAsideWhatCannotBeWritten) {
  put(at("web.yaml"), policy_text("web"));
  fs::permissions(dir_.path(), fs::perms(0777));
  start();
  fs::permissions(root(), fs::perms(0555));
  const bool is_root = ::geteuid() == 0;
  ASSERT_EQ(is_root ? ::seteuid(65534) : 0, 0);

  const auto written = write(StatusMode::auto_, "web", 3);
  const auto again = write(StatusMode::auto_, "web", 4);
  ASSERT_EQ(is_root ? ::seteuid(0) : 0, 0);
  fs::permissions(root(), fs::perms(0755));

  EXPECT_TRUE(written) << written.error().message();
  EXPECT_TRUE(again);
  EXPECT_EQ(slurp(at("web.yaml")), policy_text("web"));
  EXPECT_NE(slurp(sidecar("web")).find("currentInstances: 4"), std::string::npos);
  EXPECT_EQ(logged("why=cannot write to " + root().string() + ": Permission denied"), 1);
}

TEST_F(FileStatusWriterTest, AutoPutsAsideWhatBelongsToAMountedConfigMap) {
  fs::create_directory(at("..2026_11_24"));
  put(at("..2026_11_24/web.yaml"), policy_text("web"));
  fs::create_directory_symlink("..2026_11_24", at("..data"));
  fs::create_symlink("..data/web.yaml", at("web.yaml"));
  start();

  ASSERT_TRUE(write(StatusMode::auto_, "web", 3));

  EXPECT_EQ(slurp(at("web.yaml")), policy_text("web"));
  EXPECT_TRUE(fs::exists(sidecar("web")));
  EXPECT_EQ(logged("why=the file belongs to a mounted ConfigMap or Secret"), 1);
}

TEST_F(FileStatusWriterTest, AutoPutsAsideWhatADocumentCannotHold) {
  const std::string flow =
      "{apiVersion: stackscaler.dev/v1alpha1, kind: ScalingPolicy, metadata: {name: web}, spec: {stack: {id: web}, "
      "metrics: [{name: n, preset: instances}]}}\n";
  put(at("web.yaml"), flow);
  put(at("twin.yaml"), policy_text("twin"));
  fs::create_hard_link(at("twin.yaml"), dir_ / "elsewhere");
  start();

  EXPECT_EQ(write(StatusMode::inline_, "web", 3).error().kind(), ErrorKind::conflict);
  EXPECT_TRUE(write(StatusMode::auto_, "web", 3));
  EXPECT_TRUE(write(StatusMode::auto_, "twin", 3));

  EXPECT_EQ(slurp(at("web.yaml")), flow);
  EXPECT_TRUE(fs::exists(sidecar("web")));
  EXPECT_TRUE(fs::exists(sidecar("twin")));
}

TEST_F(FileStatusWriterTest, AFileThatIsBusyIsTriedAgainInlineNotPutAside) {
  put(at("web.yaml"), policy_text("web"));
  start();
  std::ofstream writer(at("web.yaml"), std::ios::binary | std::ios::app);
  const auto written = write(StatusMode::auto_, "web", 3);
  if (written) GTEST_SKIP() << "this file system has no leases; run the tests with TMPDIR on ext4, xfs, btrfs or tmpfs";

  EXPECT_FALSE(fs::exists(sidecar("web")));
  writer.close();
  EXPECT_TRUE(write(StatusMode::auto_, "web", 3));
  EXPECT_EQ(slurp(at("web.yaml")), policy_text("web") + inline_status(3));
}

TEST_F(FileStatusWriterTest, AnImplicitPolicyHasASidecar) {
  put(at("web.yaml"), policy_text("web"));
  writer_with(StatusMode::auto_);
  start();
  index_.assign_implicit({{"default", "nowhere"}});

  ASSERT_TRUE(write(StatusMode::auto_, "nowhere", 3));

  EXPECT_TRUE(fs::exists(sidecar("nowhere")));
}

TEST_F(FileStatusWriterTest, SidecarsInAFolderOfPoliciesAreNotTakenForPolicies) {
  put(at("web.yaml"), policy_text("web"));
  start();
  writer_ =
      std::make_unique<FileStatusWriter>(log_, index_, StatusOptions{StatusMode::sidecar, at("data/status"), {}, git_});
  mode_ = StatusMode::sidecar;

  ASSERT_TRUE(write(StatusMode::sidecar, "web", 3));
  put(at("other.yaml"), policy_text("other"));
  ASSERT_TRUE(until([&] { return sink_.has("other"); }));

  EXPECT_TRUE(fs::exists(at("data/status/default/web.yaml")));
  EXPECT_EQ(sink_.policies.size(), 2U);
  EXPECT_EQ(logged("invalid policy file"), 0) << testing::PrintToString(log_.lines());
}

TEST_F(FileStatusWriterTest, ANameThatIsTooLongForAFileIsCutAndStaysUnique) {
  const detail::Sidecars sidecars(dir_ / "s");
  const std::string stem(250, 'a');
  for (const std::string last : {"x", "y"}) {
    ASSERT_TRUE(sidecars.write({"default", stem + last}, "status: {}\n", "a file")) << last;
  }
  EXPECT_NE(sidecars.file_of({"default", stem + "x"}), sidecars.file_of({"default", stem + "y"}));
}

class GitTest : public FileStatusWriterTest {
 protected:
  void SetUp() override {
    if (std::system("git --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "install git";
  }
  void git(const std::string& arguments, const fs::path& folder) const {
    const std::string command = "cd '" + folder.string() +
                                "' && git -c user.name=t -c user.email=t@example.org -c init.defaultBranch=main " +
                                arguments + " >/dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
};

TEST_F(GitTest, AutoPutsAsideWhatGitTracksAsSoonAsItDoes) {
  fs::create_directory(at("sub"));
  put(at("sub/web.yaml"), policy_text("web"));
  put(at("sub/api.yaml"), policy_text("api"));
  git("init", dir_.path());
  start();

  ASSERT_TRUE(write(StatusMode::auto_, "web", 3));
  EXPECT_EQ(slurp(at("sub/web.yaml")), policy_text("web") + inline_status(3));  // nothing is tracked yet
  put(at("sub/web.yaml"), policy_text("web"));
  git("add policies/sub/web.yaml", dir_.path());
  ASSERT_TRUE(write(StatusMode::auto_, "web", 4));
  ASSERT_TRUE(write(StatusMode::auto_, "api", 4));

  EXPECT_EQ(slurp(at("sub/web.yaml")), policy_text("web"));
  EXPECT_TRUE(fs::exists(sidecar("web")));
  EXPECT_EQ(slurp(at("sub/api.yaml")), policy_text("api") + inline_status(4));
  EXPECT_EQ(logged("why=git tracks the file"), 1);
}

TEST_F(GitTest, AWorktreeWhoseDotGitIsAFileIsSeenToo) {
  const fs::path repo = dir_ / "repo";
  fs::create_directory(repo);
  put(repo / "web.yaml", policy_text("web"));
  git("init", repo);
  git("add .", repo);
  git("commit -m 1", repo);
  git("worktree add ../tree -b other", repo);
  ASSERT_TRUE(fs::is_regular_file(dir_ / "tree" / ".git"));
  watched_ = dir_ / "tree";
  start();

  ASSERT_TRUE(write(StatusMode::auto_, "web", 3));

  EXPECT_EQ(slurp(dir_ / "tree" / "web.yaml"), policy_text("web"));
  EXPECT_TRUE(fs::exists(sidecar("web")));
}

TEST_F(GitTest, WithoutGitEveryFileOfAWorkTreeCountsAsTracked) {
  put(at("web.yaml"), policy_text("web"));
  git("init", root());
  git_ = "no-such-program-as-git";
  start();

  ASSERT_TRUE(write(StatusMode::auto_, "web", 3));

  EXPECT_EQ(slurp(at("web.yaml")), policy_text("web"));
}

TEST_F(GitTest, GitIsAskedOnceAFileUntilItsIndexChanges) {
  const fs::path script = dir_ / "git-counted";
  put(script, "#!/bin/sh\necho asked >> '" + (dir_ / "asked").string() + "'\nexec git \"$@\"\n");
  fs::permissions(script, fs::perms(0755));
  put(at("web.yaml"), policy_text("web"));
  git("init", root());
  git("add .", root());
  git_ = script.string();
  start();

  for (int i = 0; i < 3; ++i) ASSERT_TRUE(write(StatusMode::auto_, "web", i));
  EXPECT_EQ(slurp(dir_ / "asked"), "asked\n");
  EXPECT_EQ(slurp(at("web.yaml")), policy_text("web"));
  git("rm --cached web.yaml", root());
  ASSERT_TRUE(write(StatusMode::auto_, "web", 9));

  EXPECT_EQ(slurp(dir_ / "asked"), "asked\nasked\n");
  EXPECT_EQ(slurp(at("web.yaml")), policy_text("web") + inline_status(9));
  EXPECT_FALSE(fs::exists(sidecar("web")));
}

TEST_F(GitTest, InlineByRequestIsInline) {
  put(at("web.yaml"), policy_text("web"));
  git("init", root());
  git("add .", root());
  start();

  ASSERT_TRUE(write(StatusMode::inline_, "web", 3));

  EXPECT_EQ(slurp(at("web.yaml")), policy_text("web") + inline_status(3));
}

}  // namespace
}  // namespace stackscaler::source
