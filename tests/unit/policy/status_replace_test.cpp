// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/status_yaml.hpp"

namespace stackscaler::policy {
namespace {

constexpr std::string_view kBlock = "status:\n  observedGeneration: 1\n  specDigest: abc\n";
constexpr std::string_view kDosBlock = "status:\r\n  observedGeneration: 1\r\n  specDigest: abc\r\n";

struct Case {
  std::string name;
  std::string before;
  std::string after;  // "<>" stands for the block
  std::size_t index = 0;
};

std::string filled(std::string text, std::string_view block) {
  if (const auto at = text.find("<>"); at != std::string::npos) text.replace(at, 2, block);
  return text;
}

class ReplaceStatus : public testing::TestWithParam<Case> {};

TEST_P(ReplaceStatus, TouchesNothingElse) {
  const Case& c = GetParam();
  const bool dos = c.before.find("\r\n") != std::string::npos;
  const std::string want = filled(c.after, dos ? kDosBlock : kBlock);

  const auto once = replace_status(c.before, c.index, kBlock);

  ASSERT_TRUE(once) << once.error().message();
  EXPECT_EQ(*once, want);
  const auto twice = replace_status(*once, c.index, kBlock);
  ASSERT_TRUE(twice) << twice.error().message();
  EXPECT_EQ(*twice, want);
}

const std::string kCut(kBlock.substr(0, kBlock.size() - 1));  // the block without its last newline

INSTANTIATE_TEST_SUITE_P(
    All, ReplaceStatus,
    testing::Values(
        Case{"added_last", "a: 1\n", "a: 1\n<>"}, Case{"replaced_last", "a: 1\nstatus:\n  x: 1\n", "a: 1\n<>"},
        Case{"replaced_first", "status: {x: 1}\na: 1\n", "<>a: 1\n"},
        Case{"replaced_between", "a: 1\nstatus:\n  x:\n  - 1\n\n  y: 2\n\n# b is next\nb: 2\n",
             "a: 1\n<>\n# b is next\nb: 2\n"},
        Case{"empty_value", "status:\n# c\na: 1\n", "<># c\na: 1\n"},
        Case{"null_value", "status: ~\na: 1\n", "<>a: 1\n"}, Case{"no_final_newline_added", "a: 1", "a: 1\n" + kCut},
        Case{"no_final_newline_replaced", "a: 1\nstatus: {}", "a: 1\n" + kCut},
        Case{"crlf", "a: 1\r\nstatus: {}\r\n# c\r\n", "a: 1\r\n<># c\r\n"},
        Case{"crlf_added", "a: 1\r\n", "a: 1\r\n<>"},
        Case{"bom", "\xEF\xBB\xBFstatus: {}\na: 1\n", "\xEF\xBB\xBF<>a: 1\n"},
        Case{"bom_added",
             "\xEF\xBB\xBF"
             "a: 1\n",
             "\xEF\xBB\xBF"
             "a: 1\n<>"},
        Case{"trailing_comments", "a: 1\n\n# the end\n", "a: 1\n<>\n# the end\n"},
        Case{"second_document", "a: 1\n---\nb: 1\n---\nc: 1\n", "a: 1\n---\nb: 1\n<>---\nc: 1\n", 1},
        Case{"end_marker", "---\na: 1\n...\n---\nb: 2\n", "---\na: 1\n<>...\n---\nb: 2\n"},
        Case{"directive", "%YAML 1.2\n---\na: 1\n", "%YAML 1.2\n---\na: 1\n<>"},
        Case{"nested_status", "a:\n  status: 1\nb: 2\n", "a:\n  status: 1\nb: 2\n<>"},
        Case{"status_in_a_comment", "a: 1\n#status:\n# status: 2\n", "a: 1\n<>#status:\n# status: 2\n"},
        Case{"status_in_a_block_scalar", "a: |\n  status: 1\n\n  status:\n", "a: |\n  status: 1\n\n  status:\n<>"},
        Case{"status_in_quotes", "a: \"x\n  status: 1\n  y\"\n", "a: \"x\n  status: 1\n  y\"\n<>"},
        Case{"statuses", "statuses: 1\n", "statuses: 1\n<>"},
        Case{"block_scalar_that_ends_like_a_comment", "a: |\n  x\n  # mine\n", "a: |\n  x\n  # mine\n<>"},
        Case{"block_scalar_that_keeps_blank_lines", "a: |+\n  x\n\n\n", "a: |+\n  x\n\n\n<>"},
        Case{"quoted_key", "\"status\": 1\na: 1\n", "<>a: 1\n"},
        Case{"comment_on_the_key", "status: # by Stackscaler\n  x: 1\na: 1\n",
             "status: # by Stackscaler\n  observedGeneration: 1\n  specDigest: abc\na: 1\n"},
        Case{"comment_behind_the_value", "status: {x: 'a #b'} # mine\na: 1\n",
             "status: # mine\n  observedGeneration: 1\n  specDigest: abc\na: 1\n"},
        Case{"flow_value_over_lines", "status: {x: 1,\n y: 2}\na: 1\n", "<>a: 1\n"},
        Case{"anchors_elsewhere", "a: &x [1]\nstatus: {y: *x}\nb: *x\n", "a: &x [1]\n<>b: *x\n"},
        Case{"root_with_anchor", "--- &root\na: 1\n", "--- &root\na: 1\n<>"},
        Case{"broken_neighbour", "a: 1\n---\n[\n", "a: 1\n<>---\n[\n"},
        Case{"list_at_column_one", "status:\n- 1\n- 2\na:\n- 3\n", "<>a:\n- 3\n"}),
    [](const auto& param) { return param.param.name; });

class RefuseStatus : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(RefuseStatus, WithConflict) {
  const auto edited = replace_status(GetParam().second, 0, kBlock);

  ASSERT_FALSE(edited) << *edited;
  EXPECT_EQ(edited.error().kind(), ErrorKind::conflict);
}

INSTANTIATE_TEST_SUITE_P(All, RefuseStatus,
                         testing::Values(std::pair{"flow_root", "{a: 1, status: {}}\n"},
                                         std::pair{"flow_root_after_marker", "--- {a: 1}\n"},
                                         std::pair{"indented_root", "  a: 1\n  b: 2\n"}, std::pair{"list", "- a\n"},
                                         std::pair{"empty", ""}, std::pair{"scalar", "hello\n"},
                                         std::pair{"broken", "a: [1\n"}, std::pair{"explicit_key", "? status\n: 1\n"},
                                         std::pair{"duplicate_status", "status: 1\na: 1\nstatus: 2\n"},
                                         std::pair{"anchor_in_status", "status: &x {y: 1}\nb: *x\n"},
                                         std::pair{"lone_carriage_return", "a: \"1\r2\"\n"},
                                         std::pair{"tagged_key", "!!str status: 1\na: 2\n"}),
                         [](const auto& param) { return std::string(param.param.first); });

TEST(ReplaceStatusTest, RefusesABlockThatIsNoStatus) {
  for (const char* block : {"", "state:\n  a: 1\n", "status: {}\n", "status:\n  a: [\n", "status:\n  a: 1\nb: 2\n"}) {
    EXPECT_FALSE(replace_status("a: 1\n", 0, block)) << block;
  }
}

}  // namespace
}  // namespace stackscaler::policy
