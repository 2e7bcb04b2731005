// SPDX-License-Identifier: Apache-2.0
#include "source/validate.hpp"

#include "source_support.hpp"

namespace stackscaler::source {
namespace {

using test::policy_text;
using test::put;

TEST(ValidateTest, ReportsEveryProblemOfFilesAndFolders) {
  const test::TempDir dir;
  std::filesystem::create_directory(dir / "sub");
  put(dir / "sub" / "a.yaml", policy_text("a"));
  put(dir / "sub" / "b.yaml", policy_text("b", 0) + "---\n" + policy_text("a"));
  put(dir / "single.txt", policy_text("single"));

  const Validation result =
      validate_paths({dir / "sub", dir / "single.txt", dir / "sub" / "a.yaml", dir / "none.yaml"}, {});

  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.files, 3U);
  EXPECT_EQ(result.policies.size(), 2U);
  ASSERT_EQ(result.problems.size(), 2U);
  const std::string b = (dir / "sub" / "b.yaml").string();
  EXPECT_EQ(result.problems[0].str(), b + ":6:17: spec.bounds.max must be from 1 to 100000, got 0");
  EXPECT_EQ(result.problems[1].str(),
            b + ":10:1: the policy default/a is already defined in " + (dir / "sub" / "a.yaml").string() + ":1");
  ASSERT_EQ(result.unreadable.size(), 1U);
  EXPECT_NE(result.unreadable[0].message().find("none.yaml"), std::string::npos);
}

}  // namespace
}  // namespace stackscaler::source
