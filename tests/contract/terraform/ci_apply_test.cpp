// SPDX-License-Identifier: Apache-2.0
//
// A pipeline's own `terraform apply` beside Stackscaler: what keeps it from setting the count back
// (docs/how-to/share-the-count-with-ci.md has these configurations).
#include <gtest/gtest.h>

#include <fstream>

#include "rig.hpp"

namespace stackscaler {
namespace {

using test::Rig;
using test::TempDir;
using test::TerraformStack;

class CiApplyContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }

  [[nodiscard]] std::string backend() const {
    return "terraform {\n  backend \"local\" { path = \"" + (state_.path() / "terraform.tfstate").string() +
           "\" }\n}\n";
  }
  // The count comes from the state itself when nobody says one.
  [[nodiscard]] std::string self_reading() const {
    return backend() + R"(
variable "instance_count" {
  type    = number
  default = null
}

data "terraform_remote_state" "self" {
  count   = var.instance_count == null ? 1 : 0
  backend = "local"
  config  = { path = ")" +
           (state_.path() / "terraform.tfstate").string() + R"(" }
}

resource "terraform_data" "app" {
  count = var.instance_count != null ? var.instance_count : data.terraform_remote_state.self[0].outputs.instance_count
  input = "app-${count.index}"
}

output "instance_count" {
  value = length(terraform_data.app)
}
)";
  }

  TempDir state_;
};

TEST_F(CiApplyContract, APlainApplyInTheSameFolderKeepsTheCount) {
  Rig rig(1);
  ASSERT_TRUE(rig.host.scale(3));

  rig.stack.terraform("apply -auto-approve -input=false -no-color");

  EXPECT_EQ(rig.stack.ids().size(), 3U);
}

TEST_F(CiApplyContract, APlainApplyFromAnotherCheckoutKeepsTheCountThatTheStateHas) {
  Rig rig(2, self_reading());
  const auto scaled = rig.host.scale(4);
  ASSERT_TRUE(scaled) << scaled.error().message();
  const TempDir checkout;
  std::ofstream(checkout / "main.tf") << self_reading();

  // As a pipeline does: fresh checkout, no variable, no file of Stackscaler's.
  const std::string chdir = "-chdir=" + checkout.path().string() + " ";
  rig.stack.terraform(chdir + "init -input=false");
  const std::string said = rig.stack.terraform(chdir + "apply -auto-approve -input=false -no-color");

  EXPECT_NE(said.find("0 added, 0 changed, 0 destroyed"), std::string::npos) << said;
  EXPECT_EQ(rig.host.observe().value().count, 4);
}

TEST_F(CiApplyContract, ScalingGoesOnAfterThePipelinesApply) {
  Rig rig(2, self_reading());
  const TempDir checkout;
  std::ofstream(checkout / "main.tf") << self_reading();
  const std::string chdir = "-chdir=" + checkout.path().string() + " ";
  rig.stack.terraform(chdir + "init -input=false");
  rig.stack.terraform(chdir + "apply -auto-approve -input=false -no-color");

  const auto up = rig.host.scale(3);
  ASSERT_TRUE(up) << up.error().message();
  const auto down = rig.host.scale(2);

  ASSERT_TRUE(down) << down.error().message();
  EXPECT_EQ(down->count_after, 2);
}

TEST_F(CiApplyContract, WithoutEitherAnotherCheckoutSetsTheCountBack) {
  // The danger that the page warns of: shown, so that the page stays true.
  const std::string plain = backend() + test::counted_stack() + "\n";
  Rig rig(2, plain);
  ASSERT_TRUE(rig.host.scale(4));
  const TempDir checkout;
  std::ofstream(checkout / "main.tf") << plain;
  const std::string chdir = "-chdir=" + checkout.path().string() + " ";
  rig.stack.terraform(chdir + "init -input=false");

  rig.stack.terraform(chdir + "apply -auto-approve -input=false -no-color -var instance_count=2");

  EXPECT_EQ(rig.host.observe().value().count, 2);
}

}  // namespace
}  // namespace stackscaler
