// SPDX-License-Identifier: Apache-2.0
//
// A stack from a template, with a real Terraform.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "rig.hpp"

namespace stackscaler::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTemplate = R"(variable "instance_count" {
  type = number
}
resource "terraform_data" "app" {
  count = var.instance_count
  input = "{{ name }}-${count.index}"
}
)";

struct Fresh {
  Fresh() : host(home / "data", home / "stacks") { fs::create_directories(home / "data"); }
  terraform::DeployRequest request(const std::string& text = kTemplate) const {
    terraform::DeployRequest request;
    request.id = "web";
    request.template_name = "main.tf.tpl";
    request.template_text = text;
    request.context = R"({"name": "a\"${1}", "secret": "s3"})";
    request.instances = 2;
    return request;
  }
  Result<terraform::DeployReport> deploy(terraform::DeployRequest request, bool look = false) {
    return run(host.io, host.driver.deploy(look ? nullptr : &host.permit, std::move(request), {}));
  }
  [[nodiscard]] fs::path folder() const { return home / "stacks" / "web"; }
  TempDir home;
  Host host;
};

unsigned mode_of(const fs::path& file) {
  struct stat info{};
  return ::stat(file.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

TEST(DeployTest, MakesAStackThatCanBeScaledAndRemembersItsContext) {
  STK_NEED_TERRAFORM();
  Fresh fresh;

  const auto report = fresh.deploy(fresh.request());

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->deployed);
  EXPECT_EQ(report->count, 2);
  EXPECT_EQ(report->resource, "terraform_data.app");
  EXPECT_EQ(report->summary, "create terraform_data.app[0], terraform_data.app[1]");
  EXPECT_EQ(report->warnings, (std::vector<std::string>{"the template doesn't use 'secret' of the context"}));
  const auto metadata = fresh.host.registry.load("web").value().metadata;
  EXPECT_EQ(metadata.template_, "main.tf.tpl");
  EXPECT_EQ(metadata.instance_count, 2);
  EXPECT_FALSE(metadata.last_scaled_at.empty());
  EXPECT_NE(metadata.raw.find("\"secret\": \"s3\""), std::string::npos);
  EXPECT_EQ(mode_of(fresh.folder() / "main.tf"), 0600U);
  EXPECT_EQ(mode_of(fresh.folder() / "deploy_metadata.json"), 0600U);
  EXPECT_TRUE(run(fresh.host.io, fresh.host.journal.unfinished_operations()).value().empty());

  const auto scaled = fresh.host.scale(3);
  ASSERT_TRUE(scaled) << scaled.error().message();
  EXPECT_EQ(fresh.host.observe().value().count, 3);
  ASSERT_TRUE(fresh.host.scale(1));
  EXPECT_EQ(fresh.host.observe().value().indexes, (std::vector<int>{0}));
  EXPECT_NE(fresh.host.registry.load("web").value().metadata.raw.find("\"secret\": \"s3\""), std::string::npos);
}

TEST(DeployTest, ALookLeavesNothingBehind) {
  STK_NEED_TERRAFORM();
  Fresh fresh;

  const auto report = fresh.deploy(fresh.request(), true);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_FALSE(report->deployed);
  EXPECT_EQ(report->summary, "create terraform_data.app[0], terraform_data.app[1]");
  EXPECT_FALSE(fs::exists(fresh.folder()));
  EXPECT_FALSE(run(fresh.host.io, fresh.host.journal.last_applied("web")).value());
}

TEST(DeployTest, LeavesAStackAloneThatIsThereAlready) {
  STK_NEED_TERRAFORM();
  Fresh fresh;
  ASSERT_TRUE(fresh.deploy(fresh.request()));

  const auto again = fresh.deploy(fresh.request());

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason(), "StackExists");
  EXPECT_EQ(fresh.host.observe().value().count, 2);
}

TEST(DeployTest, LeavesAFolderAloneThatIsNotOfItsMaking) {
  STK_NEED_TERRAFORM();
  Fresh fresh;
  fs::create_directories(fresh.folder());
  std::ofstream(fresh.folder() / "terraform.tfstate") << "mine";

  const auto report = fresh.deploy(fresh.request());

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), "StackExists");
  EXPECT_TRUE(fs::exists(fresh.folder() / "terraform.tfstate"));
}

TEST(DeployTest, LeavesAStateAloneThatTheBackendHoldsAlready) {
  STK_NEED_TERRAFORM();
  Fresh fresh;
  const TerraformStack other(1);
  const std::string state = other.read("terraform.tfstate");
  const std::string backend = "terraform {\n  backend \"local\" {\n    path = \"" +
                              (other.folder() / "terraform.tfstate").string() + "\"\n  }\n}\n";

  const auto report = fresh.deploy(fresh.request(backend + kTemplate));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), "StackExists") << report.error().message();
  EXPECT_EQ(other.read("terraform.tfstate"), state);
  EXPECT_FALSE(fs::exists(fresh.folder()));
}

TEST(DeployTest, WhatCannotBeSizedOrRenderedIsRefusedAndLeavesNothing) {
  STK_NEED_TERRAFORM();
  Fresh fresh;

  const auto unsized = fresh.deploy(fresh.request("resource \"terraform_data\" \"app\" {}\n"));
  ASSERT_FALSE(unsized);
  EXPECT_NE(unsized.error().message().find("declares no variable"), std::string::npos);
  const auto unknown = fresh.deploy(fresh.request("a = {{ nmae }}\n"));
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message().find("did you mean 'name'"), std::string::npos);
  auto bad_id = fresh.request();
  bad_id.id = "../web";
  EXPECT_FALSE(fresh.deploy(std::move(bad_id)));

  EXPECT_FALSE(fs::exists(fresh.folder()));
}

TEST(DeployTest, AnApplyThatFailsKeepsTheFolderAndSaysWhatToDo) {
  STK_NEED_TERRAFORM();
  Fresh fresh;
  const std::string failing = std::string(kTemplate) +
                              "resource \"terraform_data\" \"bad\" {\n  depends_on = [terraform_data.app]\n"
                              "  provisioner \"local-exec\" {\n    command = \"exit 3\"\n  }\n}\n";

  const auto report = fresh.deploy(fresh.request(failing));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), "ApplyFailed");
  EXPECT_NE(report.error().message().find("stackscaler stack adopt"), std::string::npos);
  EXPECT_TRUE(fs::exists(fresh.folder() / "terraform.tfstate"));
  EXPECT_TRUE(fresh.host.registry.contains("web"));
  EXPECT_TRUE(run(fresh.host.io, fresh.host.journal.unfinished_operations()).value().empty());
  terraform::AdoptRequest request;
  request.folder = fresh.folder();
  request.id = "web";
  const auto adopted = fresh.host.adopt(std::move(request));
  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_EQ(adopted->count, 2);
}

TEST(DeployTest, ADeployThatACrashCutShortIsClosedAndCanBeTakenIn) {
  STK_NEED_TERRAFORM();
  Fresh fresh;
  ASSERT_TRUE(fresh.deploy(fresh.request()));
  // As the crash leaves it: metadata without what adopting records, and an open operation.
  auto entry = fresh.host.registry.load("web").value();
  const auto cut = stack::parse_metadata(R"({"template": "main.tf.tpl", "context": {"instance_count": 2}})").value();
  entry.metadata = cut;
  ASSERT_TRUE(fresh.host.registry.save(entry));
  ports::OperationRecord open;
  open.id = "0123456789abcdef";
  open.stack = "web";
  open.to = 2;
  open.phase = ports::Phase::applying;

  const auto closed = run(fresh.host.io, fresh.host.driver.recover(fresh.host.recovery, std::move(open), {}));

  ASSERT_TRUE(closed) << closed.error().message();
  EXPECT_EQ(closed->phase, ports::Phase::failed);
  EXPECT_EQ(closed->outcome_reason, "StackNotAdopted");
  EXPECT_NE(closed->outcome.find("stackscaler stack adopt"), std::string::npos);
  terraform::AdoptRequest request;
  request.folder = fresh.folder();
  request.id = "web";
  EXPECT_TRUE(fresh.host.adopt(std::move(request)));
  EXPECT_EQ(fresh.host.observe().value().count, 2);
}

TEST(DeployTest, AStackDestroyedByHandIsReportedAndNotMadeAgain) {
  STK_NEED_TERRAFORM();
  Fresh fresh;
  ASSERT_TRUE(fresh.deploy(fresh.request()));
  const std::string destroy =
      "terraform -chdir='" + fresh.folder().string() + "' destroy -auto-approve -input=false >/dev/null 2>&1";
  ASSERT_EQ(std::system(destroy.c_str()), 0);

  const auto scaled = fresh.host.scale(3);

  ASSERT_FALSE(scaled);
  EXPECT_EQ(scaled.error().reason(), "StateChanged") << scaled.error().message();
}

}  // namespace
}  // namespace stackscaler::test
