// SPDX-License-Identifier: Apache-2.0
#include "source/detail/exchange.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/status_yaml.hpp"
#include "source_support.hpp"

namespace stackscaler::source::detail {
namespace {

namespace fs = std::filesystem;
using test::policy_text;
using test::put;
using test::put_over;
using test::slurp;

constexpr std::string_view kBlock = "status:\n  observedGeneration: 1\n  specDigest: abc\n";

class Law7TheUsersBytesAreTheUsers : public testing::Test {
 protected:
  Law7TheUsersBytesAreTheUsers() { put(file_, policy_text("web")); }

  Result<void> write(const ExchangeHooks& hooks = {}) {
    return write_status_inline(file_, {"default", "web"}, kBlock, {}, hooks);
  }
  // Runs the edit at the first call only.
  static std::function<void()> once(std::function<void()> edit) {
    return [edit = std::move(edit), done = false]() mutable {
      if (!done) edit();
      done = true;
    };
  }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir_.path()), {}));
  }

  test::TempDir dir_;
  fs::path file_ = dir_ / "web.yaml";
};

TEST_F(Law7TheUsersBytesAreTheUsers, AnEditThatIsSavedDuringTheWriteSurvivesAndTheStatusLands) {
  const std::string edited = "# mine\n" + policy_text("web", 5);
  ExchangeHooks hooks;
  hooks.before_exchange = once([&] { put_over(file_, edited); });

  const auto written = write(hooks);

  ASSERT_TRUE(written) << written.error().message();
  EXPECT_EQ(slurp(file_), edited + std::string(kBlock));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Law7TheUsersBytesAreTheUsers, AnEditInPlaceSurvivesToo) {
  const std::string edited = policy_text("web", 5) + "# mine\n";
  ExchangeHooks hooks;
  hooks.before_exchange = once([&] { put(file_, edited); });

  ASSERT_TRUE(write(hooks));

  EXPECT_EQ(slurp(file_), policy_text("web", 5) + std::string(kBlock) + "# mine\n");
}

TEST_F(Law7TheUsersBytesAreTheUsers, AFileThatAnotherProgramHasOpenForWritingIsLeftToIt) {
  const int writer = ::open(file_.c_str(), O_WRONLY | O_CLOEXEC);
  const int probe = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
  const bool leases = ::fcntl(probe, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
  ::close(probe);
  if (!leases) {
    ::close(writer);
    GTEST_SKIP() << "this file system has no leases; run the tests with TMPDIR on ext4, xfs, btrfs or tmpfs";
  }

  const auto refused = write();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
  const std::string late = policy_text("web", 4);
  EXPECT_EQ(::write(writer, late.data(), late.size()), static_cast<ssize_t>(late.size()));
  ::close(writer);

  EXPECT_EQ(slurp(file_), late);
  ASSERT_TRUE(write());
  EXPECT_EQ(slurp(file_), late + std::string(kBlock));
}

TEST_F(Law7TheUsersBytesAreTheUsers, EditsThatCrossAreBothKept) {
  const std::string first = "# first\n" + policy_text("web", 5);
  const std::string second = "# second\n" + policy_text("web", 6);
  ExchangeHooks hooks;
  hooks.before_exchange = once([&] { put_over(file_, first); });
  hooks.before_put_back = once([&] { put_over(file_, second); });

  const auto written = write(hooks);

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), ErrorKind::conflict);
  EXPECT_EQ(slurp(file_), second);
  const std::string message = written.error().message();
  EXPECT_EQ(slurp(message.substr(message.rfind(' ') + 1)), first);
}

TEST_F(Law7TheUsersBytesAreTheUsers, AFileThatKeepsChangingIsGivenUp) {
  int edits = 0;
  ExchangeHooks hooks;
  hooks.before_exchange = [&] { put_over(file_, policy_text("web", ++edits)); };

  const auto written = write(hooks);

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), ErrorKind::conflict);
  EXPECT_EQ(edits, 5);
  EXPECT_EQ(slurp(file_), policy_text("web", 5));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Law7TheUsersBytesAreTheUsers, ADeletedFileIsNotBroughtBack) {
  ExchangeHooks hooks;
  hooks.before_exchange = [&] { fs::remove(file_); };

  EXPECT_EQ(write(hooks).error().kind(), ErrorKind::not_found);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(Law7TheUsersBytesAreTheUsers, AChangedModeCountsAsAnEdit) {
  ExchangeHooks hooks;
  hooks.before_exchange = once([&] { ::chmod(file_.c_str(), 0640); });

  ASSERT_TRUE(write(hooks));

  EXPECT_EQ(static_cast<unsigned>(fs::status(file_).permissions()), 0640U);
}

TEST_F(Law7TheUsersBytesAreTheUsers, ModeAndLinksStay) {
  ::chmod(file_.c_str(), 0604);
  fs::create_directory(dir_ / "links");
  fs::create_symlink("../web.yaml", dir_ / "links" / "web.yaml");

  ASSERT_TRUE(write_status_inline(dir_ / "links" / "web.yaml", {"default", "web"}, kBlock, {}, {}));

  EXPECT_TRUE(fs::is_symlink(dir_ / "links" / "web.yaml"));
  EXPECT_EQ(slurp(file_), policy_text("web") + std::string(kBlock));
  EXPECT_EQ(static_cast<unsigned>(fs::status(file_).permissions()), 0604U);
}

TEST_F(Law7TheUsersBytesAreTheUsers, AFileWithSeveralNamesIsRefused) {
  fs::create_hard_link(file_, dir_ / "twin.yaml");

  EXPECT_EQ(write().error().kind(), ErrorKind::conflict);
  EXPECT_EQ(slurp(file_), policy_text("web"));
}

TEST_F(Law7TheUsersBytesAreTheUsers, TheDocumentIsFoundByNameWhereverItHasMoved) {
  put(file_, policy_text("api") + "---\n" + policy_text("web"));

  ASSERT_TRUE(write());

  EXPECT_EQ(slurp(file_), policy_text("api") + "---\n" + policy_text("web") + std::string(kBlock));
}

TEST_F(Law7TheUsersBytesAreTheUsers, FlowStyleIsRefusedAndLeftAlone) {
  const std::string flow =
      "{apiVersion: stackscaler.dev/v1alpha1, kind: ScalingPolicy, metadata: {name: web}, spec: {stack: {id: web}, "
      "metrics: [{name: n, preset: instances}]}}\n";
  put(file_, flow);

  EXPECT_EQ(write().error().kind(), ErrorKind::conflict);
  EXPECT_EQ(slurp(file_), flow);
}

}  // namespace
}  // namespace stackscaler::source::detail
