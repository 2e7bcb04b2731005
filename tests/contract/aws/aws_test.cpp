// SPDX-License-Identifier: Apache-2.0
//
// The AWS examples, unchanged, against an imitation of AWS, checked in its API and not in Terraform's state.
#include <gtest/gtest.h>

#include <memory>

#include "aws_stack.hpp"
#include "policy/reasons.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::AwsStack;
using Ids = std::set<std::string>;

class AwsContract : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = test::aws_missing(); !missing.empty()) GTEST_SKIP() << missing;
  }
};

TEST_F(AwsContract, InstancesBehindAClassicElbGoLastInFirstOut) {
  AwsStack stack("aws-ec2-elb", 1, "aws_elb_attachment.app");
  const std::string oldest = stack.ids().at(0);

  const auto up = stack.host->scale(3);

  ASSERT_TRUE(up) << up.error().message();
  const auto three = stack.ids();
  ASSERT_EQ(three.size(), 3U);
  EXPECT_EQ(three[0], oldest);
  EXPECT_EQ(stack.running(), Ids(three.begin(), three.end()));
  EXPECT_EQ(stack.behind_elb(), stack.running());

  const auto down = stack.host->scale(2);

  ASSERT_TRUE(down) << down.error().message();
  EXPECT_EQ(stack.running(), (Ids{three[0], three[1]}));
  EXPECT_EQ(stack.behind_elb(), (Ids{three[0], three[1]}));
}

TEST_F(AwsContract, InstancesBehindATargetGroupGoLastInFirstOut) {
  AwsStack stack("aws-ec2-alb", 2, "aws_lb_target_group_attachment.app");
  const auto two = stack.ids();

  const auto up = stack.host->scale(3);

  ASSERT_TRUE(up) << up.error().message();
  const auto three = stack.ids();
  EXPECT_EQ(stack.running(), Ids(three.begin(), three.end()));

  const auto down = stack.host->scale(2);

  ASSERT_TRUE(down) << down.error().message();
  EXPECT_EQ(stack.running(), Ids(two.begin(), two.end()));
}

TEST_F(AwsContract, ADeadLowIndexRefusesTheWayDownByName) {
  AwsStack stack("aws-ec2-elb", 2, "aws_elb_attachment.app");
  const auto before = stack.ids();
  stack.terminate(before[0]);

  const auto down = stack.host->scale(1);

  ASSERT_FALSE(down);
  EXPECT_NE(down.error().message().find("aws_instance.app[0]"), std::string::npos) << down.error().message();
  EXPECT_EQ(stack.running(), Ids{before[1]}) << "the last live instance stays";
}

// The guard doesn't take the replacement of a dependent whose instance is gone for healing yet.
TEST_F(AwsContract, DISABLED_ADeadLowIndexIsHealedOnTheWayUp) {
  AwsStack stack("aws-ec2-elb", 2, "aws_elb_attachment.app");
  const auto before = stack.ids();
  stack.terminate(before[0]);

  const auto up = stack.host->scale(3);

  ASSERT_TRUE(up) << up.error().message();
  const auto after = stack.ids();
  EXPECT_EQ(after.size(), 3U);
  EXPECT_EQ(after[1], before[1]);
  EXPECT_NE(after[0], before[0]);
  EXPECT_EQ(stack.running(), Ids(after.begin(), after.end()));
  EXPECT_EQ(stack.behind_elb(), stack.running());
}

TEST_F(AwsContract, Law12ALostStateAndAWrongWorkspaceAreNoticedAndNothingIsDone) {
  AwsStack stack("aws-ec2-elb", 1, "aws_elb_attachment.app");
  const Ids before = stack.running();
  fs::rename(stack.folder() / "terraform.tfstate", stack.folder() / "kept");

  const auto lost = stack.host->scale(2);

  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().reason(), reason::kStateChanged) << lost.error().message();
  EXPECT_EQ(stack.running(), before);

  fs::rename(stack.folder() / "kept", stack.folder() / "terraform.tfstate");
  stack.terraform("workspace new other");
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.stack.workspace = "other";
  order.to = 2;
  const auto elsewhere =
      test::run(stack.host->io, stack.host->driver.scale(stack.host->permit, std::move(order), nullptr));

  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().reason(), reason::kStateChanged) << elsewhere.error().message();
  EXPECT_EQ(stack.running(), before);
}

}  // namespace
}  // namespace stackscaler
