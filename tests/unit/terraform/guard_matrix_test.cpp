// SPDX-License-Identifier: Apache-2.0
#include "guard_matrix.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>

namespace stackscaler::terraform {
namespace {

std::string lines(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& line : all) text += line + "\n";
  return text;
}

class GuardMatrixTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GuardMatrixTest, IsJudgedRightly) {
  const MatrixCase c = load_case(GetParam());

  const Verdict verdict = judge_case(c);

  ASSERT_EQ(verdict.passed, c.passes) << (verdict.passed ? "wrongly passed: " + verdict.summary
                                                         : "wrongly refused:\n" + lines(verdict.refused));
  EXPECT_EQ(verdict.reason, c.reason) << lines(verdict.refused);
  EXPECT_EQ(verdict.healed, c.healed);
  EXPECT_TRUE(c.summary.empty() || verdict.summary == c.summary) << verdict.summary;
  for (const std::string& name : c.names) {
    EXPECT_NE(lines(verdict.refused).find(name), std::string::npos) << name << "\nis not in\n"
                                                                    << lines(verdict.refused);
  }
  EXPECT_NE(c.passes, !c.names.empty()) << "a refusal must be asserted by what it says";
}

INSTANTIATE_TEST_SUITE_P(All, GuardMatrixTest, ::testing::ValuesIn(matrix_names()), [](const auto& param_info) {
  std::string name = param_info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(GuardMatrix, NothingIsWronglyPassedOrRefusedInAnyClass) {
  struct Count {
    int passed = 0;
    int refused = 0;
    int wrongly_passed = 0;
    int wrongly_refused = 0;
  };
  std::map<std::string, Count> classes;
  int aws = 0;

  const std::vector<std::string> names = matrix_names();
  for (const std::string& name : names) {
    const MatrixCase c = load_case(name);
    const bool passed = judge_case(c).passed;
    Count& count = classes[c.klass];
    ++(passed ? count.passed : count.refused);
    if (passed && !c.passes) ++count.wrongly_passed;
    if (!passed && c.passes) ++count.wrongly_refused;
    aws += name.starts_with("aws-") ? 1 : 0;
  }

  Count all;
  fmt::print("{:<22} {:>6} {:>7} {:>14} {:>15}\n", "class", "passed", "refused", "wrongly passed", "wrongly refused");
  for (const auto& [klass, count] : classes) {
    fmt::print("{:<22} {:>6} {:>7} {:>14} {:>15}\n", klass, count.passed, count.refused, count.wrongly_passed,
               count.wrongly_refused);
    all.passed += count.passed;
    all.refused += count.refused;
    all.wrongly_passed += count.wrongly_passed;
    all.wrongly_refused += count.wrongly_refused;
  }
  fmt::print("{} plans, {} of them of the AWS provider: {} passed, {} refused, {} wrongly passed, {} wrongly refused\n",
             names.size(), aws, all.passed, all.refused, all.wrongly_passed, all.wrongly_refused);
  EXPECT_EQ(all.wrongly_passed, 0);
  EXPECT_EQ(all.wrongly_refused, 0);
  EXPECT_GE(names.size(), 100U);
  EXPECT_GE(aws, 12);
}

}  // namespace
}  // namespace stackscaler::terraform
