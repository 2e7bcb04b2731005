// SPDX-License-Identifier: Apache-2.0
//
// A stack that is sized by its template, with a real Terraform.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "rig.hpp"
#include "terraform/process.hpp"

namespace stackscaler::test {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;

// path.cwd and path.root would differ if the plan ran where the apply doesn't.
std::string counted(const std::string& body = "", const std::string& more = "") {
  return "resource \"terraform_data\" \"app\" {\n  count = {{ instance_count }}\n"
         "  input = \"{{ name }}-${count.index}-${path.root}-${path.cwd}\"\n" +
         body + "}\n" + more;
}

class SizingContract : public ::testing::Test {
 protected:
  void SetUp() override {
    STK_NEED_TERRAFORM();
    fs::create_directories(home_ / "data");
  }
  Result<terraform::DeployReport> deploy(const std::string& text, int count) {
    terraform::DeployRequest request;
    request.id = "web";
    request.template_name = "web.tf.tpl";
    request.template_text = text;
    request.context = R"({"name": "a\" ${file(\"x\")} %{if}"})";
    request.instances = count;
    return run(host_.io, host_.driver.deploy(&host_.permit, std::move(request), {}));
  }
  [[nodiscard]] fs::path folder() const { return home_ / "stacks" / "web"; }
  [[nodiscard]] std::string main_tf() const { return read_file(folder() / "main.tf", 1U << 20U).value(); }
  [[nodiscard]] bool main_says(int count) const {
    return main_tf().find("count = " + std::to_string(count) + "\n") != std::string::npos;
  }
  [[nodiscard]] std::map<int, std::string> ids() const {
    const auto state = nlohmann::json::parse(read_file(folder() / "terraform.tfstate", 1U << 20U).value());
    std::map<int, std::string> found;
    for (const auto& resource : state["resources"]) {
      if (resource["name"] != "app") continue;
      for (const auto& one : resource["instances"]) found[one["index_key"]] = one["attributes"]["id"];
    }
    return found;
  }
  [[nodiscard]] int recorded() const { return *host_.registry.load("web").value().metadata.instance_count; }
  // Nothing beside the stack: every shadow is gone.
  [[nodiscard]] std::size_t siblings() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(home_ / "stacks"), fs::directory_iterator()));
  }

  TempDir home_;
  Host host_{home_ / "data", home_ / "stacks"};
};

TEST_F(SizingContract, Law7TheTemplateSizesUpAndDownAndTheOthersStay) {
  const auto deployed = deploy(counted(), 1);
  ASSERT_TRUE(deployed) << deployed.error().message();
  const auto first = ids();
  EXPECT_TRUE(main_says(1));

  const auto up = host_.scale(3);

  ASSERT_TRUE(up) << up.error().message();
  EXPECT_EQ(up->summary, "create terraform_data.app[1], terraform_data.app[2]");
  EXPECT_TRUE(main_says(3));
  EXPECT_EQ(recorded(), 3);
  const auto three = ids();
  EXPECT_EQ(three.size(), 3U);
  EXPECT_EQ(three.at(0), first.at(0));
  struct stat info{};
  ASSERT_EQ(::stat((folder() / "main.tf").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);

  const auto down = host_.scale(2);

  ASSERT_TRUE(down) << down.error().message();
  EXPECT_EQ(down->summary, "delete terraform_data.app[2]");
  EXPECT_TRUE(main_says(2));
  EXPECT_EQ(recorded(), 2);
  EXPECT_EQ(ids().at(1), three.at(1));
  EXPECT_FALSE(fs::exists(folder() / "stackscaler.auto.tfvars.json"));
  EXPECT_EQ(siblings(), 1U);
  const std::string plan = "cd '" + folder().string() + "' && terraform plan -detailed-exitcode >/dev/null 2>&1";
  EXPECT_EQ(std::system(plan.c_str()), 0) << "whoever runs terraform by hand finds nothing to do";
}

TEST_F(SizingContract, ALookChangesNothing) {
  ASSERT_TRUE(deploy(counted(), 1));
  const std::string before = main_tf();

  const auto plan = run(host_.io, host_.driver.plan(Host::ref("web"), 2));

  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->summary, "create terraform_data.app[1]");
  EXPECT_EQ(main_tf(), before);
  EXPECT_EQ(siblings(), 1U);
}

TEST_F(SizingContract, Law7ARefusedPlanLeavesMainAsItIs) {
  const std::string other = "resource \"terraform_data\" \"other\" {\n  input = \"n{{ instance_count }}\"\n}\n";
  ASSERT_TRUE(deploy(counted("", other), 1));
  const std::string before = main_tf();

  const auto scaled = host_.scale(2);

  ASSERT_FALSE(scaled);
  EXPECT_EQ(scaled.error().reason(), reason::kPlanRefused) << scaled.error().message();
  EXPECT_EQ(main_tf(), before);
  EXPECT_EQ(recorded(), 1);
  EXPECT_EQ(siblings(), 1U);
}

TEST_F(SizingContract, Law6AFailingApplyPutsTheRealCountIntoMain) {
  const std::string fails =
      "  lifecycle {\n    precondition {\n      condition     = count.index != 2 || timestamp() == \"\"\n"
      "      error_message = \"no capacity\"\n    }\n  }\n";
  ASSERT_TRUE(deploy(counted(fails), 1));

  const auto scaled = host_.scale(3);

  ASSERT_FALSE(scaled);
  EXPECT_EQ(scaled.error().reason(), reason::kApplyFailed) << scaled.error().message();
  EXPECT_EQ(ids().size(), 2U);
  EXPECT_TRUE(main_says(2));
  EXPECT_EQ(recorded(), 2);
}

TEST_F(SizingContract, Law5ACrashBeforeTheApplyPutsTheRealCountBack) {
  ASSERT_TRUE(deploy(counted(), 1));
  const std::string before = main_tf();
  std::string five = before;
  five.replace(five.find("count = 1"), 9, "count = 5");
  ASSERT_TRUE(write_file_atomic(folder() / "main.tf", five, 0600));
  fs::create_directory(home_ / "stacks" / ".stackscaler-web-0123456789abcdef");
  ports::OperationRecord open;
  open.id = "0123456789abcdef";
  open.stack = "web";
  open.from = 1;
  open.to = 5;
  open.phase = ports::Phase::planned;

  const auto record = run(host_.io, host_.driver.recover(host_.recovery, std::move(open), {}));

  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::abandoned);
  EXPECT_EQ(main_tf(), before);
  EXPECT_EQ(siblings(), 1U) << "the crashed operation's shadow is gone";
}

TEST_F(SizingContract, AMainThatWasEditedByHandIsRefusedWithItsLine) {
  ASSERT_TRUE(deploy(counted(), 1));
  const std::string edited = main_tf() + "# mine\n";
  ASSERT_TRUE(write_file_atomic(folder() / "main.tf", edited, 0600));

  const auto scaled = host_.scale(2);

  ASSERT_FALSE(scaled);
  EXPECT_EQ(scaled.error().reason(), reason::kConfigurationEdited) << scaled.error().message();
  EXPECT_NE(scaled.error().message().find("from line 5 on"), std::string::npos) << scaled.error().message();
  EXPECT_EQ(scaled.error().message().find("a\\\""), std::string::npos) << "no value is told";
  EXPECT_EQ(main_tf(), edited);
  EXPECT_EQ(ids().size(), 1U);
}

TEST_F(SizingContract, Law12AStackThatWasDestroyedByHandIsNotMadeAgain) {
  ASSERT_TRUE(deploy(counted(), 2));
  const std::string destroy =
      "terraform -chdir='" + folder().string() + "' destroy -auto-approve -input=false >/dev/null 2>&1";
  ASSERT_EQ(std::system(destroy.c_str()), 0);

  const auto scaled = host_.scale(3);

  ASSERT_FALSE(scaled);
  EXPECT_EQ(scaled.error().reason(), reason::kStateChanged) << scaled.error().message();
  EXPECT_EQ(scaled.error().kind(), ErrorKind::not_found) << "by which a list tells it from a state of another stack";
}

TEST_F(SizingContract, Law5ALiveApplyOfACrashedDeployIsFollowedBeforeItIsClosed) {
  ASSERT_TRUE(deploy(counted(), 1));
  auto entry = host_.registry.load("web").value();
  entry.metadata = stack::parse_metadata(R"({"context": {"instance_count": 1}})").value();
  ASSERT_TRUE(host_.registry.save(entry));
  ASSERT_TRUE(write_file_atomic(folder() / "slow.tf",
                                "resource \"terraform_data\" \"slow\" {\n  provisioner \"local-exec\" {\n"
                                "    command = \"sleep 3\"\n  }\n}\n",
                                0600));
  ports::OperationRecord open;
  open.id = "fedcba9876543210";
  open.stack = "web";
  open.to = 1;
  open.phase = ports::Phase::planned;
  const std::string apply = "cd '" + folder().string() + "' && STACKSCALER_OPERATION_ID=" + open.id +
                            " terraform apply -auto-approve -input=false >/dev/null 2>&1 &";
  ASSERT_EQ(std::system(apply.c_str()), 0);
  for (int i = 0; i < 200 && terraform::find_operation(open.id).empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ASSERT_FALSE(terraform::find_operation(open.id).empty());

  const auto closed = run(host_.io, host_.driver.recover(host_.recovery, open, {}));

  ASSERT_TRUE(closed) << closed.error().message();
  EXPECT_EQ(closed->outcome_reason, reason::kStackNotAdopted);
  EXPECT_TRUE(terraform::find_operation(open.id).empty());
  const std::string state = read_file(folder() / "terraform.tfstate", 1U << 20U).value();
  EXPECT_NE(state.find("\"slow\""), std::string::npos) << "it was not cut off";
}

TEST_F(SizingContract, ALocalBackendWithAPathOfItsOwnIsSized) {
  const std::string backend = "terraform {\n  backend \"local\" {\n    path = \"../../state/x.tfstate\"\n  }\n}\n";
  const auto deployed = deploy(counted("", backend), 1);
  ASSERT_TRUE(deployed) << deployed.error().message();

  const auto scaled = host_.scale(2);

  ASSERT_TRUE(scaled) << scaled.error().message();
  EXPECT_EQ(host_.observe().value().count, 2);
  EXPECT_TRUE(fs::exists(home_ / "state" / "x.tfstate"));
}

TEST_F(SizingContract, AFolderIsAdoptedByItsTemplateAndOnlyIfMainIsTheTemplates) {
  const std::string text =
      "resource \"terraform_data\" \"app\" {\n  count = {{ instance_count }}\n  input = {{ name }}\n}\n";
  const TerraformStack stack(2,
                             "resource \"terraform_data\" \"app\" {\n  count = 2\n  input = \"x\"\n}\nvariable "
                             "\"instance_count\" {\n  default = 0\n}\n");
  stack.write("main.tf", "resource \"terraform_data\" \"app\" {\n  count = 2\n  input = \"x\"\n}\n");
  stack.write("vars.tf", "variable \"instance_count\" {\n  default = 0\n}\n");
  ASSERT_TRUE(write_file_atomic(home_ / "t.tpl", text, 0600));
  terraform::AdoptRequest request;
  request.folder = stack.folder();
  request.id = "web";
  request.template_file = home_ / "t.tpl";
  request.context = R"({"name": "y"})";
  auto wrong = request;
  const auto refused = host_.adopt(std::move(wrong));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), reason::kConfigurationEdited) << refused.error().message();
  request.context = R"({"name": "x"})";

  const auto adopted = host_.adopt(std::move(request));

  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_EQ(adopted->count, 2);
  const auto scaled = host_.scale(1);
  ASSERT_TRUE(scaled) << scaled.error().message();
  EXPECT_EQ(stack.ids().size(), 1U);
  EXPECT_NE(stack.read("main.tf").find("count = 1"), std::string::npos);
}

}  // namespace
}  // namespace stackscaler::test
