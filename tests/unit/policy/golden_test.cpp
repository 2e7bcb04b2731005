// SPDX-License-Identifier: Apache-2.0
//
// tests/golden/policy/<case>/in.yaml gives exactly the lines of want.txt. UPDATE_GOLDEN=1 rewrites them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "policy/parse.hpp"
#include "unit/policy/corpus.hpp"

namespace stackscaler::policy {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> cases() {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(STK_GOLDEN_DIR)) out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

class PolicyGolden : public testing::TestWithParam<std::string> {};

TEST_P(PolicyGolden, SaysExactlyThis) {
  const fs::path folder = fs::path(STK_GOLDEN_DIR) / GetParam();
  const Defaults defaults;

  const ParsedFile parsed =
      parse_policies(corpus::slurp(folder / "in.yaml"), "in.yaml", "/policies", defaults, corpus::home_of(GetParam()));

  std::string said;
  for (const Diagnostic& problem : parsed.problems) said += problem.str("in.yaml") + "\n";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(folder / "want.txt", std::ios::binary) << said;
  EXPECT_EQ(said, corpus::slurp(folder / "want.txt"));
  if (GetParam().starts_with("valid_")) {
    EXPECT_TRUE(parsed.problems.empty());
    EXPECT_FALSE(parsed.policies.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(All, PolicyGolden, testing::ValuesIn(cases()), [](const auto& param) { return param.param; });

}  // namespace
}  // namespace stackscaler::policy
