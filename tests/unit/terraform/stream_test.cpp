// SPDX-License-Identifier: Apache-2.0
#include "terraform/stream.hpp"

#include "terraform/state_lock.hpp"

#include <gtest/gtest.h>

#include "support/golden.hpp"

namespace stackscaler::terraform {
namespace {

PlanStream recorded(const std::string& name) {
  return parse_stream(test::golden("terraform/" + name + ".jsonl"));
}

TEST(StreamTest, ReadsAPlan) {
  const PlanStream stream = recorded("plan_up");

  EXPECT_EQ(stream.version, "1.11.4");
  EXPECT_FALSE(stream.tofu);
  ASSERT_EQ(stream.changes.size(), 2U);
  EXPECT_EQ(stream.changes[1].address, "terraform_data.app[2]");
  EXPECT_EQ(stream.changes[1].action, "create");
  ASSERT_TRUE(stream.plan_summary);
  EXPECT_EQ(stream.plan_summary->add, 2);
  EXPECT_TRUE(stream.outputs_change);
  EXPECT_EQ(stream.malformed, 0U);
  EXPECT_FALSE(stream.torn);
}

TEST(StreamTest, KeepsReasonsAndMoves) {
  EXPECT_EQ(recorded("plan_down").changes.at(0).reason, "delete_because_count_index");
  EXPECT_EQ(recorded("plan_tainted").changes.at(0).reason, "tainted");
  EXPECT_EQ(recorded("plan_moved").changes.at(0).previous_address, "terraform_data.app[0]");
}

TEST(StreamTest, ReadsAnApplyAndItsProgress) {
  const PlanStream stream = recorded("apply_up");

  EXPECT_TRUE(stream.apply_summary);
  EXPECT_FALSE(stream.plan_summary);
  EXPECT_EQ(progress_text(stream), "2 of 2 created");
}

TEST(StreamTest, KnowsWhatWasInCreation) {
  const auto line = [](const std::string& type, const std::string& address, const std::string& action) {
    return R"({"type":")" + type + R"(","hook":{"action":")" + action + R"(","resource":{"addr":")" + address +
           R"("}}})" + "\n";
  };
  const PlanStream stream =
      parse_stream(line("apply_start", "a.b[0]", "create") + line("apply_start", "a.b[1]", "create") +
                   line("apply_start", "a.b[2]", "delete") + line("apply_start", "a.b[3]", "create") +
                   line("apply_complete", "a.b[0]", "create") + line("apply_errored", "a.b[3]", "create"));

  ASSERT_EQ(stream.running.size(), 2U);  // and a deletion
  EXPECT_EQ(stream.running.begin()->first, "a.b[1]");
  EXPECT_EQ(stream.running.begin()->second.action, "create");
}

TEST(StreamTest, ReadsAFailedApply) {
  const PlanStream stream = recorded("apply_failed");

  EXPECT_FALSE(stream.apply_summary);
  EXPECT_EQ(stream.errored, (std::vector<std::string>{"terraform_data.app[2]"}));
  EXPECT_EQ(progress_text(stream), "1 of 2 created, 1 failed");
  EXPECT_EQ(error_text(stream), "local-exec provisioner error (terraform_data.app[2], main.tf:4)");
}

// Lines of an apply, as terraform prints them.
std::string planned(const std::string& address, const std::string& action) {
  return R"({"type":"planned_change","change":{"resource":{"addr":")" + address + R"("},"action":")" + action +
         "\"}}\n";
}
std::string hook(const std::string& type, const std::string& address, const std::string& action, int second,
                 const std::string& more = "") {
  return R"({"type":")" + type + R"(","@timestamp":"2026-11-24T05:59:)" + (second < 10 ? "0" : "") +
         std::to_string(second) + R"(.500000Z","hook":{"resource":{"addr":")" + address + R"("},"action":")" + action +
         "\"" + more + "}}\n";
}

TEST(ProgressTest, NamesWhatRunsForTheLongestTime) {
  std::string text = planned("a.b[1]", "create") + planned("a.b[2]", "create") + planned("a.b[3]", "create");
  text += hook("apply_start", "a.b[1]", "create", 10) + hook("apply_start", "a.b[2]", "create", 12);
  EXPECT_EQ(progress_text(parse_stream(text)), "0 of 3 created, a.b[1] 2s");
  text += hook("apply_progress", "a.b[1]", "create", 20, R"(,"elapsed_seconds":10)");
  EXPECT_EQ(progress_text(parse_stream(text)), "0 of 3 created, a.b[1] 10s");
  text += hook("apply_complete", "a.b[1]", "create", 24);
  EXPECT_EQ(progress_text(parse_stream(text)), "1 of 3 created, a.b[2] 12s");
  text += hook("apply_progress", "a.b[2]", "create", 25, R"(,"elapsed_seconds":94)");
  EXPECT_EQ(progress_text(parse_stream(text)), "1 of 3 created, a.b[2] 1m34s");
  text += hook("apply_errored", "a.b[2]", "create", 26);
  EXPECT_EQ(progress_text(parse_stream(text)), "1 of 3 created, 1 failed");
}

TEST(ProgressTest, CountsDeletionsAndTakesAReplacementAsOne) {
  std::string text = planned("a.b[1]", "delete") + planned("a.b[2]", "delete") + planned("a.b[0]", "replace");
  text += hook("apply_start", "a.b[0]", "delete", 1) + hook("apply_complete", "a.b[0]", "delete", 1);
  text += hook("apply_start", "a.b[2]", "delete", 1);
  text += hook("apply_progress", "a.b[2]", "delete", 11, R"(,"elapsed_seconds":10)");
  EXPECT_EQ(progress_text(parse_stream(text)), "0 of 2 deleted, 0 of 1 replaced, a.b[2] 10s");
  text += hook("apply_complete", "a.b[2]", "delete", 12) + hook("apply_start", "a.b[0]", "create", 12) +
          hook("apply_complete", "a.b[0]", "create", 12);
  EXPECT_EQ(progress_text(parse_stream(text)), "1 of 2 deleted, 1 of 1 replaced");
}

TEST(ProgressTest, LinesWithoutWhatItNeedsAreNoFault) {
  const PlanStream stream =
      parse_stream(planned("a.b[1]", "create") +
                   R"({"type":"apply_start","@timestamp":"yesterday","hook":{"resource":{"addr":"a.b[1]"}}})"
                   "\n"
                   R"({"type":"apply_progress","hook":{"resource":{"addr":"a.b[1]"},"elapsed_seconds":1e300}})"
                   "\n"
                   R"({"type":"apply_progress","hook":{"resource":{"addr":"a.b[9]"},"elapsed_seconds":"x"}})"
                   "\n"
                   R"({"type":"apply_start"})"
                   "\n");

  EXPECT_EQ(stream.malformed, 0U);
  EXPECT_EQ(progress_text(stream).find("0 of 1 created, a.b[1] "), 0U);
}

TEST(StreamTest, SaysWhoHoldsTheLock) {
  const PlanStream stream = recorded("plan_locked");

  EXPECT_TRUE(lock_held(stream));
  const auto lock = parse_lock(stream.first_error()->detail);
  ASSERT_TRUE(lock);
  EXPECT_FALSE(lock->who.empty());
  EXPECT_FALSE(lock->id.empty());
  EXPECT_TRUE(lock->since());
  EXPECT_EQ(lock->operation, "OperationTypeApply");
  EXPECT_FALSE(lock_held(recorded("plan_error")));
}

TEST(StreamTest, NamesAnErrorByFileAndLine) {
  EXPECT_EQ(error_text(recorded("plan_error")), "Unsupported block type (main.tf:11)");
  EXPECT_EQ(error_text(recorded("plan_up")), "");
}

TEST(StreamTest, PiecesGiveTheSameAsTheWhole) {
  const std::string text = test::golden("terraform/apply_failed.jsonl");
  StreamParser parser;
  for (const char c : text) parser.feed(std::string_view(&c, 1));
  parser.finish();

  EXPECT_EQ(parser.stream().changes.size(), recorded("apply_failed").changes.size());
  EXPECT_EQ(progress_text(parser.stream()), "1 of 2 created, 1 failed");
  EXPECT_EQ(parser.stream().malformed, 0U);
}

TEST(StreamTest, UnknownTypesAndFieldsAreIgnoredAndUnknownActionsKept) {
  const PlanStream stream = parse_stream(
      "{\"type\":\"version\",\"tofu\":\"1.9.0\",\"ui\":\"1.2\"}\n"
      "{\"type\":\"news\",\"x\":[1]}\n"
      "{\"type\":\"planned_change\",\"change\":{\"resource\":{\"addr\":\"a.b\"},\"action\":\"teleport\",\"new\":1}}\n");

  EXPECT_TRUE(stream.tofu);
  EXPECT_EQ(stream.version, "1.9.0");
  EXPECT_EQ(stream.malformed, 0U);
  EXPECT_EQ(stream.changes.at(0).action, "teleport");
}

TEST(StreamTest, BrokenLinesAreCounted) {
  for (const char* line : {"{oops", "[]", "42", "{\"type\":\"planned_change\"}",
                           "{\"type\":\"planned_change\",\"change\":{\"resource\":{\"addr\":\"a.b\"}}}",
                           "{\"type\":\"planned_change\",\"change\":{\"action\":\"create\",\"resource\":7}}",
                           "{\"type\":\"change_summary\",\"changes\":{\"add\":\"1\"}}", "{\"type\":\"change_summary\"}",
                           "{\"type\":\"diagnostic\"}"}) {
    EXPECT_EQ(parse_stream(std::string(line) + "\n").malformed, 1U) << line;
  }
}

TEST(StreamTest, ATornLastLineIsTold) {
  std::string text = test::golden("terraform/plan_up.jsonl");
  text.resize(text.size() - 20);

  const PlanStream stream = parse_stream(text);

  EXPECT_TRUE(stream.torn);
  EXPECT_EQ(stream.changes.size(), 2U);
}

TEST(StreamTest, ALineWithoutEndIsNotKept) {
  StreamParser parser;
  const std::string piece(1U << 19U, 'x');
  for (int i = 0; i < 8; ++i) parser.feed(piece);
  parser.feed("\n{\"type\":\"version\",\"terraform\":\"1.0.0\"}\n");
  parser.finish();

  EXPECT_EQ(parser.stream().malformed, 1U);
  EXPECT_EQ(parser.stream().version, "1.0.0");
}

TEST(StreamTest, AStreamBeyondTheLimitIsTruncated) {
  StreamParser parser;
  const std::string piece = std::string(1000, ' ') + "\n";
  for (int i = 0; i < 68'000; ++i) parser.feed(piece);
  parser.finish();

  EXPECT_TRUE(parser.stream().truncated);
}

TEST(StreamTest, TextForPeopleIsOneLineAndBounded) {
  EXPECT_EQ(one_line("a\n\t b\x1b[31m", 100), "a b [31m");
  EXPECT_EQ(one_line("abcdef", 3), "abc…");
  EXPECT_EQ(one_line("ab\xC3\xA9 and more", 3), "ab…") << "no half characters";
}

}  // namespace
}  // namespace stackscaler::terraform
