// SPDX-License-Identifier: Apache-2.0
//
// How Terraform is called: environment, deadlines, bounds, its own turn at init, and OpenTofu by its recorded shapes.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "rig.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::counted_stack;
using test::Host;
using test::Rig;
using namespace std::chrono_literals;

class CallsContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }
  // A program that does `script` for its cases and is terraform otherwise.
  std::string stand_in(const std::string& script, const std::string& name = "terraform") {
    const fs::path file = tools_ / name;
    (void)write_file_atomic(file, "#!/bin/sh\n" + script + "\nexec terraform \"$@\"\n", 0755);
    return file.string();
  }
  terraform::DriverOptions with(const std::string& binary) {
    terraform::DriverOptions options;
    options.binary = binary;
    options.version_deadline = 2s;
    options.init_deadline = 2s;
    options.pull_deadline = 2s;
    options.plan_deadline = 2s;
    options.kill_after = 500ms;
    return options;
  }
  static Result<ports::ScaleReport> scale(Host& host, policy::StackRef stack, int to) {
    ports::ScaleOrder order;
    order.stack = std::move(stack);
    order.to = to;
    order.requested_by = "test";
    return test::run(host.io, host.driver.scale(host.permit, std::move(order), nullptr));
  }
  // A stack adopted with the real terraform, then handed to a driver with `options`.
  std::unique_ptr<Host> again(const Rig& rig, terraform::DriverOptions options) {
    return std::make_unique<Host>(rig.home / "data", rig.home / "stacks", std::move(options));
  }
  test::TempDir tools_;
};

TEST_F(CallsContract, EachStepHasADeadline) {
  Rig rig(1);
  struct Step {
    const char* call;
    std::string_view reason;
    bool init = false;
  };
  for (const Step& step : {Step{"version", reason::kTerraformVersion}, Step{"state", reason::kStateUnreadable},
                           Step{"plan", reason::kPlanFailed}, Step{"init", reason::kInitFailed, true}}) {
    if (step.init) rig.stack.write("more.tf", "locals {\n  x = 1\n}\n");
    const std::string hanging =
        stand_in(std::string("if [ \"$1\" = ") + step.call + " ]; then trap '' INT; while :; do sleep 1; done; fi");
    auto host = again(rig, with(hanging));

    const auto report = host->scale(2);

    ASSERT_FALSE(report) << step.call;
    EXPECT_EQ(report.error().reason(), step.reason) << step.call << ": " << report.error().message();
    EXPECT_NE(report.error().message().find("2s"), std::string::npos) << report.error().message();
  }
  EXPECT_EQ(rig.stack.ids().size(), 1U);
}

TEST_F(CallsContract, ACallThatPrintsWithoutEndIsEnded) {
  Rig rig(1);
  terraform::DriverOptions options = with(stand_in("if [ \"$1\" = plan ]; then exec yes '{\"type\":\"log\"}'; fi"));
  options.plan_deadline = 60s;
  auto host = again(rig, options);

  const auto report = host->scale(2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kPlanFailed);
  EXPECT_NE(report.error().message().find("printed more"), std::string::npos) << report.error().message();
}

TEST_F(CallsContract, ThePolicysEnvironmentReachesTerraformFreshEachTime) {
  const std::string body =
      "  provisioner \"local-exec\" {\n    command = \"echo $AWS_PROFILE-$AWS_SECRET_ACCESS_KEY >> seen.txt\"\n  }\n";
  Rig rig(1, counted_stack(body));
  policy::StackRef stack = Host::ref("web");
  const fs::path key = rig.home / "key";
  ASSERT_TRUE(write_file_atomic(key, "first\n", 0600));
  stack.env = {{"AWS_PROFILE", "prod", ""}, {"AWS_SECRET_ACCESS_KEY", "", key.string()}};

  ASSERT_TRUE(scale(rig.host, stack, 2));
  ASSERT_TRUE(write_file_atomic(key, "second\n", 0600));
  ASSERT_TRUE(scale(rig.host, stack, 3));

  const std::string seen = rig.stack.read("seen.txt");
  EXPECT_NE(seen.find("prod-first\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("prod-second\n"), std::string::npos) << seen;
}

TEST_F(CallsContract, AVariableThatIsNotAllowedStopsEverythingBeforeItRuns) {
  Rig rig(1);
  auto host = again(rig, with(stand_in("echo called >> '" + (rig.home / "calls").string() + "'")));
  policy::StackRef stack = Host::ref("web");
  stack.env = {{"LD_PRELOAD", "/tmp/x.so", ""}};

  const auto report = scale(*host, stack, 2);
  const auto view = test::run(host->io, host->driver.observe(stack));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kEnvNotAllowed);
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().reason(), reason::kEnvNotAllowed);
  EXPECT_FALSE(fs::exists(rig.home / "calls"));
}

TEST_F(CallsContract, Law8SecretsStayInsideErrorsJournalAndFiles) {
  const std::string secret = "s3cr3t/value+of-the-key";
  // Fails at the apply with the secret in the error's summary and on standard error.
  const std::string script =
      "case \"$1\" in apply) echo \"warning: $AWS_SECRET_ACCESS_KEY\" >&2; printf "
      "'{\"type\":\"diagnostic\",\"@level\":\"error\",\"diagnostic\":{\"severity\":\"error\",\"summary\":\"bad key "
      "%s\",\"detail\":\"%s\"}}\\n' \"$AWS_SECRET_ACCESS_KEY\" \"$AWS_SECRET_ACCESS_KEY\"; exit 1;; esac";
  Rig rig(1);
  auto host = again(rig, with(stand_in(script)));
  policy::StackRef stack = Host::ref("web");
  stack.env = {{"AWS_SECRET_ACCESS_KEY", secret, ""}};

  const auto report = scale(*host, stack, 2);

  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message().find("bad key (redacted)"), std::string::npos) << report.error().message();
  EXPECT_EQ(report.error().message().find(secret), std::string::npos);
  for (const auto& record : host->journal.writes) {
    EXPECT_EQ((record.outcome + record.message + record.plan_summary).find(secret), std::string::npos);
  }
  const fs::path folder = rig.home / "data" / "operations" / host->journal.writes.back().id;
  EXPECT_FALSE(fs::exists(folder / "environment.json")) << "it goes when the operation is over";
}

TEST_F(CallsContract, InitsOfTwoProcessesTakeTurnsAndTheCacheIsPrivate) {
  Rig rig(1);
  const fs::path trace = rig.home / "trace";
  const std::string script = "if [ \"$1\" = init ]; then echo \"begin $TF_PLUGIN_CACHE_DIR\" >> '" + trace.string() +
                             "'; sleep 1; echo end >> '" + trace.string() + "'; fi";
  terraform::DriverOptions options = with(stand_in(script));
  options.init_deadline = 30s;
  options.plugin_cache = rig.home / "cache";
  test::TerraformStack other(1);
  rig.stack.write("more.tf", "locals {\n  x = 1\n}\n");
  const pid_t child = ::fork();
  if (child == 0) {
    Host host(rig.home / "data2", rig.home / "stacks2", options);
    terraform::AdoptRequest request;
    request.folder = other.folder();
    request.id = "other";
    ::_exit(host.adopt(std::move(request)) ? 0 : 1);
  }
  auto host = again(rig, options);

  const auto report = host->scale(2);
  int status = 0;
  ::waitpid(child, &status, 0);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const std::string one = "begin " + (rig.home / "cache").string() + "\nend\n";
  EXPECT_EQ(read_file(trace, 4096).value(), one + one);
  EXPECT_EQ(fs::status(rig.home / "cache").permissions() & fs::perms::all, fs::perms::owner_all);
}

TEST_F(CallsContract, TwoProcessesCannotChangeOneStackAtOnce) {
  Rig rig(1,
          counted_stack("  provisioner \"local-exec\" {\n    command = \"sleep ${count.index == 0 ? 0 : 3}\"\n  }\n"));
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Host host(rig.home / "data2", rig.home / "stacks");
    ports::ScaleOrder order;
    order.stack = Host::ref("web");
    order.to = 2;
    const auto report = test::run(host.io, host.driver.scale(host.permit, std::move(order), [&](const auto& progress) {
      if (progress.phase == "Applying" && progress.progress.empty()) (void)!::write(ready[1], "x", 1);
    }));
    ::_exit(report ? 0 : 1);
  }
  char go = 0;
  ASSERT_EQ(::read(ready[0], &go, 1), 1);

  const auto refused = rig.host.scale(3);
  int status = 0;
  ::waitpid(child, &status, 0);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), reason::kStackBusy) << refused.error().message();
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the first one is not disturbed";
  EXPECT_EQ(rig.stack.ids().size(), 2U);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(CallsContract, OpenTofuByItsRecordedShapesPlansAndNeedsAWordToApply) {
  Rig rig(1);
  // What tofu says differs in the version line only; all else is the same stream.
  const std::string tofu = stand_in(
      "case \"$1\" in plan|apply) terraform \"$@\" | sed -e 's/\"terraform\":\"1.11.4\"/\"tofu\":\"1.9.0\"/' -e "
      "'s/\"Terraform 1.11.4\"/\"OpenTofu 1.9.0\"/' > \"$0.out\"; cat \"$0.out\"; grep -q '\"@level\":\"error\"' "
      "\"$0.out\" && exit 1; [ \"$1\" = plan ] && exit 2; exit 0;; esac",
      "tofu");
  terraform::DriverOptions options = with(tofu);
  options.plan_deadline = 60s;
  auto host = again(rig, options);

  const auto looked = test::run(host->io, host->driver.plan(Host::ref("web"), 2));
  const auto refused = host->scale(2);
  options.allow_terraform_version = true;
  auto allowed = again(rig, options);
  const auto applied = allowed->scale(2);

  ASSERT_TRUE(looked) << looked.error().message();
  EXPECT_EQ(looked->summary, "create terraform_data.app[1]");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), reason::kTerraformVersion) << refused.error().message();
  ASSERT_TRUE(applied) << applied.error().message();
  EXPECT_EQ(applied->count_after, 2);
}

TEST_F(CallsContract, AWrongConfigurationWaitsForItsChange) {
  Rig rig(1);
  rig.stack.write("bad.tf", "resource \"terraform_data\" \"b\" {\n  nonsense = 1\n}\nlocals {\n  y = var.missing\n}\n");

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kConfigInvalid) << report.error().message();
  EXPECT_EQ(report.error().kind(), ErrorKind::invalid_input);
  EXPECT_NE(report.error().message().find("bad.tf:"), std::string::npos) << report.error().message();
  EXPECT_NE(report.error().message().find("and 1 more error"), std::string::npos) << report.error().message();
}

}  // namespace
}  // namespace stackscaler
