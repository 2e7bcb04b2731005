// SPDX-License-Identifier: Apache-2.0
//
// Texts made to hurt: each is answered in a bounded time with problems that have a place, and
// docs/explanation/hostile-input.md has every case of the corpus in its table. UPDATE_GOLDEN=1 renews its numbers and
// puts cases that are in no row into the last.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <regex>
#include <set>
#include <vector>

#include "policy/parse.hpp"
#include "policy/status_yaml.hpp"
#include "unit/policy/corpus.hpp"

namespace stackscaler::policy {
namespace {

class HostileText : public testing::TestWithParam<std::string> {};

TEST_P(HostileText, IsAnsweredInTimeWithAPlaceForEachProblem) {
  const std::string text = corpus::generated().at(GetParam());
  const auto start = std::chrono::steady_clock::now();

  const ParsedFile parsed = parse_policies(text, "in.yaml", "/policies", Defaults{});

  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_FALSE(parsed.problems.empty() && parsed.policies.empty() && GetParam() != "thousands_of_markers");
  EXPECT_LE(parsed.problems.size(), 201U);
  for (const Diagnostic& problem : parsed.problems) {
    EXPECT_GE(problem.line, 1U);
    EXPECT_GE(problem.column, 1U);
    EXPECT_LT(problem.message.size(), 1000U);
  }
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& [name, text] : corpus::generated()) out.push_back(name);
  return out;
}
INSTANTIATE_TEST_SUITE_P(All, HostileText, testing::ValuesIn(names()), [](const auto& p) { return p.param; });

TEST(HostileTextTest, TheLimitOfAFileIsSharedAndTheFirstDocumentsAreRead) {
  const ParsedFile parsed =
      parse_policies(corpus::generated().at("thousands_of_documents"), "in.yaml", "/policies", Defaults{});

  EXPECT_GT(parsed.policies.size(), 1000U);
  ASSERT_FALSE(parsed.problems.empty());
  EXPECT_NE(parsed.problems.front().message.find("too large"), std::string::npos);
}

TEST(HostileTextTest, AStatusIsRefusedInTimeToo) {
  for (const auto& [name, text] : corpus::generated()) {
    const auto start = std::chrono::steady_clock::now();
    static_cast<void>(replace_status(text, 0, "status:\n  observedGeneration: 1\n"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << name;
  }
}

// "| class | 3 | said | `a`, `b`, `c` |"
struct Row {
  std::string head;
  std::string number;
  std::string said;
  std::vector<std::string> cases;
  [[nodiscard]] std::string str() const {
    std::string out = "| " + head + " | " + std::to_string(cases.size()) + " | " + said + " |";
    for (std::size_t i = 0; i < cases.size(); ++i) out += (i == 0 ? " `" : ", `") + cases[i] + "`";
    return out + " |\n";
  }
};

std::vector<Row> rows_of(const std::string& table) {
  static const std::regex kRow(R"(\| (.+) \| (\d+) \| (.+) \| (`.*`) \|\n)");
  static const std::regex kName("`([^`]+)`");
  std::vector<Row> out;
  for (std::sregex_iterator row(table.begin(), table.end(), kRow), last; row != last; ++row) {
    Row one{(*row)[1], (*row)[2], (*row)[3], {}};
    const std::string list = (*row)[4];
    for (std::sregex_iterator name(list.begin(), list.end(), kName); name != last; ++name) {
      one.cases.push_back((*name)[1]);
    }
    out.push_back(std::move(one));
  }
  return out;
}

TEST(HostileInputPage, HasEveryCaseInOneClassAndCountsThem) {
  const std::filesystem::path file = STK_HOSTILE_PAGE;
  const std::string page = corpus::slurp(file);
  const std::string begin = "| --- | --- | --- | --- |\n";
  const std::size_t from = page.find(begin, page.find("<!-- cases: begin -->")) + begin.size();
  const std::size_t to = page.find("<!-- cases: end -->");
  ASSERT_LT(from, to);
  std::vector<Row> rows = rows_of(page.substr(from, to - from));
  ASSERT_FALSE(rows.empty());
  const auto cases = corpus::all();
  std::set<std::string> listed;
  for (const Row& row : rows) {
    EXPECT_EQ(row.number, std::to_string(row.cases.size())) << row.head;
    for (const std::string& name : row.cases) {
      EXPECT_TRUE(cases.contains(name)) << name << " is not in the corpus";
      EXPECT_TRUE(listed.insert(name).second) << name << " is in two classes";
    }
  }
  for (const auto& [name, text] : cases) {
    EXPECT_TRUE(listed.contains(name)) << name << " is in no class of " << file;
    if (!listed.contains(name)) rows.back().cases.push_back(name);
  }
  if (std::getenv("UPDATE_GOLDEN") == nullptr) return;
  std::string table;
  for (Row& row : rows) {
    std::erase_if(row.cases, [&](const std::string& name) { return !cases.contains(name); });
    table += row.str();
  }
  std::ofstream(file, std::ios::binary) << page.substr(0, from) << table << page.substr(to);
}

}  // namespace
}  // namespace stackscaler::policy
