// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/reasons.hpp"
#include "rig.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::counted_stack;

constexpr const char* kNote =
    "resource \"terraform_data\" \"note\" {\n  count = var.instance_count\n  input = "
    "terraform_data.app[count.index].id\n}\n";

class AdoptContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }
  static terraform::AdoptRequest request(const test::TerraformStack& stack) {
    terraform::AdoptRequest request;
    request.folder = stack.folder();
    request.id = "web";
    return request;
  }
  test::TempDir home_;
  test::Host host_{home_ / "data", home_ / "stacks"};
};

TEST_F(AdoptContract, RecordsTheStackAndTouchesNoUserFile) {
  const test::TerraformStack stack(2);
  const auto before = stack.tree();

  const auto adopted = host_.adopt(request(stack));

  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_EQ(adopted->resource, "terraform_data.app");
  EXPECT_EQ(adopted->count, 2);
  EXPECT_EQ(stack.tree(), before);
  const auto entry = host_.registry.load("web").value();
  EXPECT_EQ(entry.folder, fs::canonical(stack.folder()));
  EXPECT_EQ(entry.metadata.instance_count, 2);
  EXPECT_FALSE(entry.metadata.terraform->lineage.empty());
  EXPECT_EQ(entry.metadata.terraform->backend, "local");
  EXPECT_EQ(fs::status(entry.home / "deploy_metadata.json").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AdoptContract, AFailedAdoptionLeavesNothingBehindAndCanBeRepeated) {
  const test::TerraformStack stack(1);
  stack.write("terraform.tfstate", "");

  const auto failed = host_.adopt(request(stack));

  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason(), reason::kStackNotAdopted);
  EXPECT_NE(failed.error().message().find("then adopt it"), std::string::npos) << failed.error().message();
  EXPECT_FALSE(fs::exists(host_.registry.home_of("web")));

  stack.apply(1);
  EXPECT_TRUE(host_.adopt(request(stack)));
}

TEST_F(AdoptContract, FindsTheStackByItsPath) {
  const test::TerraformStack stack(1);
  ASSERT_TRUE(host_.adopt(request(stack)));
  policy::StackRef by_path;
  by_path.path = (stack.folder() / "." / "").string();

  const auto view = test::run(host_.io, host_.driver.observe(by_path));

  ASSERT_TRUE(view) << view.error().message();
  EXPECT_EQ(view->name, "web");
}

TEST_F(AdoptContract, SeveralCountedResourcesNeedAName) {
  const test::TerraformStack stack(2, counted_stack("", kNote));

  const auto adopted = host_.adopt(request(stack));

  ASSERT_FALSE(adopted);
  EXPECT_NE(adopted.error().message().find("terraform_data.app, terraform_data.note"), std::string::npos);
}

TEST_F(AdoptContract, ProposesDependentsAndScalesWithThoseThatWereGiven) {
  const test::TerraformStack stack(2, counted_stack("", kNote));
  auto first = request(stack);
  first.resource = "terraform_data.app";

  const auto adopted = host_.adopt(first);
  const auto without = host_.scale(3);
  auto second = first;
  second.accept_state = true;
  second.dependents = {"terraform_data.note"};
  const auto again = host_.adopt(second);
  const auto with = host_.scale(3);

  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_EQ(adopted->proposed_dependents, (std::vector<std::string>{"terraform_data.note"}));
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().reason(), reason::kPlanRefused);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(again->proposed_dependents.empty());
  ASSERT_TRUE(with) << with.error().message();
  EXPECT_EQ(with->count_after, 3);
}

TEST_F(AdoptContract, RefusesWhatIsThereAlready) {
  const test::TerraformStack stack(1);
  ASSERT_TRUE(host_.adopt(request(stack)));

  const auto again = host_.adopt(request(stack));

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), ErrorKind::conflict);
  EXPECT_NE(again.error().message().find("--accept-state"), std::string::npos);
}

TEST_F(AdoptContract, RefusesAFolderWithoutTheVariable) {
  const test::TerraformStack stack(1);
  auto with_other = request(stack);
  with_other.variable = "size";

  const auto adopted = host_.adopt(with_other);

  ASSERT_FALSE(adopted);
  EXPECT_NE(adopted.error().message().find("declares variable \"size\""), std::string::npos);
  EXPECT_FALSE(host_.registry.contains("web"));
}

TEST_F(AdoptContract, RefusesAnEmptyState) {
  const test::TerraformStack stack(1);
  fs::remove(stack.folder() / "terraform.tfstate");

  const auto adopted = host_.adopt(request(stack));

  ASSERT_FALSE(adopted);
  EXPECT_EQ(adopted.error().reason(), reason::kStackNotAdopted);
}

TEST_F(AdoptContract, WarnsOfAVariableFileThatWouldWin) {
  const test::TerraformStack stack(1);
  stack.write("zone.auto.tfvars", "instance_count = 1\n");

  const auto adopted = host_.adopt(request(stack));

  ASSERT_TRUE(adopted) << adopted.error().message();
  ASSERT_EQ(adopted->warnings.size(), 1U);
  EXPECT_EQ(adopted->warnings[0].find("zone.auto.tfvars"), 0U);
}

TEST_F(AdoptContract, AnUnknownStackIsSaidWithTheCommandToRun) {
  const auto view = host_.observe();

  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().reason(), reason::kStackNotAdopted);
  EXPECT_NE(view.error().message().find("stackscaler stack adopt PATH --id web"), std::string::npos);
}

}  // namespace
}  // namespace stackscaler
