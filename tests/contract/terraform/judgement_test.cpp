// SPDX-License-Identifier: Apache-2.0
//
// What the guard has to be told, with a real terraform: whose a taint is, and what an allowed update changes.
#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "async/task_group.hpp"
#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "rig.hpp"

namespace stackscaler {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::counted_stack;
using test::Rig;
using Words = std::vector<std::string>;

// Creations take long while there is a file `slow`, and say so by a file `begun`; they fail while there is a file
// `fail`; index 0 is always quick.
constexpr const char* kByFiles =
    "  provisioner \"local-exec\" {\n    command = \"test ${count.index} -eq 0 || { test ! -e fail && { test ! -e slow "
    "|| { touch begun; exec sleep 60; }; }; }\"\n  }\n";

// Interrupts once the creation has begun: before that there is nothing that could be left half-made.
asio::awaitable<void> interrupt_when_begun(Rig& rig) {
  asio::steady_timer pause(rig.host.io);
  while (!fs::exists(rig.stack.folder() / "begun")) {
    pause.expires_after(std::chrono::milliseconds(20));
    co_await pause.async_wait(asio::use_awaitable);
  }
  rig.host.driver.interrupt();
}

class HealingContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }
  static void interrupt_at(Rig& rig, int to) {
    rig.stack.write("slow", "");
    ports::ScaleOrder order;
    order.stack = test::Host::ref("web");
    order.to = to;
    TaskGroup beside(rig.host.io.get_executor(), rig.host.log);
    beside.spawn("interrupt", interrupt_when_begun(rig));
    const auto report = test::run(rig.host.io, rig.host.driver.scale(rig.host.permit, std::move(order), nullptr));
    beside.request_stop();
    test::run(rig.host.io, beside.join());
    ASSERT_FALSE(report);
    fs::remove(rig.stack.folder() / "slow");
  }
};

TEST_F(HealingContract, WhatAnInterruptedApplyOfOursLeftIsHealedAndSaidByName) {
  Rig rig(1, counted_stack(kByFiles));
  interrupt_at(rig, 2);
  ASSERT_EQ(rig.host.journal.writes.back().half_made, std::vector<int>{1});
  const auto before = rig.stack.ids();

  const auto up = rig.host.scale(3);

  ASSERT_TRUE(up) << up.error().message();
  EXPECT_EQ(up->healed, Words{"terraform_data.app[1]"});
  EXPECT_EQ(up->summary, "create terraform_data.app[2]; replace terraform_data.app[1]; Healed: terraform_data.app[1]");
  EXPECT_TRUE(rig.host.log.contains("Healed"));
  const auto& record = rig.host.journal.writes.back();
  EXPECT_EQ(record.outcome_reason, reason::kHealed);
  EXPECT_NE(record.outcome.find("Healed: terraform_data.app[1]"), std::string::npos) << record.outcome;
  EXPECT_TRUE(record.half_made.empty());
  const auto after = rig.stack.ids();
  EXPECT_EQ(after.size(), 3U);
  EXPECT_EQ(after.at(0), before.at(0));
  EXPECT_NE(after.at(1), before.at(1));
}

TEST_F(HealingContract, ALookSaysWhatAScaleWouldHeal) {
  Rig rig(1, counted_stack(kByFiles));
  interrupt_at(rig, 2);

  const auto plan = test::run(rig.host.io, rig.host.driver.plan(test::Host::ref("web"), 2));

  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_TRUE(plan->refused.empty()) << plan->refused[0];
  EXPECT_EQ(plan->summary, "replace terraform_data.app[1]");
}

TEST_F(HealingContract, WhatIsStillHalfMadeIsOursAfterASecondFailure) {
  Rig rig(1, counted_stack(kByFiles));
  rig.stack.write("fail", "");
  ASSERT_FALSE(rig.host.scale(2));
  ASSERT_FALSE(rig.host.scale(2)) << "the replacement fails as well";
  ASSERT_EQ(rig.host.journal.writes.back().half_made, std::vector<int>{1});
  fs::remove(rig.stack.folder() / "fail");

  const auto up = rig.host.scale(2);

  ASSERT_TRUE(up) << up.error().message();
  EXPECT_EQ(up->healed, Words{"terraform_data.app[1]"});
}

TEST_F(HealingContract, ATaintSetByHandAfterASuccessIsNotOurs) {
  Rig rig(1, counted_stack(kByFiles));
  ASSERT_TRUE(rig.host.scale(2));
  rig.stack.terraform("taint 'terraform_data.app[1]'");
  const auto before = rig.stack.ids();

  const auto up = rig.host.scale(3);

  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().reason(), reason::kUnhealthyStack);
  EXPECT_NE(up.error().message().find("replace terraform_data.app[1] (tainted"), std::string::npos);
  EXPECT_EQ(rig.stack.ids(), before);
}

TEST_F(HealingContract, Law5ACrashKeepsWhatTheOperationWasCreating) {
  Rig rig(1, counted_stack(kByFiles));
  rig.stack.write("fail", "");
  ASSERT_FALSE(rig.host.scale(2));
  // The same operation as a crash leaves it: its end was never written.
  ports::OperationRecord open;
  for (const auto& record : rig.host.journal.writes) {
    if (record.phase == ports::Phase::applying) open = record;
  }
  ASSERT_EQ(open.half_made, std::vector<int>{1});
  ASSERT_TRUE(test::run(rig.host.io, rig.host.journal.put_operation(open)));
  fs::remove(rig.stack.folder() / "fail");

  const auto recovered = test::run(rig.host.io, rig.host.driver.recover(rig.host.recovery, open, nullptr));
  const auto up = rig.host.scale(2);

  ASSERT_TRUE(recovered) << recovered.error().message();
  EXPECT_EQ(recovered->half_made, std::vector<int>{1});
  ASSERT_TRUE(up) << up.error().message();
  EXPECT_EQ(up->healed, Words{"terraform_data.app[1]"});
}

TEST_F(HealingContract, AJournalThatCantBeReadStopsBeforeThePlan) {
  Rig rig(1);
  rig.host.journal.fail_reads = true;

  const auto up = rig.host.scale(2);

  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().reason(), reason::kJournalUnavailable);
  EXPECT_EQ(rig.stack.ids().size(), 1U);
}

// --- allowUpdates

class AllowUpdatesContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }
  static std::string with_list() {
    return counted_stack("  input = \"app-${count.index}\"\n",
                         "resource \"terraform_data\" \"list\" {\n  input = terraform_data.app[*].id\n}\n");
  }
  // Terraform, which notes each call of `show` in a file.
  [[nodiscard]] terraform::DriverOptions noting() const {
    const fs::path file = tools_.path() / "terraform";
    (void)write_file_atomic(
        file,
        "#!/bin/sh\n[ \"$1\" = show ] && echo \"$@\" >> " + (tools_ / "shows").string() + "\nexec terraform \"$@\"\n",
        0755);
    terraform::DriverOptions options;
    options.binary = file.string();
    return options;
  }
  [[nodiscard]] bool shown() const { return fs::exists(tools_ / "shows"); }
  static policy::StackRef allowing(Words attributes) {
    policy::StackRef ref = test::Host::ref("web");
    ref.allow_updates = {{"terraform_data.list", std::move(attributes)}};
    return ref;
  }
  static Result<ports::ScaleReport> scale(Rig& rig, policy::StackRef ref, int to) {
    ports::ScaleOrder order;
    order.stack = std::move(ref);
    order.to = to;
    return test::run(rig.host.io, rig.host.driver.scale(rig.host.permit, std::move(order), nullptr));
  }
  test::TempDir tools_;
};

TEST_F(AllowUpdatesContract, AnAllowedUpdateIsLookedAtAndPassesBothWays) {
  Rig rig(1, with_list(), noting());
  const policy::StackRef ref = allowing({"input", "output"});

  const auto plan = test::run(rig.host.io, rig.host.driver.plan(ref, 3));
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_TRUE(plan->refused.empty()) << plan->refused[0];
  EXPECT_TRUE(shown());

  const auto up = scale(rig, ref, 3);
  ASSERT_TRUE(up) << up.error().message();
  EXPECT_EQ(rig.stack.ids().size(), 3U);

  const auto down = scale(rig, ref, 2);
  ASSERT_TRUE(down) << down.error().message();
  EXPECT_EQ(rig.stack.ids().size(), 2U);
}

TEST_F(AllowUpdatesContract, AnotherAttributeIsRefusedByName) {
  Rig rig(1, with_list(), noting());

  const auto up = scale(rig, allowing({"output"}), 2);

  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().reason(), reason::kPlanRefused);
  EXPECT_NE(up.error().message().find("update terraform_data.list (changes input; allowed is output)"),
            std::string::npos)
      << up.error().message();
  EXPECT_EQ(rig.stack.ids().size(), 1U);
}

TEST_F(AllowUpdatesContract, NothingIsShownWithoutAnAllowedUpdateInThePlan) {
  Rig plain(1, counted_stack(), noting());
  ASSERT_TRUE(scale(plain, allowing({"input", "output"}), 2)) << "allowed, and not in the plan";
  EXPECT_FALSE(shown());

  Rig rig(1, with_list(), noting());
  const auto not_allowed = scale(rig, test::Host::ref("web"), 2);
  ASSERT_FALSE(not_allowed);
  EXPECT_NE(not_allowed.error().message().find("update terraform_data.list"), std::string::npos);
  EXPECT_FALSE(shown()) << "in the plan, and not allowed";
}

TEST_F(AllowUpdatesContract, NothingIsShownWhenSomethingElseIsRefusedAnyway) {
  Rig rig(1, with_list(), noting());
  rig.stack.write("more.tf", "resource \"terraform_data\" \"foreign\" {}\n");

  const auto up = scale(rig, allowing({"input", "output"}), 2);

  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().reason(), reason::kPlanRefused);
  EXPECT_FALSE(shown());
}

TEST_F(AllowUpdatesContract, Law8SecretsStayInsideWhatShowSaysIsNeverWritten) {
  const std::string secret = "hunter2-do-not-print";
  Rig rig(1,
          counted_stack("  input = \"app-${count.index}\"\n",
                        "variable \"token\" {\n  default   = \"" + secret +
                            "\"\n  sensitive = true\n}\nresource \"terraform_data\" \"list\" {\n  input = "
                            "\"${var.token}-${var.instance_count}\"\n}\n"),
          noting());

  const auto plan = test::run(rig.host.io, rig.host.driver.plan(allowing({"input", "output"}), 2));
  const auto up = scale(rig, allowing({"input", "output"}), 2);

  ASSERT_TRUE(plan) << plan.error().message();
  ASSERT_TRUE(up) << up.error().message();
  EXPECT_TRUE(shown());
  std::string said;
  for (const std::string& line : rig.host.log.lines()) said += line;
  for (const auto& entry : fs::recursive_directory_iterator(rig.home.path())) {
    EXPECT_NE(entry.path().extension(), ".tfplan") << entry.path();
    if (entry.is_regular_file()) said += read_file(entry.path(), 1U << 24U).value_or("");
  }
  EXPECT_FALSE(said.empty());
  EXPECT_EQ(said.find(secret), std::string::npos);
}

}  // namespace
}  // namespace stackscaler
