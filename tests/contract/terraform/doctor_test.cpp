// SPDX-License-Identifier: Apache-2.0
//
// The doctor on a real stack. The query's answer is fixed here, so what exists "in the cloud" is what a test says.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "policy/reasons.hpp"
#include "rig.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
using terraform::DoctorReport;
using terraform::Health;
using test::Rig;

DoctorReport examine(Rig& rig, const fs::path& query = {}) {
  terraform::DoctorRequest request;
  request.stack = test::Host::ref("web");
  request.query = query;
  auto report = test::run(rig.host.io, rig.host.driver.examine(std::move(request)));
  if (!report) throw std::runtime_error(report.error().message());
  return std::move(*report);
}

// The checks of that name, as "result: message" lines.
std::string said(const DoctorReport& report, const std::string& name) {
  std::string out;
  for (const terraform::Check& check : report.checks) {
    if (check.name == name) out += std::string(to_string(check.health)) + ": " + check.message + "\n";
  }
  return out;
}

std::string query(const std::vector<std::string>& ids) {
  std::string list;
  for (const std::string& id : ids) list += "\"" + id + "\", ";
  return "output \"instances\" {\n  value = [" + list + "]\n}\n";
}

std::vector<std::string> ids_of(const Rig& rig) {
  std::vector<std::string> ids;
  for (const auto& [index, id] : rig.stack.ids()) ids.push_back(id);
  return ids;
}

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

TEST(DoctorContract, ASoundStackHasNoProblemAndStaysAsItIs) {
  STK_NEED_TERRAFORM();
  Rig rig(2);
  write(rig.home / "stacks/web/doctor.hcl", query(ids_of(rig)));
  const auto tree = rig.stack.tree();
  const std::string metadata = rig.metadata().raw;

  const DoctorReport report = examine(rig);

  EXPECT_TRUE(report.sound());
  for (const terraform::Check& check : report.checks)
    EXPECT_EQ(check.health, Health::ok) << check.name << check.message;
  EXPECT_NE(said(report, "orphans").find("2 instances found, all in the state"), std::string::npos);
  EXPECT_EQ(rig.stack.tree(), tree);
  EXPECT_EQ(rig.metadata().raw, metadata);
  for (const auto& left : fs::directory_iterator(rig.home / "data")) {
    EXPECT_FALSE(left.path().filename().string().starts_with("doctor-")) << left.path();
  }
}

TEST(DoctorContract, AnOrphanIsNamedWithTheCommandThatTakesItIn) {
  STK_NEED_TERRAFORM();
  Rig rig(2);
  auto ids = ids_of(rig);
  ids.emplace_back("lost'; reboot");
  write(rig.home / "stacks/web/doctor.hcl", query(ids));
  const auto tree = rig.stack.tree();

  const DoctorReport report = examine(rig);

  EXPECT_FALSE(report.sound());
  ASSERT_EQ(report.orphans.size(), 1U);
  EXPECT_EQ(report.orphans[0].id, "lost'; reboot");
  EXPECT_NE(report.orphans[0].import_command.find(
                "import -var 'instance_count=3' 'terraform_data.app[2]' 'lost'\\''; reboot'"),
            std::string::npos)
      << report.orphans[0].import_command;
  EXPECT_EQ(rig.stack.tree(), tree);
}

TEST(DoctorContract, AQueryIsNeverAppliedWhateverIsInIt) {
  STK_NEED_TERRAFORM();
  Rig rig(1);
  const fs::path made = rig.home / "made";
  const fs::path file = rig.home / "given";
  write(file, query(ids_of(rig)) +
                  "resource \"terraform_data\" \"x\" {\n  provisioner \"local-exec\" {\n    command = \"touch " +
                  made.string() + "\"\n  }\n}\n");

  const DoctorReport report = examine(rig, file);

  EXPECT_TRUE(report.sound()) << said(report, "orphans");
  EXPECT_FALSE(fs::exists(made));
}

TEST(DoctorContract, AQueryMayUseTheStacksVariablesAndItsId) {
  STK_NEED_TERRAFORM();
  Rig rig(1);
  rig.stack.write("some.auto.tfvars", "region = \"here\"\n");
  const fs::path file = rig.home / "given";
  write(file,
        "variable \"region\" {}\nvariable \"stackscaler_stack\" {}\n"
        "output \"instances\" {\n  value = [\"${var.region}-${var.stackscaler_stack}\"]\n}\n");

  const DoctorReport report = examine(rig, file);

  ASSERT_EQ(report.orphans.size(), 1U) << said(report, "orphans");
  EXPECT_EQ(report.orphans[0].id, "here-web");
  EXPECT_NE(said(report, "gone").find(ids_of(rig)[0]), std::string::npos) << "and the one that is there is not found";
}

TEST(DoctorContract, WhatDisagreesIsAProblem) {
  STK_NEED_TERRAFORM();
  Rig rig(3);
  rig.stack.terraform("state rm 'terraform_data.app[1]'");
  rig.stack.write("stackscaler.auto.tfvars.json", "{\"instance_count\": 5}\n");
  ports::OperationRecord open;
  open.id = "op-1";
  open.stack = "web";
  open.to = 4;
  ASSERT_TRUE(test::run(rig.host.io, rig.host.journal.put_operation(open)));

  const DoctorReport report = examine(rig);

  EXPECT_FALSE(report.sound());
  EXPECT_NE(said(report, "indexes").find("problem: terraform_data.app has the indexes 0, 2"), std::string::npos);
  EXPECT_NE(said(report, "metadata").find("problem: the last known count is 3, and the state holds 2"),
            std::string::npos);
  EXPECT_NE(said(report, "variables").find("problem: stackscaler.auto.tfvars.json says 5"), std::string::npos);
  EXPECT_NE(said(report, "journal").find("problem: operation op-1"), std::string::npos);
  EXPECT_NE(said(report, "orphans").find("note: not looked for"), std::string::npos);
}

TEST(DoctorContract, ALostStateAndABadQueryAreProblems) {
  STK_NEED_TERRAFORM();
  Rig rig(1);
  const fs::path file = rig.home / "given";
  write(file, "output \"other\" {\n  value = []\n}\n");

  EXPECT_NE(said(examine(rig, file), "orphans").find("problem: not looked for: "), std::string::npos);

  fs::rename(rig.stack.folder() / "terraform.tfstate", rig.home / "kept");
  const DoctorReport lost = examine(rig, file);

  EXPECT_FALSE(lost.sound());
  EXPECT_NE(said(lost, "state").find("problem: "), std::string::npos);
  EXPECT_TRUE(lost.orphans.empty());
}

}  // namespace
}  // namespace stackscaler
