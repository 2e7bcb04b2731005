// SPDX-License-Identifier: Apache-2.0
//
// The AWS examples, unchanged, against an imitation of AWS, checked in its API and not in Terraform's state.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

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

terraform::DoctorReport examine(const AwsStack& stack) {
  // A host of its own, since a tool keeps the environment that it was made in.
  test::Host host(stack.data(), stack.host->registry.root());
  terraform::DoctorRequest request;
  request.stack = test::Host::ref("web");
  auto report = test::run(host.io, host.driver.examine(std::move(request)));
  if (!report) throw std::runtime_error(report.error().message());
  return std::move(*report);
}

std::string said(const terraform::DoctorReport& report) {
  std::string out;
  for (const auto& check : report.checks) {
    out += check.name + " " + std::string(to_string(check.health)) + ": " + check.message + "\n";
  }
  return out;
}

std::string slurp(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

TEST_F(AwsContract, InstancesBehindAClassicElbGoLastInFirstOut) {
  AwsStack stack("aws-ec2-elb", 1, {"aws_elb_attachment.app"});
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

  // An instance that a killed terraform would have left, for the doctor to find; on the same stack, since each costs.
  const auto before = examine(stack);
  EXPECT_TRUE(before.sound()) << said(before);
  const std::string orphan = stack.launch_orphan();
  const std::string state = slurp(stack.folder() / "terraform.tfstate");

  const auto report = examine(stack);

  ASSERT_EQ(report.orphans.size(), 1U) << said(report);
  EXPECT_EQ(report.orphans[0].id, orphan);
  EXPECT_NE(report.orphans[0].import_command.find("'aws_instance.app[2]' '" + orphan + "'"), std::string::npos);
  EXPECT_EQ(report.orphans[0].remove_command, "aws ec2 terminate-instances --instance-ids '" + orphan + "'");
  EXPECT_EQ(slurp(stack.folder() / "terraform.tfstate"), state);
  EXPECT_EQ(stack.running(), (Ids{three[0], three[1], orphan})) << "nothing was done to it";

  // Without a query of its own the environment alone says where to look.
  fs::remove(stack.folder() / "doctor.hcl");
  ::setenv("AWS_ENDPOINT_URL", stack.moto.url().c_str(), 1);
  const auto made = examine(stack);
  ::unsetenv("AWS_ENDPOINT_URL");
  EXPECT_EQ(made.orphans.size(), 1U) << said(made);
}

TEST_F(AwsContract, InstancesBehindATargetGroupGoLastInFirstOut) {
  AwsStack stack("aws-ec2-alb", 2, {"aws_lb_target_group_attachment.app"});
  const auto two = stack.ids();

  const auto up = stack.host->scale(3);

  ASSERT_TRUE(up) << up.error().message();
  const auto three = stack.ids();
  EXPECT_EQ(stack.running(), Ids(three.begin(), three.end()));

  const auto down = stack.host->scale(2);

  ASSERT_TRUE(down) << down.error().message();
  EXPECT_EQ(stack.running(), Ids(two.begin(), two.end()));
}

TEST_F(AwsContract, ADeadLowIndexRefusesTheWayDownByNameAndIsHealedOnTheWayUp) {
  AwsStack stack("aws-ec2-elb", 2, {"aws_elb_attachment.app"});
  const auto before = stack.ids();
  stack.terminate(before[0]);

  const auto down = stack.host->scale(1);

  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().reason(), reason::kUnhealthyStack) << down.error().message();
  EXPECT_NE(down.error().message().find("aws_instance.app[0]"), std::string::npos) << down.error().message();
  EXPECT_EQ(stack.running(), Ids{before[1]}) << "the last live instance stays";

  const auto up = stack.host->scale(3);

  ASSERT_TRUE(up) << up.error().message();
  const auto after = stack.ids();
  ASSERT_EQ(after.size(), 3U);
  EXPECT_EQ(after[1], before[1]);
  EXPECT_NE(after[0], before[0]);
  EXPECT_EQ(stack.running(), Ids(after.begin(), after.end()));
  const auto attached = stack.behind_elb();
  for (const std::string& id : after) EXPECT_TRUE(attached.contains(id)) << id;
}

// The balancer lists the instances itself, so that a scaling updates it.
void list_instances_in_the_balancer(const fs::path& folder) {
  std::string text = slurp(folder / "elb.tf");
  text.erase(text.find("resource \"aws_elb_attachment\""));
  const std::string name = "  name            = var.stack_id\n";
  text.insert(text.find(name) + name.size(), "  instances       = aws_instance.app[*].id\n");
  std::ofstream(folder / "elb.tf", std::ios::trunc) << text;
}

TEST_F(AwsContract, AllowUpdatesLetsTheBalancersInstanceListChangeAndNothingElse) {
  AwsStack stack("aws-ec2-elb", 1, {}, list_instances_in_the_balancer);
  const auto scale = [&](int to, std::vector<policy::AllowedUpdate> allowed) {
    ports::ScaleOrder order;
    order.stack = test::Host::ref("web");
    order.stack.allow_updates = std::move(allowed);
    order.to = to;
    return test::run(stack.host->io, stack.host->driver.scale(stack.host->permit, std::move(order), nullptr));
  };
  const std::vector<policy::AllowedUpdate> instances{{"aws_elb.web", {"instances"}}};

  const auto unlisted = scale(2, {});
  ASSERT_FALSE(unlisted);
  EXPECT_EQ(unlisted.error().reason(), reason::kPlanRefused);
  EXPECT_NE(unlisted.error().message().find("update aws_elb.web"), std::string::npos) << unlisted.error().message();

  const auto listed = scale(2, instances);
  ASSERT_TRUE(listed) << listed.error().message();
  EXPECT_EQ(stack.running().size(), 2U);
  EXPECT_EQ(stack.behind_elb(), stack.running());

  std::string text = slurp(stack.folder() / "elb.tf");
  text.insert(text.find("  connection_draining = true"), "  idle_timeout        = 300\n");
  std::ofstream(stack.folder() / "elb.tf", std::ios::trunc) << text;
  const auto more = scale(1, instances);

  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().reason(), reason::kPlanRefused);
  EXPECT_NE(more.error().message().find("idle_timeout"), std::string::npos) << more.error().message();
  EXPECT_EQ(stack.running().size(), 2U);
}

TEST_F(AwsContract, Law12ALostStateAndAWrongWorkspaceAreNoticedAndNothingIsDone) {
  AwsStack stack("aws-ec2-elb", 1, {"aws_elb_attachment.app"});
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
