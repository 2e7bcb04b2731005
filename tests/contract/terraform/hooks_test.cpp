// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "rig.hpp"
#include "terraform/process.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::counted_stack;
using test::Host;
using test::Rig;
using namespace std::chrono_literals;

policy::Hook command(std::vector<std::string> argv, Duration timeout = 20s) {
  policy::Hook hook;
  hook.command = std::move(argv);
  hook.timeout = timeout;
  return hook;
}

policy::Hook webhook(std::string url) {
  policy::Hook hook;
  hook.webhook = std::move(url);
  return hook;
}

class HookContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }

  static void script(const test::TerraformStack& stack, const std::string& body) {
    stack.write("hook.sh", "#!/bin/sh\n" + body);
    fs::permissions(stack.folder() / "hook.sh", fs::perms::owner_all);
  }

  Result<ports::ScaleReport> scale(Host& host, int to) {
    ports::ScaleOrder order;
    order.stack = Host::ref("web");
    order.stack.pre_scale_in = before_;
    order.stack.post_scale_out = after_;
    order.to = to;
    order.reason = "BelowThreshold";
    return test::run(host.io, host.driver.scale(host.permit, std::move(order), [&](const ports::OperationProgress& p) {
      host.progress.push_back(p.phase + (p.progress.empty() ? "" : ": " + p.progress));
      if (on_progress_) on_progress_(p);
    }));
  }

  [[nodiscard]] std::string said() const { return read_file(out_.path() / "said", 65536).value_or(std::string()); }

  std::optional<policy::Hook> before_;
  std::optional<policy::Hook> after_;
  ports::ProgressSink on_progress_;
  test::TempDir out_;
};

TEST_F(HookContract, PreScaleInRunsBeforeTheApplyAndKnowsWhatGoes) {
  ::setenv("STK_HOOK_TEST_SECRET", "hidden", 1);
  Rig rig(3);
  const auto ids = rig.stack.ids();
  script(rig.stack,
         "{ echo \"$STACKSCALER_HOOK $STACKSCALER_STACK $STACKSCALER_FROM $STACKSCALER_TO\"\n"
         "echo \"$STACKSCALER_ADDRESSES\"\necho \"$STACKSCALER_IDS\"\npwd\n"
         "grep -c '\"index_key\"' terraform.tfstate\nstat -c %a \"$STACKSCALER_HOOK_FILE\"\n"
         "echo \"[$STK_HOOK_TEST_SECRET$STACKSCALER_OPERATION_ID]\"\necho \"$STACKSCALER_OPERATION\"\n"
         "cat \"$STACKSCALER_HOOK_FILE\"; } > \"$1\"\n");
  before_ = command({"./hook.sh", out_.path() / "said"});

  const auto report = scale(rig.host, 1);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->count_after, 1);
  const std::string instances = R"("instances":[{"address":"terraform_data.app[1]","id":")" + ids.at(1) +
                                R"("},{"address":"terraform_data.app[2]","id":")" + ids.at(2) + "\"}]}\n";
  EXPECT_EQ(said(), "preScaleIn web 3 1\nterraform_data.app[1] terraform_data.app[2]\n" + ids.at(1) + " " + ids.at(2) +
                        "\n" + fs::canonical(rig.stack.folder()).string() + "\n3\n600\n[]\n" + report->operation_id +
                        "\n" + R"({"hook":"preScaleIn","stack":"web","operation":")" + report->operation_id +
                        R"(","from":3,"to":1,)" + instances);
  ASSERT_GE(rig.host.progress.size(), 3U);
  EXPECT_EQ(rig.host.progress[0], "Planning");
  EXPECT_EQ(rig.host.progress[1], "Draining: 2 instances");
  EXPECT_EQ(rig.host.progress[2], "Planning") << "once more, since the drain may have taken long";
}

TEST_F(HookContract, Law1OnlyWhatWasDecidedAFailedPreScaleInLeavesEverythingAsItWas) {
  Rig rig(3);
  script(rig.stack, "echo 'draining i-7' >&2\necho 'node i-7 has pods that cannot move' >&2\nexit 3\n");
  const auto before = rig.stack.tree();
  before_ = command({"./hook.sh"});

  const auto report = scale(rig.host, 2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kHookFailed);
  EXPECT_EQ(report.error().kind(), ErrorKind::unavailable);
  EXPECT_EQ(report.error().message(),
            "stack web: the hook preScaleIn failed with exit code 3: draining i-7 node i-7 has pods that cannot move");
  EXPECT_EQ(rig.stack.tree(), before);
  EXPECT_EQ(rig.host.journal.phases(), "intended abandoned");
  EXPECT_EQ(rig.host.journal.writes.back().outcome_reason, reason::kHookFailed);
  EXPECT_EQ(rig.host.journal.writes.back().count_after, 3);
}

TEST_F(HookContract, ASlowPreScaleInIsEndedWithAllThatItStarted) {
  terraform::DriverOptions options;
  options.kill_after = 300ms;
  Rig rig(2, counted_stack(), options);
  script(rig.stack, "trap '' TERM\nsleep 300 &\necho $$ $! > \"$1\"\nwait\nwait\nsleep 300\n");
  const auto before = rig.stack.tree();
  before_ = command({"./hook.sh", out_.path() / "said"}, 1s);

  const auto report = scale(rig.host, 1);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kHookFailed);
  EXPECT_NE(report.error().message().find("was not done within 1s and was ended"), std::string::npos);
  EXPECT_EQ(rig.stack.tree(), before);
  std::istringstream pids(said());
  int leader = 0;
  int child = 0;
  pids >> leader >> child;
  ASSERT_GT(leader, 0);
  ASSERT_GT(child, 0);
  for (const int pid : {leader, child}) {
    const auto start = terraform::start_time(pid);
    EXPECT_FALSE(start && terraform::alive(terraform::ProcessId{pid, *start, terraform::boot_id()})) << pid;
  }
}

boost::asio::awaitable<void> plan_into(Host& host) {
  const auto report = co_await host.driver.plan(Host::ref("web"), 2);
  host.progress.emplace_back(report ? "another plan" : report.error().message());
}

TEST_F(HookContract, ADrainKeepsNoOtherRunWaiting) {
  terraform::DriverOptions options;
  options.max_concurrent = 1;
  Rig rig(2, counted_stack(), options);
  // Ends when the other run has: it would be too slow otherwise.
  script(rig.stack, "while ! [ -e \"$1\" ]; do sleep 0.1; done\n");
  before_ = command({"./hook.sh", out_.path() / "said"});
  boost::asio::io_context& io = rig.host.io;
  on_progress_ = [&](const ports::OperationProgress& progress) {
    if (progress.phase != "Draining") return;
    boost::asio::co_spawn(io, plan_into(rig.host),
                          [this](const std::exception_ptr&) { std::ofstream(out_.path() / "said") << "go"; });
  };

  const auto report = scale(rig.host, 1);

  ASSERT_TRUE(report) << report.error().message();
  const auto& told = rig.host.progress;
  ASSERT_GE(told.size(), 4U);
  EXPECT_EQ(told[1], "Draining: 1 instance");
  EXPECT_EQ(told[2], "another plan");
  EXPECT_EQ(told[3], "Planning");
}

TEST_F(HookContract, WithOnePlaceTheSecondWaitsAndTellsItsPlace) {
  terraform::DriverOptions options;
  options.max_concurrent = 1;
  Rig rig(1, counted_stack(), options);
  boost::asio::io_context& io = rig.host.io;
  bool ended = false;
  boost::asio::co_spawn(io, plan_into(rig.host), [&](const std::exception_ptr&) { ended = true; });
  // A look makes its folder when it has its place.
  const auto operations = rig.home / "data" / "operations";
  io.restart();
  while (!std::filesystem::exists(operations) || std::filesystem::is_empty(operations)) io.run_one();

  const auto report = scale(rig.host, 2);
  io.restart();
  while (!ended) io.run_one();

  ASSERT_TRUE(report) << report.error().message();
  const auto& told = rig.host.progress;
  ASSERT_GE(told.size(), 3U);
  EXPECT_EQ(told[0], "Waiting: 1st in the queue");
  EXPECT_EQ(told[1], "another plan");
  EXPECT_EQ(told[2], "Planning");
  EXPECT_TRUE(ended);
  EXPECT_TRUE(rig.host.log.contains("reason=WaitingForSlot"));
}

TEST_F(HookContract, Law1OnlyWhatWasDecidedWhatIsEditedDuringTheDrainIsPlannedAgainAndRefused) {
  Rig rig(3);
  script(rig.stack, "echo 'resource \"terraform_data\" \"more\" {}' >> main.tf\n");
  before_ = command({"./hook.sh"});

  const auto report = scale(rig.host, 2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kPlanRefused);
  EXPECT_NE(report.error().message().find("create terraform_data.more"), std::string::npos);
  EXPECT_EQ(rig.stack.ids().size(), 3U);
  EXPECT_EQ(rig.host.journal.phases(), "intended abandoned");
}

TEST_F(HookContract, Law6RealityWinsACountThatChangesDuringTheDrainEndsIt) {
  Rig rig(3);
  script(rig.stack, "terraform state rm 'terraform_data.app[0]'\n");
  before_ = command({"./hook.sh"});

  const auto report = scale(rig.host, 2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kCountChanged) << report.error().message();
  EXPECT_EQ(rig.stack.ids().size(), 2U) << "as the hook has left it";
}

TEST_F(HookContract, Law8SecretsStayInsideWhatAHookPrintsOfThemIsRedacted) {
  ::setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG", 1);
  Rig rig(2);
  script(rig.stack, "echo \"key is $AWS_SECRET_ACCESS_KEY\" >&2\nexit 1\n");
  before_ = command({"./hook.sh"});

  const auto report = scale(rig.host, 1);
  ::unsetenv("AWS_SECRET_ACCESS_KEY");

  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message().find("key is (redacted)"), std::string::npos) << report.error().message();
  EXPECT_EQ(rig.host.journal.writes.back().outcome.find("wJalr"), std::string::npos);
}

TEST_F(HookContract, PreScaleInIsNotAskedWhenNothingGoes) {
  Rig rig(1);
  before_ = command({"false"});

  EXPECT_TRUE(scale(rig.host, 2));
  EXPECT_TRUE(scale(rig.host, 2)) << "nothing to do";
}

TEST_F(HookContract, AProgramThatIsNotThereIsAFailedHook) {
  Rig rig(2);
  for (const char* name : {"no-such-program-of-ours", "./no-such-script.sh"}) {
    before_ = command({name});

    const auto report = scale(rig.host, 1);

    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason(), reason::kHookFailed);
    EXPECT_NE(report.error().message().find(name), std::string::npos);
  }
  EXPECT_EQ(rig.stack.ids().size(), 2U);
}

TEST_F(HookContract, PostScaleOutRunsAfterTheApplyWithWhatCame) {
  Rig rig(1);
  script(rig.stack,
         "echo \"$STACKSCALER_HOOK $STACKSCALER_ADDRESSES $STACKSCALER_IDS\" > \"$1\"\n"
         "grep -c '\"index_key\"' terraform.tfstate >> \"$1\"\n");
  after_ = command({"./hook.sh", out_.path() / "said"});

  const auto report = scale(rig.host, 2);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->warning, "");
  EXPECT_EQ(said(), "postScaleOut terraform_data.app[1] " + rig.stack.ids().at(1) + "\n2\n");
  EXPECT_TRUE(scale(rig.host, 1));
  EXPECT_EQ(said().find("postScaleOut terraform_data.app[1]"), 0U) << "not after a scale-in";
}

TEST_F(HookContract, AFailedPostScaleOutIsSaidAndTheScaleStands) {
  Rig rig(1);
  after_ = command({"sh", "-c", "echo no route >&2; exit 1"});

  const auto report = scale(rig.host, 2);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->count_after, 2);
  EXPECT_TRUE(report->changed);
  EXPECT_NE(report->warning.find("the hook postScaleOut failed with exit code 1: no route"), std::string::npos);
  EXPECT_EQ(rig.host.journal.writes.back().phase, ports::Phase::succeeded);
  EXPECT_NE(rig.host.journal.writes.back().outcome.find("no route"), std::string::npos);
  EXPECT_TRUE(rig.host.log.contains("hook failed"));
  EXPECT_EQ(rig.stack.ids().size(), 2U);
}

TEST_F(HookContract, Law13LetItFinishAStopWaitsForARunningDrainAndAppliesNothing) {
  Rig rig(2);
  script(rig.stack, "sleep 1\necho done > \"$1\"\n");
  const auto before = rig.stack.tree();
  before_ = command({"./hook.sh", out_.path() / "said"});
  on_progress_ = [&](const ports::OperationProgress& progress) {
    if (progress.phase == "Draining") rig.host.driver.stop();
  };

  const auto report = scale(rig.host, 1);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kStopping);
  EXPECT_EQ(said(), "done\n");
  EXPECT_EQ(rig.stack.tree(), before);
  EXPECT_EQ(rig.host.journal.phases(), "intended abandoned");
}

TEST_F(HookContract, Law5ACrashWhileDrainingAppliesNothingAndIsAbandonedByTheNextStart) {
  Rig rig(2);
  // It kills the program that has started it.
  script(rig.stack, "kill -9 $PPID\n");
  const auto before = rig.stack.tree();
  before_ = command({"./hook.sh"});
  const std::string note = (out_.path() / "id").string();
  const pid_t controller = ::fork();
  if (controller == 0) {
    Host host(rig.home / "data", rig.home / "stacks");
    on_progress_ = [&](const ports::OperationProgress& progress) { std::ofstream(note) << progress.id; };
    (void)scale(host, 1);
    ::_exit(7);
  }
  int status = 0;
  ::waitpid(controller, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  ports::OperationRecord open;
  std::ifstream(note) >> open.id;
  open.stack = "web";
  open.workspace = "default";
  open.from = 2;
  open.to = 1;
  Host host(rig.home / "data", rig.home / "stacks");

  const auto record = test::run(host.io, host.driver.recover(host.recovery, std::move(open), nullptr));

  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::abandoned);
  EXPECT_EQ(record->count_after, 2);
  EXPECT_EQ(rig.stack.tree(), before);
}

// A webhook's other end.
struct Receiver {
  Result<int> answer = 204;
  std::string url;
  std::string body;
  Duration timeout{};

  static boost::asio::awaitable<Result<int>> take(Receiver* self, std::string url, std::string body, Duration timeout) {
    self->url = std::move(url);
    self->body = std::move(body);
    self->timeout = timeout;
    co_return self->answer;
  }
  terraform::DriverOptions options() {
    terraform::DriverOptions out;
    out.post_json = [this](std::string to, std::string text, Duration limit) {
      return take(this, std::move(to), std::move(text), limit);
    };
    return out;
  }
};

TEST_F(HookContract, AWebhookGetsTheSameJsonAndAny2xxIsAYes) {
  Receiver receiver;
  Rig rig(2, counted_stack(), receiver.options());
  before_ = webhook("http://drainer.example/drain?token=s3cret");
  before_->timeout = 7s;

  const auto report = scale(rig.host, 1);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(receiver.url, "http://drainer.example/drain?token=s3cret");
  EXPECT_EQ(receiver.timeout, 7s);
  EXPECT_EQ(receiver.body.find(R"({"hook":"preScaleIn","stack":"web","operation":")"), 0U);
  EXPECT_NE(receiver.body.find(R"("from":2,"to":1,"instances":[{"address":"terraform_data.app[1]")"),
            std::string::npos);
}

TEST_F(HookContract, AWebhookThatSaysNoAbortsAndItsTokenIsNotTold) {
  Receiver receiver;
  Rig rig(2, counted_stack(), receiver.options());
  before_ = webhook("http://drainer.example/drain?token=s3cret");
  const auto before = rig.stack.tree();
  const std::vector<std::pair<Result<int>, std::string>> answers{
      {503, "was refused by http://drainer.example with status 503"},
      {302, "was refused by http://drainer.example with status 302"},
      {fail(ErrorKind::timeout, "http://drainer.example/drain?token=s3cret: no answer"), "got no answer from"},
      {fail(ErrorKind::unavailable, "token=s3cret refused"), "did not reach http://drainer.example"}};
  for (const auto& [answer, text] : answers) {
    receiver.answer = answer;

    const auto report = scale(rig.host, 1);

    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason(), reason::kHookFailed);
    EXPECT_NE(report.error().message().find(text), std::string::npos) << report.error().message();
    EXPECT_EQ(report.error().message().find("s3cret"), std::string::npos);
  }
  EXPECT_EQ(rig.stack.tree(), before);
  for (const std::string& line : rig.host.log.lines()) EXPECT_EQ(line.find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace stackscaler
