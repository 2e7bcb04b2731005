// SPDX-License-Identifier: Apache-2.0
//
// The policies of examples/ are valid as they stand there.
#include <gtest/gtest.h>

#include <filesystem>

#include "source/validate.hpp"

namespace stackscaler::source {
namespace {

class ExamplePolicies : public testing::TestWithParam<const char*> {};

TEST_P(ExamplePolicies, HaveNoProblem) {
  const auto validation = validate_paths({std::filesystem::path(STK_EXAMPLES) / GetParam()}, policy::Defaults{});

  for (const FileProblem& problem : validation.problems) ADD_FAILURE() << problem.str();
  EXPECT_TRUE(validation.unreadable.empty());
  EXPECT_EQ(validation.policies.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Aws, ExamplePolicies, testing::Values("aws-ec2-elb/policy.yaml", "aws-ec2-alb/policy.yaml"),
                         [](const auto& one) { return std::string(one.param).substr(8, 3); });

}  // namespace
}  // namespace stackscaler::source
