// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "policy/reasons.hpp"
#include "rig.hpp"
#include "terraform/state.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::counted_stack;
using test::Rig;

class StateContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }
  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    if (at == std::string::npos) throw std::runtime_error("'" + from + "' is not there");
    return text.replace(at, from.size(), to);
  }
  static void expect_untouched_and_state_changed(Rig& rig, const std::string& hint) {
    const auto before = rig.stack.tree();
    const auto view = rig.host.observe();
    const auto report = rig.host.scale(3);
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error().reason(), reason::kStateChanged) << view.error().message();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason(), reason::kStateChanged) << report.error().message();
    EXPECT_NE(report.error().message().find(hint), std::string::npos) << report.error().message();
    EXPECT_NE(report.error().message().find("--accept-state"), std::string::npos);
    EXPECT_TRUE(rig.host.journal.writes.empty());
    EXPECT_EQ(rig.stack.tree(), before);
  }
};

TEST_F(StateContract, ObservesCountIndexesAndIdentity) {
  Rig rig(3);

  const auto view = rig.host.observe();

  ASSERT_TRUE(view) << view.error().message();
  EXPECT_EQ(view->name, "web");
  EXPECT_EQ(view->count, 3);
  EXPECT_EQ(view->indexes, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(view->resource, "terraform_data.app");
  EXPECT_EQ(view->identity.find(fs::canonical(rig.stack.folder()).string() + "#default#"), 0U);
}

TEST_F(StateContract, TheLocalFileSaysWhatStatePullSays) {
  Rig rig(2);
  rig.stack.terraform("taint 'terraform_data.app[1]'");

  const auto file = terraform::parse_state(rig.stack.read("terraform.tfstate"));
  const auto pulled = terraform::parse_state(rig.stack.terraform("state pull"));

  ASSERT_TRUE(file);
  ASSERT_TRUE(pulled);
  EXPECT_EQ(file->lineage, pulled->lineage);
  EXPECT_EQ(file->serial, pulled->serial);
  EXPECT_EQ(file->indexes("terraform_data.app"), pulled->indexes("terraform_data.app"));
  EXPECT_EQ(file->tainted("terraform_data.app"), pulled->tainted("terraform_data.app"));
}

TEST_F(StateContract, AFileThatIsBeingWrittenIsReadAgainUntilItIsWhole) {
  Rig rig(2);
  const std::string whole = rig.stack.read("terraform.tfstate");
  rig.stack.write("terraform.tfstate", whole.substr(0, whole.size() / 2));
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    rig.stack.write("terraform.tfstate", whole);
  });

  const auto view = rig.host.observe();

  writer.join();
  ASSERT_TRUE(view) << view.error().message();
  EXPECT_EQ(view->count, 2);
}

TEST_F(StateContract, Law6RealityWinsAChangeByHandIsSeen) {
  Rig rig(1);
  const auto before = rig.host.observe();
  ASSERT_TRUE(before);
  const auto quiet = test::run(rig.host.io, rig.host.driver.changed_stacks());

  rig.stack.apply(2);
  const auto changed = test::run(rig.host.io, rig.host.driver.changed_stacks());
  const auto told_once = test::run(rig.host.io, rig.host.driver.changed_stacks());
  const auto after = rig.host.observe();

  EXPECT_TRUE(quiet.empty());
  EXPECT_EQ(changed, std::vector<std::string>{"web"});
  EXPECT_TRUE(told_once.empty());
  ASSERT_TRUE(after);
  EXPECT_EQ(after->count, 2);
}

TEST_F(StateContract, Law12UnknownIsNotZeroAnEmptiedState) {
  Rig rig(2);
  rig.stack.write("terraform.tfstate", "");

  expect_untouched_and_state_changed(rig, "empty");
}

TEST_F(StateContract, Law12UnknownIsNotZeroAMissingState) {
  Rig rig(2);
  fs::remove(rig.stack.folder() / "terraform.tfstate");

  expect_untouched_and_state_changed(rig, "empty");
}

TEST_F(StateContract, Law12UnknownIsNotZeroAnotherLineage) {
  Rig rig(2);
  const auto state = terraform::parse_state(rig.stack.read("terraform.tfstate")).value();
  rig.stack.write("terraform.tfstate",
                  replaced(rig.stack.read("terraform.tfstate"), state.lineage, "00000000-1111-2222-3333-444444444444"));

  expect_untouched_and_state_changed(rig, "lineage");
}

TEST_F(StateContract, Law12UnknownIsNotZeroAnOlderState) {
  Rig rig(1);
  const std::string old = rig.stack.read("terraform.tfstate");
  ASSERT_TRUE(rig.host.scale(2));
  rig.host.journal.writes.clear();
  rig.stack.write("terraform.tfstate", old);

  expect_untouched_and_state_changed(rig, "older");
}

TEST_F(StateContract, Law12UnknownIsNotZeroAVanishedResource) {
  Rig rig(1, counted_stack("", "resource \"terraform_data\" \"other\" {}\n"));
  rig.stack.terraform("state rm 'terraform_data.app[0]'");

  expect_untouched_and_state_changed(rig, "holds no terraform_data.app");
}

TEST_F(StateContract, Law12AnAcceptedStateIsGoodAgain) {
  Rig rig(2);
  const auto state = terraform::parse_state(rig.stack.read("terraform.tfstate")).value();
  rig.stack.write("terraform.tfstate",
                  replaced(rig.stack.read("terraform.tfstate"), state.lineage, "00000000-1111-2222-3333-444444444444"));
  ASSERT_FALSE(rig.host.observe());
  terraform::AdoptRequest request;
  request.folder = rig.stack.folder();
  request.id = "web";
  request.accept_state = true;

  const auto accepted = rig.host.adopt(std::move(request));

  ASSERT_TRUE(accepted) << accepted.error().message();
  const auto view = rig.host.observe();
  ASSERT_TRUE(view) << view.error().message();
  EXPECT_EQ(view->count, 2);
}

TEST_F(StateContract, ADryPlanSaysWhatWouldBeAndChangesNothing) {
  Rig rig(2);
  const auto before = rig.stack.tree();

  const auto up = test::run(rig.host.io, rig.host.driver.plan(test::Host::ref("web"), 4));
  const auto same = test::run(rig.host.io, rig.host.driver.plan(test::Host::ref("web"), 2));

  ASSERT_TRUE(up) << up.error().message();
  EXPECT_EQ(up->from, 2);
  EXPECT_EQ(up->to, 4);
  EXPECT_EQ(up->summary, "create terraform_data.app[2], terraform_data.app[3]");
  EXPECT_TRUE(up->refused.empty());
  ASSERT_TRUE(same);
  EXPECT_TRUE(same->nothing_to_do);
  EXPECT_EQ(rig.stack.tree(), before);
  EXPECT_TRUE(rig.host.journal.writes.empty());
  EXPECT_TRUE(fs::is_empty(rig.home / "data" / "operations"));
}

TEST_F(StateContract, ADryPlanNamesWhatWouldBeRefused) {
  Rig rig(1);
  rig.stack.write("main.tf", counted_stack("  input = \"x\"\n"));

  const auto plan = test::run(rig.host.io, rig.host.driver.plan(test::Host::ref("web"), 1));

  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->refusal_reason, reason::kPlanRefused);
  EXPECT_EQ(plan->refused, (std::vector<std::string>{"update terraform_data.app[0]"}));
}

TEST_F(StateContract, AStackInAWorkspaceIsScaledThere) {
  test::TempDir home;
  test::TerraformStack stack(1);
  stack.terraform("workspace new blue");
  stack.apply(2);
  stack.terraform("workspace select default");
  test::Host host(home / "data", home / "stacks");
  terraform::AdoptRequest request;
  request.folder = stack.folder();
  request.id = "web";
  request.workspace = "blue";
  ASSERT_TRUE(host.adopt(std::move(request)));
  ports::ScaleOrder order;
  order.stack = test::Host::ref("web");
  order.stack.workspace = "blue";
  order.to = 3;

  const auto report = test::run(host.io, host.driver.scale(host.permit, std::move(order), nullptr));
  const auto in_default = host.observe();

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->from, 2);
  EXPECT_EQ(report->count_after, 3);
  EXPECT_EQ(stack.ids().size(), 1U) << "the default workspace stays as it is";
  ASSERT_FALSE(in_default);
  EXPECT_EQ(in_default.error().reason(), reason::kStateChanged);
}

}  // namespace
}  // namespace stackscaler
