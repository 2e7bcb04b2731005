// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "rig.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::counted_stack;
using test::Rig;
using namespace std::chrono_literals;

// Instance 2 fails before it exists; the plan can't know, since timestamp() is unknown until the apply.
constexpr const char* kThirdFails =
    "  lifecycle {\n    precondition {\n      condition     = count.index != 2 || timestamp() == \"\"\n"
    "      error_message = \"no capacity\"\n    }\n  }\n";

std::string slow(const std::string& seconds) {
  return "  provisioner \"local-exec\" {\n    command = \"sleep ${count.index == 0 ? 0 : " + seconds + "}\"\n  }\n";
}

class FailureContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }
  // A program that stands in for terraform in `script`'s cases and is terraform otherwise.
  static std::string stand_in(const fs::path& folder, const std::string& script) {
    const fs::path file = folder / "terraform";
    (void)write_file_atomic(file, "#!/bin/sh\n" + script + "\nexec terraform \"$@\"\n", 0755);
    return file.string();
  }
  static terraform::DriverOptions with_binary(const std::string& binary) {
    terraform::DriverOptions options;
    options.binary = binary;
    return options;
  }
  test::TempDir tools_;
};

// As by a second SIGINT, after which terraform waits for five seconds and leaves.
TEST_F(FailureContract, AnApplyThatExitsWithACreationUnderWayMayHaveLeftOrphans) {
  const std::string line =
      R"({"@level":"info","type":"apply_start","hook":{"resource":{"addr":"terraform_data.app[1]"},"action":"create"}})";
  Rig rig(1, counted_stack(),
          with_binary(stand_in(tools_.path(), "[ \"$1\" = apply ] && echo '" + line + "' && exit 1")));

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kPossibleOrphans);
  EXPECT_NE(report.error().message().find("in creation were terraform_data.app[1]"), std::string::npos);
  EXPECT_EQ(rig.host.journal.writes.back().outcome_reason, reason::kPossibleOrphans);
  EXPECT_EQ(rig.metadata().instance_count, 1);
}

TEST_F(FailureContract, AFailingApplyPutsTheRealCountIntoTheUsersFile) {
  Rig rig(1, counted_stack(kThirdFails));

  const auto report = rig.host.scale(3);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kApplyFailed);
  EXPECT_NE(report.error().message().find("the state holds 2 of 3"), std::string::npos) << report.error().message();
  EXPECT_NE(report.error().message().find("main.tf:"), std::string::npos) << report.error().message();
  EXPECT_EQ(rig.stack.ids().size(), 2U);
  EXPECT_EQ(rig.stack.read("stackscaler.auto.tfvars.json"), "{\n  \"instance_count\": 2\n}\n");
  EXPECT_EQ(rig.metadata().instance_count, 2);
  EXPECT_EQ(rig.host.journal.phases(), "intended planned applying failed");
  EXPECT_EQ(rig.host.journal.writes.back().count_after, 2);
}

TEST_F(FailureContract, ATaintedInstanceIsRefusedAndNamed) {
  Rig rig(2);
  rig.stack.terraform("taint 'terraform_data.app[1]'");

  const auto report = rig.host.scale(3);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kUnhealthyStack);
  EXPECT_NE(report.error().message().find("replace terraform_data.app[1] (tainted"), std::string::npos);
}

TEST_F(FailureContract, AHoleIsHealedOnTheWayUpAndRefusedOnTheWayDown) {
  Rig rig(3);
  rig.stack.terraform("state rm 'terraform_data.app[0]'");
  const auto before = rig.stack.ids();

  const auto down = rig.host.scale(2);

  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().reason(), reason::kUnhealthyStack) << down.error().message();
  EXPECT_EQ(rig.stack.ids(), before);

  const auto up = rig.host.scale(3);

  ASSERT_TRUE(up) << up.error().message();
  EXPECT_EQ(up->summary, "create terraform_data.app[0]");
  EXPECT_EQ(rig.stack.ids().size(), 3U);
}

TEST_F(FailureContract, TerraformKilledInMidApplyIsSaidWithWhatIsNotKnown) {
  Rig rig(1, counted_stack(slow("1")));
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.to = 3;
  auto kill = [&](const ports::OperationProgress& progress) {
    if (progress.progress.empty() || progress.phase != "Applying") return;
    ::kill(rig.host.journal.writes.back().pid, SIGKILL);
  };

  const auto report = test::run(rig.host.io, rig.host.driver.scale(rig.host.permit, std::move(order), kill));

  ASSERT_FALSE(report);
  // By whether the stream had told of a creation by then.
  const bool named = report.error().message().find("in creation were") != std::string::npos;
  EXPECT_EQ(report.error().reason(), named ? reason::kPossibleOrphans : reason::kApplyInterrupted);
  EXPECT_NE(report.error().message().find("may exist without being in the state"), std::string::npos);
  EXPECT_EQ(rig.host.journal.phases(), "intended planned applying failed");
}

TEST_F(FailureContract, Law13LetItFinishAnOverdueApplyIsReportedAndNotSignalled) {
  terraform::DriverOptions options;
  options.apply_overdue = 300ms;
  Rig rig(1, counted_stack(slow("1")), std::move(options));

  const auto report = rig.host.scale(2);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(rig.host.log.contains("apply is overdue"));
  EXPECT_EQ(rig.stack.ids().size(), 2U);
}

TEST_F(FailureContract, Law13LetItFinishStopLeavesARunningApplyAlone) {
  Rig rig(1, counted_stack(slow("1")));
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.to = 2;
  auto stop = [&](const ports::OperationProgress& progress) {
    if (progress.phase == "Applying") rig.host.driver.stop();
  };

  const auto report = test::run(rig.host.io, rig.host.driver.scale(rig.host.permit, std::move(order), stop));

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->count_after, 2);
}

TEST_F(FailureContract, InterruptEndsARunningApplyAndTheStateSaysWhatIs) {
  Rig rig(1, counted_stack(slow("20")));
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.to = 2;
  auto interrupt = [&](const ports::OperationProgress& progress) {
    if (progress.phase == "Applying" && !progress.progress.empty()) rig.host.driver.interrupt();
  };

  const auto report = test::run(rig.host.io, rig.host.driver.scale(rig.host.permit, std::move(order), interrupt));

  ASSERT_FALSE(report);
  EXPECT_EQ(rig.host.journal.writes.back().phase, ports::Phase::failed);
  ASSERT_TRUE(rig.host.journal.writes.back().count_after);
  EXPECT_EQ(static_cast<std::size_t>(*rig.host.journal.writes.back().count_after), rig.stack.ids().size());
}

boost::asio::awaitable<void> scale_into(test::Host& host, int to, std::optional<Result<ports::ScaleReport>>& out) {
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.to = to;
  out = co_await host.driver.scale(host.permit, std::move(order), nullptr);
}

boost::asio::awaitable<void> both(test::Host& host, std::optional<Result<ports::ScaleReport>>& first,
                                  std::optional<Result<ports::ScaleReport>>& second) {
  using boost::asio::experimental::awaitable_operators::operator&&;
  auto one = scale_into(host, 2, first);
  auto two = scale_into(host, 3, second);
  co_await (std::move(one) && std::move(two));
}

TEST_F(FailureContract, Law4OneHandPerStackASecondChangeInTheProcessIsRefused) {
  Rig rig(1);
  std::optional<Result<ports::ScaleReport>> first;
  std::optional<Result<ports::ScaleReport>> second;

  test::run(rig.host.io, both(rig.host, first, second));

  const int done = (first->has_value() ? 1 : 0) + (second->has_value() ? 1 : 0);
  EXPECT_EQ(done, 1);
  const auto& refused = first->has_value() ? *second : *first;
  EXPECT_EQ(refused.error().reason(), reason::kStackBusy);
}

TEST_F(FailureContract, Law4OneHandPerStackAnotherProgramIsRefused) {
  Rig rig(1);
  test::Host other(rig.home / "data2", rig.home / "stacks");
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.to = 2;
  std::optional<Error> refused;
  auto meanwhile = [&](const ports::OperationProgress& progress) {
    if (progress.phase != "Planning") return;
    auto second = other.scale(3);
    if (!second) refused = second.error();
  };

  const auto report = test::run(rig.host.io, rig.host.driver.scale(rig.host.permit, std::move(order), meanwhile));

  ASSERT_TRUE(report) << report.error().message();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason(), reason::kStackBusy);
}

TEST_F(FailureContract, AHeldStateLockIsSaidWithItsHolder) {
  Rig rig(1, counted_stack(slow("5")));
  std::thread hand([&] { rig.stack.apply(2); });
  std::this_thread::sleep_for(1500ms);

  const auto report = rig.host.scale(3);
  hand.join();

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kStateLocked);
  EXPECT_NE(report.error().message().find("held by "), std::string::npos);
  EXPECT_NE(report.error().message().find("OperationTypeApply"), std::string::npos);
}

TEST_F(FailureContract, ABrokenConfigurationIsSaidWithFileAndLine) {
  Rig rig(1);
  rig.stack.write("main.tf", counted_stack() + "nonsense \"x\" {}\n");

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  EXPECT_TRUE(report.error().reason() == reason::kConfigInvalid);
  EXPECT_NE(report.error().message().find("Unsupported block type"), std::string::npos) << report.error().message();
  EXPECT_NE(report.error().message().find("main.tf"), std::string::npos);
}

TEST_F(FailureContract, Law8SecretsStayInsideErrorsLogJournalAndStreams) {
  const std::string secret = "hunter2-do-not-print";
  Rig rig(1, counted_stack("  input = var.token\n  provisioner \"local-exec\" {\n    command = \"echo "
                           "${var.token}; exit ${count.index}\"\n  }\n",
                           "variable \"token\" {\n  type      = string\n  sensitive = true\n  default   = \"" + secret +
                               "\"\n}\noutput \"token\" {\n  value     = var.token\n  sensitive = true\n}\n"));

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  std::string said = report.error().message();
  for (const std::string& line : rig.host.log.lines()) said += line;
  for (const auto& record : rig.host.journal.writes) said += record.plan_summary + record.outcome + record.message;
  for (const std::string& line : rig.host.progress) said += line;
  // Terraform itself repeats what a provisioner printed in its stream: that file is the owner's alone.
  const fs::path operations = rig.home / "data" / "operations";
  EXPECT_EQ(fs::status(fs::directory_iterator(operations)->path()).permissions(), fs::perms::owner_all);
  for (const auto& entry : fs::recursive_directory_iterator(rig.home.path())) {
    if (entry.is_regular_file() && entry.path().filename() != "apply.jsonl")
      said += read_file(entry.path(), 1U << 24U).value_or("");
  }
  EXPECT_FALSE(said.empty());
  EXPECT_EQ(said.find(secret), std::string::npos);
}

TEST_F(FailureContract, ATerraformNewerThanTestedPlansOnly) {
  const std::string binary =
      stand_in(tools_.path(), "[ \"$1\" = version ] && echo '{\"terraform_version\": \"1.99.0\"}' && exit 0");
  Rig rig(1, counted_stack(), with_binary(binary));

  const auto report = rig.host.scale(2);
  const auto plan = test::run(rig.host.io, rig.host.driver.plan(test::Host::ref("web"), 2));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kTerraformVersion);
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->summary, "create terraform_data.app[1]");
}

TEST_F(FailureContract, APlanThatHangsIsInterruptedAndThenKilled) {
  terraform::DriverOptions options =
      with_binary(stand_in(tools_.path(), "[ \"$1\" = plan ] && trap '' INT && exec sleep 30"));
  options.plan_deadline = 300ms;
  options.kill_after = 300ms;
  Rig rig(1, counted_stack(), std::move(options));
  const auto before = rig.stack.tree();

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind(), ErrorKind::timeout);
  EXPECT_EQ(report.error().reason(), reason::kPlanFailed);
  EXPECT_EQ(rig.host.journal.phases(), "intended abandoned");
  EXPECT_EQ(rig.stack.tree(), before);
}

TEST_F(FailureContract, StopInterruptsAPlan) {
  terraform::DriverOptions options = with_binary(stand_in(tools_.path(), "[ \"$1\" = plan ] && exec sleep 30"));
  Rig rig(1, counted_stack(), std::move(options));
  boost::asio::steady_timer timer(rig.host.io, 1500ms);
  timer.async_wait([&](const boost::system::error_code&) { rig.host.driver.stop(); });

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind(), ErrorKind::cancelled);
  EXPECT_EQ(report.error().reason(), reason::kStopping);
}

TEST_F(FailureContract, WhereTheStateCantBeReadAfterTheApplyTerraformsOwnWordCounts) {
  const std::string flag = (tools_ / "applied").string();
  // A local file would be read as it is: it goes away too.
  terraform::DriverOptions options =
      with_binary(stand_in(tools_.path(), "if [ \"$1\" = apply ]; then touch " + flag +
                                              "; terraform \"$@\"; code=$?; mv terraform.tfstate away; exit $code; fi\n"
                                              "[ \"$1\" = state ] && [ -e " +
                                              flag + " ] && echo 'Error: backend is away' >&2 && exit 1"));
  Rig rig(1, counted_stack(), std::move(options));

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kStateUnreadable);
  EXPECT_NE(report.error().message().find("says 2"), std::string::npos) << report.error().message();
  EXPECT_NE(report.error().message().find("backend is away"), std::string::npos) << report.error().message();
  EXPECT_EQ(rig.stack.read("stackscaler.auto.tfvars.json"), "{\n  \"instance_count\": 2\n}\n")
      << "terraform has ended well";
}

TEST_F(FailureContract, AnUnreadableStateAfterAFailedApplyPutsTheOldCountBackAndSaysSo) {
  const std::string flag = (tools_ / "applied").string();
  terraform::DriverOptions options = with_binary(
      stand_in(tools_.path(), "[ \"$1\" = apply ] && touch " + flag + " && exit 1\n[ \"$1\" = state ] && [ -e " + flag +
                                  " ] && echo 'Error: backend is away' >&2 && exit 1"));
  Rig rig(1, counted_stack(), std::move(options));

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kStateUnreadable);
  EXPECT_NE(report.error().message().find("says 1"), std::string::npos) << report.error().message();
  EXPECT_EQ(rig.stack.read("stackscaler.auto.tfvars.json"), "{\n  \"instance_count\": 1\n}\n");
}

TEST_F(FailureContract, AnApplyThatCantBeStartedIsAbandonedWithItsCause) {
  const std::string program =
      stand_in(tools_.path(), "if [ \"$1\" = plan ]; then terraform \"$@\"; code=$?; rm -- \"$0\"; exit $code; fi");
  Rig rig(1, counted_stack(), with_binary(program));

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kApplyFailed);
  EXPECT_NE(report.error().message().find("terraform apply was not started: "), std::string::npos)
      << report.error().message();
  EXPECT_EQ(rig.host.journal.phases(), "intended planned abandoned");
  EXPECT_EQ(rig.stack.read("stackscaler.auto.tfvars.json"), "{\n  \"instance_count\": 1\n}\n");
}

TEST_F(FailureContract, TheChildSeesOnlyTheAllowedEnvironment) {
  const std::string seen = (tools_ / "seen").string();
  ::setenv("TF_VAR_instance_count", "9", 1);
  ::setenv("TF_CLI_ARGS_plan", "-destroy", 1);
  ::setenv("GEMINI_API_KEY", "secret", 1);
  ::setenv("AWS_PROFILE", "prod", 1);
  Rig rig(1, counted_stack(), with_binary(stand_in(tools_.path(), "[ \"$1\" = apply ] && env > " + seen)));

  const auto report = rig.host.scale(2);
  for (const char* name : {"TF_VAR_instance_count", "TF_CLI_ARGS_plan", "GEMINI_API_KEY", "AWS_PROFILE"}) {
    ::unsetenv(name);
  }

  ASSERT_TRUE(report) << report.error().message();
  const std::string environment = read_file(seen, 1U << 20U).value();
  EXPECT_EQ(environment.find("TF_VAR_"), std::string::npos);
  EXPECT_EQ(environment.find("TF_CLI_ARGS"), std::string::npos);
  EXPECT_EQ(environment.find("GEMINI"), std::string::npos);
  EXPECT_NE(environment.find("AWS_PROFILE=prod"), std::string::npos);
  EXPECT_NE(environment.find("STACKSCALER_OPERATION_ID=" + report->operation_id), std::string::npos);
}

}  // namespace
}  // namespace stackscaler
