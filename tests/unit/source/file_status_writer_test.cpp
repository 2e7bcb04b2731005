// SPDX-License-Identifier: Apache-2.0
#include "source/file_status_writer.hpp"

#include <unistd.h>

#include "policy/status_yaml.hpp"
#include "source_support.hpp"

namespace stackscaler::source {
namespace {

namespace fs = std::filesystem;
using test::policy_text;
using test::put;
using test::slurp;

class FileStatusWriterTest : public test::SourceFixture {
 protected:
  Result<void> write(StatusMode mode, const std::string& name, int count) {
    FileStatusWriter writer(pool_, index_, {}, mode);
    policy::Status status;
    status.spec_digest = "abc";
    status.current_instances = count;
    return test::run(io_, writer.write({"default", name}, status));
  }
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

}  // namespace
}  // namespace stackscaler::source
