// SPDX-License-Identifier: Apache-2.0
//
// The guard's matrix: plans recorded from real Terraform runs (tests/golden/terraform/plans, made by
// tests/golden/terraform/record-plans), each with what the guard must say of it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/golden.hpp"
#include "terraform/guard.hpp"

namespace stackscaler::terraform {

struct MatrixCase {
  std::string name;
  std::string klass;
  PlanStream plan;
  GuardInput input;  // its details point into nothing: judge_case() sets them
  std::string show;  // the text of `terraform show -json`, or ""
  bool passes = false;
  std::string reason;
  std::vector<std::string> names;  // parts of refused lines
  std::vector<std::string> healed;
  std::string summary;  // "": not checked
};

inline MatrixCase load_case(const std::string& name) {
  const std::string folder = "terraform/plans/" + name + "/";
  const auto json = nlohmann::json::parse(test::golden(folder + "case.json"));
  MatrixCase c;
  c.name = name;
  c.klass = json.at("class").get<std::string>();
  c.plan = parse_stream(test::golden(folder + "plan.jsonl"));
  if (json.value("truncated", false)) c.plan.truncated = true;
  c.input.resource = json.at("resource").get<std::string>();
  c.input.target = json.at("target").get<int>();
  c.input.indexes = json.at("indexes").get<std::vector<int>>();
  for (const auto& [base, indexes] : json.at("dependents").items()) {
    c.input.dependents.push_back(base);
    c.input.dependent_indexes[base] = indexes.get<std::set<int>>();
  }
  c.input.half_made = json.value("half_made", std::set<int>());
  c.input.allow_data_loss = json.value("allow_data_loss", false);
  for (const auto& allowed : json.value("allow_updates", nlohmann::json::array())) {
    c.input.allow_updates.push_back({allowed.at("address"), allowed.at("attributes")});
  }
  if (json.contains("show")) c.show = test::golden(folder + json.at("show").get<std::string>());
  c.passes = json.at("expect") == "pass";
  c.reason = json.value("reason", "");
  c.names = json.value("names", std::vector<std::string>());
  c.healed = json.value("healed", std::vector<std::string>());
  c.summary = json.value("summary", "");
  return c;
}

inline std::vector<std::string> matrix_names() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(STK_TESTS_DIR) + "/golden/terraform/plans")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// As the driver does it: what an allowed update changes is looked at only when a first judgement asks for it.
inline Verdict judge_case(const MatrixCase& c) {
  GuardInput input = c.input;
  Verdict verdict = judge(c.plan, input);
  if (verdict.updates.empty() || c.show.empty()) return verdict;
  const auto details = parse_details(c.show, verdict.updates);
  if (!details) return verdict;
  input.details = &*details;
  return judge(c.plan, input);
}

}  // namespace stackscaler::terraform
