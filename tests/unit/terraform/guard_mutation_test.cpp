// SPDX-License-Identifier: Apache-2.0
//
// Mutation: the guard with one rule switched off must judge at least one recorded plan wrongly. Otherwise the rule is
// either not tested or not needed. This program compiles the guard itself, with STK_GUARD_RULES.
#include <gtest/gtest.h>

#include "guard_matrix.hpp"
#include "terraform/guard_rules.hpp"

namespace stackscaler::terraform {
namespace {

std::optional<Rule> off;

std::vector<MatrixCase> load_all() {
  std::vector<MatrixCase> all;
  for (const std::string& name : matrix_names()) all.push_back(load_case(name));
  return all;
}

const std::vector<MatrixCase>& cases() {
  static const std::vector<MatrixCase> all = load_all();
  return all;
}

// The names of the plans that are wrongly passed or wrongly refused.
std::string wrong() {
  std::string names;
  for (const MatrixCase& c : cases()) {
    if (judge_case(c).passed != c.passes) names += (names.empty() ? "" : ", ") + c.name;
  }
  return names;
}

class GuardMutationTest : public ::testing::TestWithParam<std::pair<Rule, std::string_view>> {
 protected:
  void TearDown() override { off.reset(); }
};

TEST_P(GuardMutationTest, WithoutTheRuleAPlanIsJudgedWrongly) {
  off = GetParam().first;

  const std::string names = wrong();

  EXPECT_FALSE(names.empty()) << "no recorded plan needs the rule " << GetParam().second;
  RecordProperty("wrong", names);
}

INSTANTIATE_TEST_SUITE_P(All, GuardMutationTest, ::testing::ValuesIn(kRules),
                         [](const auto& param_info) { return std::string(param_info.param.second); });

TEST(GuardMutation, WithAllRulesNoneIs) {
  EXPECT_EQ(wrong(), "");
}

}  // namespace

bool rule_on(Rule rule) {
  return off != rule;
}

}  // namespace stackscaler::terraform
