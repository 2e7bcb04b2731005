// SPDX-License-Identifier: Apache-2.0
#include "terraform/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "support/run.hpp"
#include "support/temp_dir.hpp"
#include "terraform/folder.hpp"

namespace stackscaler::terraform {
namespace {

using namespace std::chrono_literals;

class ProcessTest : public ::testing::Test {
 protected:
  Result<ChildProcess> start(const std::string& script, int lock_fd = -1,
                             std::vector<std::string> environment = {"PATH=/usr/bin:/bin"}) {
    ChildSpec spec;
    spec.program = "/bin/sh";
    spec.arguments = {"-c", script};
    spec.environment = std::move(environment);
    spec.folder = dir_.path();
    spec.stdout_fd = out_.get();
    spec.stderr_fd = err_.get();
    spec.lock_fd = lock_fd;
    return ChildProcess::spawn(io_.get_executor(), spec);
  }
  ExitStatus finish(ChildProcess& child) {
    EXPECT_TRUE(test::run(io_, child.wait_for(clock_, 20s)));
    return child.status();
  }
  std::string output() { return read_all(out_.get(), 1U << 20U).value(); }

  boost::asio::io_context io_;
  SystemClock clock_{io_.get_executor()};
  test::TempDir dir_;
  Descriptor out_ = memory_file("out").value();
  Descriptor err_ = memory_file("err").value();
};

TEST_F(ProcessTest, GivesOutputAndExitCode) {
  auto child = start("pwd; echo problem >&2; exit 3");
  ASSERT_TRUE(child);

  const ExitStatus status = finish(*child);

  EXPECT_TRUE(status.known);
  EXPECT_EQ(status.code, 3);
  EXPECT_EQ(output(), std::filesystem::canonical(dir_.path()).string() + "\n");
  EXPECT_EQ(read_all(err_.get(), 100).value(), "problem\n");
}

TEST_F(ProcessTest, TellsASignalFromACode) {
  auto child = start("kill -9 $$");
  ASSERT_TRUE(child);

  const ExitStatus status = finish(*child);

  EXPECT_EQ(status.signal, SIGKILL);
  EXPECT_FALSE(status.success());
}

TEST_F(ProcessTest, WaitsNoLongerThanItIsTold) {
  auto child = start("exec sleep 20");
  ASSERT_TRUE(child);

  EXPECT_FALSE(test::run(io_, child->wait_for(clock_, 50ms)));
  child->signal(SIGINT);
  EXPECT_EQ(finish(*child).signal, SIGINT);
}

TEST_F(ProcessTest, TheChildHasASessionOfItsOwnNoInputAndNoOtherDescriptor) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC on purpose
  auto child = start("cut -d' ' -f5,6 /proc/$$/stat; echo $$; ls /proc/$$/fd; cat");
  ASSERT_TRUE(child);

  EXPECT_TRUE(finish(*child).success());
  ::close(leaked);

  const std::string pid = std::to_string(child->id().pid);
  EXPECT_EQ(output(), pid + " " + pid + "\n" + pid + "\n0\n1\n2\n") << "group and session, pid, descriptors, no input";
}

TEST_F(ProcessTest, SignalsThatWeIgnoreAreTheChildsDefaultAgain) {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before{};
  ::sigaction(SIGINT, &ignore, &before);

  auto child = start("kill -INT $$; echo survived");
  ASSERT_TRUE(child);
  const ExitStatus status = finish(*child);
  ::sigaction(SIGINT, &before, nullptr);

  EXPECT_EQ(status.signal, SIGINT);
  EXPECT_EQ(output(), "");
}

TEST_F(ProcessTest, TheLockLivesAsLongAsTheChild) {
  auto lock = lock_stack(dir_.path());
  ASSERT_TRUE(lock);
  auto child = start("exec sleep 20", lock->get());
  ASSERT_TRUE(child);

  *lock = Descriptor();
  EXPECT_FALSE(lock_stack(dir_.path())) << "the child holds it";
  child->signal(SIGKILL);
  (void)finish(*child);
  EXPECT_TRUE(lock_stack(dir_.path()));
}

TEST_F(ProcessTest, AChildWithoutAPidfdIsFollowedAndSignalledAlike) {
  ChildSpec spec;
  spec.program = "/bin/sh";
  spec.folder = dir_.path();
  spec.stdout_fd = out_.get();
  spec.stderr_fd = err_.get();
  spec.arguments = {"-c", "sleep 0.2; exit 3"};
  auto ends = ChildProcess::spawn(io_.get_executor(), spec, false);
  spec.arguments = {"-c", "exec sleep 30"};
  auto stays = ChildProcess::spawn(io_.get_executor(), spec, false);
  ASSERT_TRUE(ends && stays);

  const bool early = test::run(io_, stays->wait_for(clock_, 50ms));
  const ExitStatus code = finish(*ends);
  stays->signal(SIGINT);
  const ExitStatus killed = finish(*stays);
  stays->signal(SIGINT);

  EXPECT_FALSE(early);
  EXPECT_TRUE(code.known);
  EXPECT_EQ(code.code, 3);
  EXPECT_EQ(killed.signal, SIGINT);
}

TEST_F(ProcessTest, AProgramThatIsNotThereIsAnError) {
  ChildSpec spec;
  spec.program = "/no/such/program";
  spec.folder = dir_.path();
  spec.stdout_fd = out_.get();
  spec.stderr_fd = err_.get();

  const auto child = ChildProcess::spawn(io_.get_executor(), spec);

  ASSERT_FALSE(child);
  EXPECT_NE(child.error().message().find("/no/such/program"), std::string::npos);
}

TEST_F(ProcessTest, AnAdoptedProcessIsWaitedForAndItsStatusIsUnknown) {
  auto child = start("exec sleep 20");
  ASSERT_TRUE(child);
  auto adopted = ChildProcess::adopt(io_.get_executor(), child->id());
  ASSERT_TRUE(adopted);

  EXPECT_FALSE(test::run(io_, adopted->wait_for(clock_, 20ms)));
  adopted->signal(SIGTERM);

  EXPECT_TRUE(test::run(io_, adopted->wait_for(clock_, 20s)));
  EXPECT_FALSE(adopted->status().known);
  EXPECT_EQ(finish(*child).signal, SIGTERM);
}

TEST_F(ProcessTest, APidOfAnotherTimeOrBootIsNotAdopted) {
  auto child = start("exec sleep 20");
  ASSERT_TRUE(child);
  ProcessId older = child->id();
  --older.start;
  ProcessId other_boot = child->id();
  other_boot.boot_id = "another";

  EXPECT_TRUE(alive(child->id()));
  EXPECT_FALSE(ChildProcess::adopt(io_.get_executor(), older));
  EXPECT_FALSE(ChildProcess::adopt(io_.get_executor(), other_boot));
  child->signal(SIGKILL);
  (void)finish(*child);
  EXPECT_FALSE(alive(child->id()));
}

TEST_F(ProcessTest, FindsTerraformByItsOperationAndNotWhatItStarted) {
  const std::string id = "test-" + std::to_string(::getpid());
  ChildSpec spec;
  spec.program = "/bin/sh";
  // argv[1] says what it is: "apply" is a script that starts a child with the same environment.
  spec.arguments = {"apply"};
  spec.environment = {"PATH=/usr/bin:/bin", "STACKSCALER_OPERATION_ID=" + id};
  spec.folder = dir_.path();
  spec.stdout_fd = out_.get();
  spec.stderr_fd = err_.get();
  const Descriptor script = create_private(dir_ / "apply").value();
  const std::string text = "sleep 20 &\necho ready\nwait\n";
  ASSERT_EQ(::write(script.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  auto child = ChildProcess::spawn(io_.get_executor(), spec);
  ASSERT_TRUE(child);
  for (int i = 0; i < 400 && output().empty(); ++i) (void)test::run(io_, child->wait_for(clock_, 10ms));

  // Between fork and exec the shell's child is still a copy of the shell, command line and all.
  auto found = find_operation(id);
  for (int i = 0; i < 400 && found.size() != 1; ++i) {
    (void)test::run(io_, child->wait_for(clock_, 10ms));
    found = find_operation(id);
  }
  const auto others = find_operation(id + "0");

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].command, "apply");
  EXPECT_EQ(found[0].id.pid, child->id().pid);
  EXPECT_TRUE(others.empty());
  ::kill(-child->id().pid, SIGKILL);  // the test's own session: the script and its sleep
  (void)finish(*child);
}

}  // namespace
}  // namespace stackscaler::terraform
