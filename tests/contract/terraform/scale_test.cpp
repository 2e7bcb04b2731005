// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/reasons.hpp"
#include "rig.hpp"
#include "terraform/process.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::counted_stack;
using test::Rig;

class ScaleContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }
};

TEST_F(ScaleContract, UpCreatesTheMissingInstancesAndKeepsTheOthers) {
  Rig rig(1);
  const auto before = rig.stack.ids();

  const auto report = rig.host.scale(3);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->from, 1);
  EXPECT_EQ(report->count_after, 3);
  EXPECT_TRUE(report->changed);
  EXPECT_EQ(report->summary, "create terraform_data.app[1], terraform_data.app[2]");
  const auto after = rig.stack.ids();
  EXPECT_EQ(after.size(), 3U);
  EXPECT_EQ(after.at(0), before.at(0));
}

TEST_F(ScaleContract, DownRemovesTheHighestIndexAndKeepsTheOldest) {
  Rig rig(3);
  const auto before = rig.stack.ids();

  const auto report = rig.host.scale(2);

  ASSERT_TRUE(report) << report.error().message();
  const auto after = rig.stack.ids();
  EXPECT_EQ(after, (std::map<int, std::string>{{0, before.at(0)}, {1, before.at(1)}}));
}

TEST_F(ScaleContract, Law5WrittenBeforeDoneTheJournalSeesEveryStepInOrder) {
  Rig rig(1);

  const auto report = rig.host.scale(2);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(rig.host.journal.phases(), "intended planned applying succeeded");
  const auto& writes = rig.host.journal.writes;
  EXPECT_EQ(writes[0].from, 1);
  EXPECT_EQ(writes[0].to, 2);
  EXPECT_EQ(writes[0].pid, 0);
  EXPECT_EQ(writes[1].plan_digest.size(), 64U);
  EXPECT_GT(writes[2].pid, 0);
  EXPECT_GT(writes[2].pid_start, 0U);
  EXPECT_EQ(writes[2].boot_id, terraform::boot_id());
  EXPECT_EQ(writes[3].count_after, 2);
}

TEST_F(ScaleContract, Law5WithoutAJournalNothingIsApplied) {
  Rig rig(1);
  const auto before = rig.stack.tree();
  rig.host.journal.fail_next(1);

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kJournalUnavailable);
  EXPECT_EQ(rig.stack.tree(), before);
}

TEST_F(ScaleContract, WritesTheCountForPeopleAndTheMetadata) {
  Rig rig(1);
  rig.stack.write("stackscaler.auto.tfvars.json", "{\n  \"region\": \"eu\"\n}\n");

  const auto report = rig.host.scale(2);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(rig.stack.read("stackscaler.auto.tfvars.json"), "{\n  \"region\": \"eu\",\n  \"instance_count\": 2\n}\n");
  const auto metadata = rig.metadata();
  EXPECT_EQ(metadata.instance_count, 2);
  EXPECT_EQ(metadata.last_scale_reason, "cpu is high");
  EXPECT_TRUE(parse_rfc3339(metadata.last_scaled_at));
  EXPECT_NE(rig.stack.terraform("plan -no-color -input=false").find("No changes"), std::string::npos);
}

TEST_F(ScaleContract, TellsProgress) {
  Rig rig(1);

  const auto report = rig.host.scale(3);

  ASSERT_TRUE(report) << report.error().message();
  const auto& told = rig.host.progress;
  ASSERT_GE(told.size(), 4U);
  EXPECT_EQ(told.front(), "Planning");
  EXPECT_EQ(told[1], "Applying");
  EXPECT_EQ(told[told.size() - 2], "Applying: 2 of 2 created");
  EXPECT_EQ(told.back(), "Verifying");
}

TEST_F(ScaleContract, LeavesNoPlanFileAndNoVariableFileBehind) {
  Rig rig(1);

  const auto report = rig.host.scale(2);

  ASSERT_TRUE(report) << report.error().message();
  const fs::path folder = rig.home / "data" / "operations" / report->operation_id;
  EXPECT_TRUE(fs::exists(folder / "apply.jsonl"));
  EXPECT_EQ(fs::status(folder / "apply.jsonl").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all);
  EXPECT_FALSE(fs::exists(folder / "plan.tfplan"));
  EXPECT_FALSE(fs::exists(folder / "count.tfvars.json"));
}

TEST_F(ScaleContract, NothingToDoChangesNothingButPutsTheUsersFileRight) {
  Rig rig(2);
  rig.stack.write("stackscaler.auto.tfvars.json", "{\"instance_count\": 7}\n");

  const auto report = rig.host.scale(2);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_FALSE(report->changed);
  EXPECT_EQ(report->count_after, 2);
  EXPECT_EQ(rig.host.journal.phases(), "intended abandoned");
  EXPECT_EQ(rig.stack.read("stackscaler.auto.tfvars.json"), "{\n  \"instance_count\": 2\n}\n");
}

TEST_F(ScaleContract, Law1OnlyWhatWasDecidedAForeignChangeIsRefusedByName) {
  Rig rig(1);
  rig.stack.write("main.tf", counted_stack("  input = \"other-${count.index}\"\n"));
  const auto before = rig.stack.tree();

  const auto report = rig.host.scale(3);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kPlanRefused);
  EXPECT_NE(report.error().message().find("update terraform_data.app[0]"), std::string::npos)
      << report.error().message();
  EXPECT_NE(report.error().message().find("stackscaler reconcile --dry-run --plan"), std::string::npos);
  EXPECT_EQ(rig.host.journal.phases(), "intended abandoned");
  EXPECT_EQ(rig.stack.tree(), before) << "law 7: the user's bytes are the user's";
}

TEST_F(ScaleContract, Law7ARefusedCountNeverReachesTheUsersFile) {
  Rig rig(1);
  ASSERT_TRUE(rig.host.scale(2));
  rig.stack.write("main.tf", counted_stack("  input = \"other-${count.index}\"\n"));

  const auto report = rig.host.scale(3);

  ASSERT_FALSE(report);
  EXPECT_EQ(rig.stack.read("stackscaler.auto.tfvars.json"), "{\n  \"instance_count\": 2\n}\n");
}

TEST_F(ScaleContract, AVariableWithoutEffectIsRefused) {
  Rig rig(2,
          "variable \"instance_count\" {\n  type = number\n}\nresource \"terraform_data\" \"app\" {\n  count = 2\n}\n");

  const auto report = rig.host.scale(4);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kPlanRefused);
  EXPECT_NE(report.error().message().find("does the variable set its count?"), std::string::npos);
}

TEST_F(ScaleContract, AClosedGateKeepsEverythingAsItIs) {
  Rig rig(1);
  const auto before = rig.stack.tree();
  rig.host.gate.close_for_stop();

  const auto report = rig.host.scale(2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kStopping);
  EXPECT_EQ(rig.stack.tree(), before);
  EXPECT_TRUE(rig.host.journal.writes.empty());
}

TEST_F(ScaleContract, Law6RealityWinsADecisionMadeForAnotherCountIsNotCarriedOut) {
  Rig rig(2);
  const auto before = rig.stack.tree();
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.from = 3;
  order.to = 1;

  const auto report = test::run(rig.host.io, rig.host.driver.scale(rig.host.permit, std::move(order), nullptr));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kCountChanged);
  EXPECT_EQ(rig.stack.tree(), before);
  EXPECT_TRUE(rig.host.journal.writes.empty());
}

TEST_F(ScaleContract, Law1OnlyWhatWasDecidedAPolicyEditedDuringThePlanIsNotApplied) {
  Rig rig(1);
  const auto before = rig.stack.tree();
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.to = 2;
  bool wanted = true;
  order.still_wanted = [&]() -> Result<void> {
    if (wanted) return {};
    return fail(ErrorKind::conflict, reason::kPolicyChanged, "edited");
  };
  auto edit_while_planning = [&](const ports::OperationProgress& progress) {
    if (progress.phase == "Planning") wanted = false;
  };

  const auto report =
      test::run(rig.host.io, rig.host.driver.scale(rig.host.permit, std::move(order), edit_while_planning));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kPolicyChanged);
  EXPECT_EQ(rig.host.journal.phases(), "intended abandoned");
  EXPECT_EQ(rig.stack.tree(), before);
}

TEST_F(ScaleContract, Law2NoDataNoChangeDownADecisionThatWaitedTooLongIsGivenBack) {
  Rig rig(2);
  const auto before = rig.stack.tree();
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.to = 1;
  order.start_by = rig.host.clock.steady_now() - std::chrono::seconds(1);

  const auto report = test::run(rig.host.io, rig.host.driver.scale(rig.host.permit, std::move(order), nullptr));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kDecisionExpired);
  EXPECT_EQ(rig.stack.tree(), before);
  EXPECT_TRUE(rig.host.journal.writes.empty());
}

TEST_F(ScaleContract, TheGateIsAskedAgainAfterThePlan) {
  Rig rig(1);
  const auto before = rig.stack.tree();
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.to = 2;
  auto close_while_planning = [&](const ports::OperationProgress& progress) {
    if (progress.phase == "Planning") rig.host.gate.close_for_stop();
  };

  const auto report =
      test::run(rig.host.io, rig.host.driver.scale(rig.host.permit, std::move(order), close_while_planning));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kStopping);
  EXPECT_EQ(rig.host.journal.phases(), "intended abandoned");
  EXPECT_EQ(rig.stack.tree(), before);
}

TEST_F(ScaleContract, ACountOnAModuleScalesLikeOneOnAResource) {
  test::TempDir home;
  test::TerraformStack stack(1);
  fs::create_directory(stack.folder() / "node");
  stack.write("node/main.tf", "resource \"terraform_data\" \"vm\" { input = \"vm\" }\n");
  stack.write("main.tf",
              "variable \"instance_count\" { type = number }\nmodule \"node\" {\n  source = \"./node\"\n  count = "
              "var.instance_count\n}\n");
  stack.terraform("init -input=false");
  stack.apply(3);
  test::Host host(home / "data", home / "stacks");
  terraform::AdoptRequest request;
  request.folder = stack.folder();
  request.id = "web";
  const auto adopted = host.adopt(std::move(request));
  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_EQ(adopted->resource, "module.node.terraform_data.vm");

  const auto down = host.scale(2);
  const auto up = host.scale(4);

  ASSERT_TRUE(down) << down.error().message();
  EXPECT_EQ(down->count_after, 2);
  ASSERT_TRUE(up) << up.error().message();
  EXPECT_EQ(up->count_after, 4);
}

}  // namespace
}  // namespace stackscaler
