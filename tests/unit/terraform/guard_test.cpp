// SPDX-License-Identifier: Apache-2.0
//
// Every rule of the guard has a case here that fails when the rule is off.
#include "terraform/guard.hpp"

#include <gtest/gtest.h>

#include "policy/reasons.hpp"
#include "support/golden.hpp"

namespace stackscaler::terraform {
namespace {

namespace reason = policy::reason;

GuardInput from_to(std::vector<int> indexes, int target) {
  GuardInput input;
  input.indexes = std::move(indexes);
  input.target = target;
  input.resource = "terraform_data.app";
  return input;
}

std::vector<int> first(int count) {
  std::vector<int> indexes;
  for (int i = 0; i < count; ++i) indexes.push_back(i);
  return indexes;
}

// A plan written by hand: its totals are right.
class Plan {
 public:
  Plan& change(std::string action, std::string address, std::string why = "") {
    if (action == "create" || action == "replace") ++summary_.add;
    if (action == "delete" || action == "replace") ++summary_.remove;
    if (action == "update") ++summary_.change;
    PlannedChange planned;
    planned.address = std::move(address);
    planned.action = std::move(action);
    planned.reason = std::move(why);
    stream_.changes.push_back(std::move(planned));
    return *this;
  }
  Plan& create(int index) { return change("create", "terraform_data.app[" + std::to_string(index) + "]"); }
  Plan& remove(int index) {
    return change("delete", "terraform_data.app[" + std::to_string(index) + "]", "delete_because_count_index");
  }
  Plan& died(int index) {
    PlannedChange drift;
    drift.address = "terraform_data.app[" + std::to_string(index) + "]";
    drift.action = "delete";
    stream_.drift.push_back(std::move(drift));
    return *this;
  }
  PlanStream& raw() { return stream_; }
  ChangeSummary& summary() { return summary_; }
  PlanStream done() {
    stream_.version = "1.11.4";
    stream_.ui = "1.2";
    stream_.plan_summary = summary_;
    return stream_;
  }

 private:
  PlanStream stream_;
  ChangeSummary summary_;
};

void expect_refused(const PlanStream& plan, const GuardInput& input, std::string_view why, std::string_view line) {
  const Verdict verdict = judge(plan, input);
  EXPECT_FALSE(verdict.passed);
  EXPECT_EQ(verdict.reason, why);
  bool named = false;
  std::string all;
  for (const std::string& refused : verdict.refused) {
    named = named || refused.find(line) != std::string::npos;
    all += refused + "\n";
  }
  EXPECT_TRUE(named) << "wanted: " << line << "\ngot: " << all;
}

struct Recorded {
  const char* name;
  std::vector<int> indexes;
  int target;
  const char* reason;  // "": passes
  const char* says;    // the summary, or a part of a refused line
};
class RecordedPlanTest : public ::testing::TestWithParam<Recorded> {};

TEST_P(RecordedPlanTest, IsJudged) {
  const Recorded& want = GetParam();
  const PlanStream plan = parse_stream(test::golden(std::string("terraform/") + want.name + ".jsonl"));
  const GuardInput input = from_to(want.indexes, want.target);

  const Verdict verdict = judge(plan, input);

  if (std::string(want.reason).empty()) {
    EXPECT_TRUE(verdict.passed) << (verdict.refused.empty() ? "" : verdict.refused[0]);
    EXPECT_EQ(verdict.summary, want.says);
  } else {
    expect_refused(plan, input, want.reason, want.says);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, RecordedPlanTest,
    ::testing::Values(
        Recorded{"plan_up", {0}, 3, "", "create terraform_data.app[1], terraform_data.app[2]; update outputs"},
        Recorded{"plan_down", {0, 1, 2}, 2, "", "delete terraform_data.app[2]; update outputs"},
        Recorded{"plan_nothing", {0, 1, 2}, 3, "", "no changes"},
        Recorded{"plan_hole_up", {1, 2}, 3, "", "create terraform_data.app[0]; update outputs"},
        Recorded{"plan_hole_down", {1, 2}, 2, "UnhealthyStack", "terraform_data.app[0] (missing below the count"},
        Recorded{"plan_tainted", {0, 1, 2}, 3, "UnhealthyStack", "replace terraform_data.app[1] (tainted"},
        Recorded{"plan_update", {0, 1, 2}, 4, "PlanRefused", "update terraform_data.app[0]"},
        Recorded{"plan_moved", {0, 1, 2}, 3, "PlanRefused", "moved from terraform_data.app[0]"},
        Recorded{"plan_foreign_delete",
                 {0, 1, 2},
                 4,
                 "PlanRefused",
                 "delete terraform_data.db (delete_because_no_resource_config)"},
        Recorded{"plan_forget", {0, 1, 2}, 4, "PlanRefused", "remove terraform_data.db"},
        Recorded{"plan_replace", {0, 1, 2}, 4, "PlanRefused", "replace terraform_data.db (cannot_update)"},
        Recorded{"plan_error", {0, 1, 2}, 4, "PlanRefused", "Unsupported block type"}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(GuardTest, TheSummaryIsInOrderWhateverThePlansOrder) {
  Plan plan;
  for (const int index : {10, 2, 9, 3, 8, 4, 7, 5, 6}) plan.create(index);

  const Verdict verdict = judge(plan.done(), from_to(first(2), 11));

  EXPECT_EQ(verdict.summary.find("create terraform_data.app[2], terraform_data.app[3]"), 0U);
  EXPECT_TRUE(verdict.summary.ends_with("terraform_data.app[9], terraform_data.app[10]")) << verdict.summary;
}

TEST(GuardTest, NothingToDoIsTold) {
  EXPECT_TRUE(judge(Plan().done(), from_to(first(2), 2)).nothing_to_do);
  EXPECT_FALSE(judge(Plan().create(2).done(), from_to(first(2), 3)).nothing_to_do);
}

TEST(GuardTest, ACountOnAModulePassesByTheModulesIndex) {
  GuardInput input = from_to(first(3), 2);
  input.resource = "module.node.terraform_data.vm";
  input.dependents = {"terraform_data.attach"};
  input.dependent_indexes["terraform_data.attach"] = {0, 1, 2};
  const PlanStream plan = parse_stream(test::golden("terraform/plan_module_down.jsonl"));

  EXPECT_TRUE(judge(plan, input).passed);
  input.dependents.clear();
  expect_refused(plan, input, reason::kPlanRefused, "delete terraform_data.attach[2]");
}

TEST(GuardTest, AModuleThatIsGoneIsNoReasonToDeleteAResourcesOwnIndex) {
  expect_refused(Plan().change("delete", "terraform_data.app[1]", "delete_because_no_module").done(),
                 from_to(first(2), 1), reason::kPlanRefused, "delete_because_no_module");
}

TEST(GuardTest, CreatesMustBeBelowTheTargetAndMissing) {
  expect_refused(Plan().create(3).done(), from_to(first(2), 3), reason::kPlanRefused, "index not below the target");
  expect_refused(Plan().create(2).create(1).done(), from_to(first(2), 3), reason::kPlanRefused, "exists already");
}

TEST(GuardTest, DeletesMustBeAtOrAboveTheTargetAndKnown) {
  expect_refused(Plan().remove(1).done(), from_to(first(3), 2), reason::kPlanRefused, "index below the target");
  expect_refused(Plan().remove(3).remove(2).done(), from_to(first(3), 2), reason::kPlanRefused, "not in the state");
}

TEST(GuardTest, DeletesNeedTheCountAsTheirReason) {
  for (const char* why : {"", "delete_because_no_resource_config", "delete_because_wrong_repetition"}) {
    EXPECT_FALSE(judge(Plan().change("delete", "terraform_data.app[2]", why).done(), from_to(first(3), 2)).passed);
  }
}

TEST(GuardTest, NothingIsDeletedWhileALowerInstanceIsDead) {
  const PlanStream plan = Plan().died(0).create(0).remove(2).done();

  expect_refused(plan, from_to(first(3), 2), reason::kUnhealthyStack, "terraform_data.app[0] was deleted outside");
}

TEST(GuardTest, ADeathThatLeavesNothingToApplyIsNoSuccess) {
  expect_refused(Plan().died(2).done(), from_to(first(3), 2), reason::kUnhealthyStack,
                 "terraform_data.app[2] was deleted outside Terraform");
}

TEST(GuardTest, NothingIsDeletedWhileThereIsAHole) {
  expect_refused(Plan().remove(3).done(), from_to({0, 1, 3}, 3), reason::kUnhealthyStack, "lower index is gone");
}

TEST(GuardTest, ADeadInstanceIsHealedOnTheWayUp) {
  EXPECT_TRUE(judge(Plan().died(0).create(0).create(2).done(), from_to(first(2), 3)).passed);
}

TEST(GuardTest, ThePlanMustEndAtTheTarget) {
  expect_refused(Plan().done(), from_to(first(2), 4), reason::kPlanRefused, "does the variable set its count?");
  expect_refused(Plan().create(2).done(), from_to(first(2), 4), reason::kPlanRefused, "leave 3");
  expect_refused(Plan().remove(2).done(), from_to(first(3), 1), reason::kPlanRefused, "leave 2");
}

TEST(GuardTest, ReadsAndNoOpsPass) {
  Plan plan;
  plan.change("read", "data.aws_ami.x").change("noop", "terraform_data.y").create(1);

  const Verdict verdict = judge(plan.done(), from_to(first(1), 2));

  EXPECT_TRUE(verdict.passed);
  EXPECT_EQ(verdict.summary, "create terraform_data.app[1]");
}

TEST(GuardTest, DependentsPassOnlyAtTheSameIndexes) {
  GuardInput input = from_to(first(1), 2);
  input.dependents = {"terraform_data.note"};
  input.dependent_indexes["terraform_data.note"] = {0};

  EXPECT_TRUE(judge(Plan().create(1).change("create", "terraform_data.note[1]").done(), input).passed);
  expect_refused(Plan().create(1).change("create", "terraform_data.note[0]").done(), input, reason::kPlanRefused,
                 "create terraform_data.note[0] (exists already)");
  expect_refused(Plan().create(1).change("update", "terraform_data.note[1]").done(), input, reason::kPlanRefused,
                 "update terraform_data.note[1]");
  expect_refused(Plan().create(1).change("create", "terraform_data.note").done(), input, reason::kPlanRefused,
                 "no single count index");
  expect_refused(Plan().create(1).change("create", "terraform_data.note[\"1\"]").done(), input, reason::kPlanRefused,
                 "create terraform_data.note[\"1\"]");
}

GuardInput with_attachments(std::vector<int> indexes, int target) {
  GuardInput input = from_to(indexes, target);
  input.dependents = {"terraform_data.note"};
  input.dependent_indexes["terraform_data.note"] = {indexes.begin(), indexes.end()};
  return input;
}

TEST(GuardTest, ADependentFollowsAnInstanceThatIsCreatedAnew) {
  Plan plan;
  plan.died(0).create(0).change("replace", "terraform_data.note[0]", "cannot_update");

  const Verdict verdict = judge(plan.done(), with_attachments(first(2), 2));

  EXPECT_TRUE(verdict.passed) << verdict.refused[0];
  EXPECT_EQ(verdict.healed, std::vector<std::string>{"terraform_data.note[0]"});
  EXPECT_EQ(verdict.creates, std::set<int>{0});
}

TEST(GuardTest, ADependentFollowsAHalfMadeInstanceThatIsReplaced) {
  Plan plan;
  plan.change("replace", "terraform_data.app[1]", "tainted");
  plan.change("replace", "terraform_data.note[1]", "cannot_update");
  GuardInput input = with_attachments(first(2), 2);

  expect_refused(plan.done(), input, reason::kUnhealthyStack, "replace terraform_data.app[1] (tainted");
  input.half_made = {1};
  EXPECT_TRUE(judge(plan.done(), input).passed);
}

TEST(GuardTest, ADependentIsNotReplacedForAnotherReason) {
  expect_refused(Plan().create(2).change("replace", "terraform_data.note[0]", "cannot_update").done(),
                 with_attachments(first(2), 3), reason::kPlanRefused, "replace terraform_data.note[0] (cannot_update)");
  expect_refused(Plan().died(0).create(0).change("replace", "terraform_data.note[0]", "requested").done(),
                 with_attachments(first(2), 2), reason::kPlanRefused, "replace terraform_data.note[0] (requested)");
  expect_refused(Plan().died(0).create(0).change("replace", "terraform_data.app[1]", "cannot_update").done(),
                 with_attachments(first(2), 2), reason::kPlanRefused, "replace terraform_data.app[1] (cannot_update)");
  expect_refused(Plan().died(0).create(0).change("replace", "terraform_data.else[0]", "cannot_update").done(),
                 with_attachments(first(2), 2), reason::kPlanRefused, "replace terraform_data.else[0]");
}

TEST(GuardTest, ADependentOfADeadInstanceIsUnhealthyOnTheWayDown) {
  Plan plan;
  plan.died(0).create(0).change("replace", "terraform_data.note[0]", "cannot_update").remove(2);
  plan.change("delete", "terraform_data.note[2]", "delete_because_count_index");

  expect_refused(plan.done(), with_attachments(first(3), 2), reason::kUnhealthyStack,
                 "terraform_data.app[0] was deleted outside Terraform");
  expect_refused(plan.done(), with_attachments(first(3), 2), reason::kUnhealthyStack,
                 "replace terraform_data.note[0] (its instance is missing below the count");
}

TEST(GuardTest, ADiskThatFollowsItsInstanceNeedsPermission) {
  GuardInput input = from_to(first(2), 2);
  input.dependents = {"aws_ebs_volume.data"};
  input.dependent_indexes["aws_ebs_volume.data"] = {0, 1};
  const PlanStream plan = Plan().died(0).create(0).change("replace", "aws_ebs_volume.data[0]", "cannot_update").done();

  expect_refused(plan, input, reason::kPlanRefused, "allowDataLoss");
  input.allow_data_loss = true;
  EXPECT_TRUE(judge(plan, input).passed);
}

TEST(GuardTest, DependentsThatHoldDataNeedPermission) {
  GuardInput input = from_to(first(2), 1);
  input.dependents = {"aws_ebs_volume.data"};
  input.dependent_indexes["aws_ebs_volume.data"] = {0, 1};
  const PlanStream plan =
      Plan().remove(1).change("delete", "aws_ebs_volume.data[1]", "delete_because_count_index").done();

  expect_refused(plan, input, reason::kPlanRefused, "allowDataLoss");
  input.allow_data_loss = true;
  EXPECT_TRUE(judge(plan, input).passed);
}

TEST(GuardTest, KnowsTypesThatHoldData) {
  for (const char* type : {"aws_ebs_volume", "aws_db_instance", "aws_s3_bucket", "google_compute_disk",
                           "azurerm_storage_account", "aws_dynamodb_table", "aws_rds_cluster", "google_sql_database"}) {
    EXPECT_TRUE(holds_data(type)) << type;
  }
  for (const char* type : {"aws_instance", "aws_lb_target_group_attachment", "aws_volume_attachment",
                           "aws_route_table_association", "terraform_data", "aws_eip"}) {
    EXPECT_FALSE(holds_data(type)) << type;
  }
}

TEST(GuardTest, FailsClosedOnWhatItDoesNotKnow) {
  for (const char* action : {"import", "move", "forget", "remove", "delete-create", "create-delete", "teleport", ""}) {
    EXPECT_FALSE(judge(Plan().create(1).change(action, "terraform_data.x").done(), from_to(first(1), 2)).passed);
    EXPECT_FALSE(judge(Plan().create(1).change(action, "terraform_data.app[0]").done(), from_to(first(1), 2)).passed);
  }
}

TEST(GuardTest, FailsClosedWithoutASummary) {
  Plan plan;
  plan.create(1).done();
  plan.raw().plan_summary.reset();

  expect_refused(plan.raw(), from_to(first(1), 2), reason::kPlanRefused, "no summary");
}

TEST(GuardTest, FailsClosedOnTotalsUnlikeTheChanges) {
  const auto with = [](void (*edit)(ChangeSummary&)) {
    Plan plan;
    plan.create(1);
    edit(plan.summary());
    return judge(plan.done(), from_to(first(1), 2)).passed;
  };

  EXPECT_TRUE(with([](ChangeSummary&) {}));
  EXPECT_FALSE(with([](ChangeSummary& s) { ++s.add; }));
  EXPECT_FALSE(with([](ChangeSummary& s) { ++s.change; }));
  EXPECT_FALSE(with([](ChangeSummary& s) { ++s.remove; }));
  EXPECT_FALSE(with([](ChangeSummary& s) { ++s.import; }));
  EXPECT_FALSE(with([](ChangeSummary& s) { ++s.forget; }));
  EXPECT_FALSE(with([](ChangeSummary& s) { s.unknown_counts = true; }));
}

TEST(GuardTest, FailsClosedOnBrokenStreams) {
  const auto with = [](void (*edit)(PlanStream&)) {
    PlanStream plan = Plan().create(1).done();
    edit(plan);
    return judge(plan, from_to(first(1), 2)).passed;
  };

  EXPECT_TRUE(with([](PlanStream&) {}));
  EXPECT_FALSE(with([](PlanStream& s) { s.malformed = 1; }));
  EXPECT_FALSE(with([](PlanStream& s) { s.torn = true; }));
  EXPECT_FALSE(with([](PlanStream& s) { s.truncated = true; }));
  EXPECT_FALSE(with([](PlanStream& s) {
    s.diagnostics.emplace_back();
    s.diagnostics.back().error = true;
  }));
}

TEST(GuardTest, ImportsMovesAndDoublesAreRefusedOnGoodAddressesToo) {
  PlanStream importing = Plan().create(1).done();
  importing.changes[0].importing = true;
  PlanStream moved = Plan().create(1).done();
  moved.changes[0].previous_address = "terraform_data.old[1]";

  expect_refused(importing, from_to(first(1), 2), reason::kPlanRefused, "imports");
  expect_refused(moved, from_to(first(1), 2), reason::kPlanRefused, "moved from terraform_data.old[1]");
  expect_refused(Plan().remove(2).remove(2).done(), from_to(first(3), 2), reason::kPlanRefused, "a second change");
}

TEST(GuardTest, ACountWithinACountIsRefused) {
  GuardInput input = from_to(first(1), 2);
  input.resource = "module.a.terraform_data.app";

  expect_refused(Plan().change("create", "module.a[1].terraform_data.app[1]").done(), input, reason::kPlanRefused,
                 "no single count index");
}

}  // namespace
}  // namespace stackscaler::terraform
