// SPDX-License-Identifier: Apache-2.0
#include "advisor/validate.hpp"

#include <gtest/gtest.h>

#include <random>

#include "advisor_support.hpp"

namespace stackscaler::advisor {
namespace {

using decision::Action;

Validated check(const std::string& raw, int current = 5) {
  const policy::Spec s = spec();
  return validate(raw, s, s.bounds, current, "gemini");
}

TEST(ValidateTest, AGoodAnswerIsTakenAsItIs) {
  const Validated v = check(words("scale_up", "6", "0.85"));

  ASSERT_TRUE(v.advice);
  EXPECT_EQ(v.advice->action, Action::scale_up);
  EXPECT_EQ(v.advice->target, 6);
  EXPECT_EQ(v.advice->confidence, 0.85);
  EXPECT_EQ(v.advice->advisor, "gemini");
  EXPECT_EQ(v.advice->reason, "Advised");
  EXPECT_EQ(v.advice->message, "gemini advises 6 (0.85): load");
  EXPECT_TRUE(v.trace.empty());
}

struct Case {
  std::string name;
  std::string raw;
  std::optional<int> target;  // absent: refused
  std::string said;           // in the refusal, or in a line of the trace
  Action action = Action::no_change;
};

class ValidateTable : public testing::TestWithParam<Case> {};

TEST_P(ValidateTable, GivesAdviceOrSaysWhyNot) {
  const Case& c = GetParam();

  const Validated v = check(c.raw);

  ASSERT_EQ(v.advice.has_value(), c.target.has_value()) << v.refused;
  std::string all = v.refused;
  for (const auto& line : v.trace) {
    EXPECT_EQ(line.step, "validation");
    all += line.message + "\n";
  }
  EXPECT_NE(all.find(c.said), std::string::npos) << all;
  EXPECT_EQ(v.advice.has_value(), v.refused.empty());
  if (!v.advice) return;
  EXPECT_EQ(v.advice->target, *c.target);
  EXPECT_EQ(v.advice->action, c.action);
  EXPECT_EQ(v.advice->trace.size(), v.trace.size());
}

const std::string kGood = words("scale_up", "6", "0.9");
constexpr Action kUp = Action::scale_up;
constexpr Action kDown = Action::scale_down;

INSTANTIATE_TEST_SUITE_P(
    All, ValidateTable,
    testing::Values(
        Case{"down", words("scale_down", "4", "0.9"), 4, "", kDown},
        Case{"no_change", words("no_change", "5", "0.9"), 5, ""},
        Case{"fence", "```json\n" + kGood + "\n```", 6, "text around", kUp},
        Case{"prose", "Sure! " + kGood + " Hope it helps.", 6, "text around", kUp},
        Case{"in_an_array", "[" + kGood + "]", 6, "text around", kUp},
        Case{"two_objects", kGood + kGood, {}, "more than one"},
        Case{"in_a_wrapper", R"({"advice":)" + kGood + "}", {}, "action is missing"},
        Case{"cut_off", kGood.substr(0, kGood.size() - 5), {}, "cut off"},
        Case{"cut_off_at_the_brace", kGood.substr(0, kGood.size() - 1), {}, "cut off"},
        Case{"a_stray_brace", kGood + "}", {}, "closing brace"}, Case{"nothing", "", {}, "no JSON object"},
        Case{"only_prose", "I would scale up to 6.", {}, "no JSON object"},
        Case{"braces_of_prose", "{scale up to 6}", {}, "no valid JSON"},
        Case{"a_megabyte", kGood + std::string(1 << 20, ' '), {}, "longer than"},
        Case{"duplicate_keys", R"({"action":"scale_up","target":6,"target":9,"confidence":0.9})", {}, "twice"},
        Case{"duplicate_in_depth",
             R"({"action":"scale_up","target":6,"confidence":0.9,"x":{"a":1,"a":2}})",
             {},
             "twice"},
        Case{"same_key_in_another_object", R"({"action":"scale_up","target":6,"confidence":0.9,"x":{"target":1}})", 6,
             "1 unknown fields", kUp},
        Case{"deep", R"({"x":)" + std::string(5000, '[') + std::string(5000, ']') + "}", {}, "too deeply"},
        Case{"brace_in_a_text", R"({"action":"scale_up","target":6,"confidence":0.9,"reason":"} { \" x"})", 6, "", kUp},
        Case{"other_spelling", words("Scale-Up", "6", "0.9"), 6, "spelt", kUp},
        Case{"camel_case", words("scaleUp", "6", "0.9"), 6, "spelt", kUp},
        Case{"unknown_action", words("explode", "6", "0.9"), {}, "none of"},
        Case{"action_number", R"({"action":1,"target":6,"confidence":0.9})", {}, "no text"},
        Case{"action_null", R"({"action":null,"target":6,"confidence":0.9})", {}, "action is missing"},
        Case{"no_target", R"({"action":"scale_up","confidence":0.9})", {}, "target is missing"},
        Case{"no_target_no_change", R"({"action":"no_change","confidence":0.9})", 5, "target is missing"},
        Case{"target_text", words("scale_up", "\"6\"", "0.9"), 6, "was a text", kUp},
        Case{"target_word", words("scale_up", "\"six\"", "0.9"), {}, "no number"},
        Case{"target_nan_text", words("scale_up", "\"NaN\"", "0.9"), {}, "no number"},
        Case{"target_infinite_text", words("scale_up", "\"Infinity\"", "0.9"), {}, "no number"},
        Case{"target_nan", words("scale_up", "NaN", "0.9"), {}, "no valid JSON"},
        Case{"target_too_large_for_a_double", words("scale_up", "1e999", "0.9"), {}, "no valid JSON"},
        Case{"target_huge", words("scale_up", "1e300", "0.9"), 8, "above 100000", kUp},
        Case{"target_fraction", words("scale_up", "5.2", "0.9"), 6, "rounded up", kUp},
        Case{"target_whole_float", words("scale_up", "6.0", "0.9"), 6, "", kUp},
        Case{"target_negative", words("scale_down", "-3", "0.9"), 4, "below 0", kDown},
        Case{"target_object", words("scale_up", "{}", "0.9"), {}, "no number"},
        Case{"up_but_lower", words("scale_up", "4", "0.9"), 5, "disagree"},
        Case{"down_but_higher", words("scale_down", "7", "0.9"), 5, "disagree"},
        Case{"up_but_equal", words("scale_up", "5", "0.9"), 5, "disagree"},
        Case{"no_change_but_other", words("no_change", "9", "0.9"), 5, "no_change with target 9"},
        Case{"above_the_bounds", words("scale_up", "50", "0.9"), 8, "out of bounds", kUp},
        Case{"below_the_bounds", words("scale_down", "0", "0.9"), 4, "out of bounds", kDown},
        Case{"step_up", words("scale_up", "10", "0.9"), 8, "beyond scaleUp.maxStep", kUp},
        Case{"step_down", words("scale_down", "2", "0.9"), 4, "beyond scaleDown.maxStep", kDown},
        Case{"confidence_percent", words("scale_up", "6", "\"85%\""), 6, "read as 0.85", kUp},
        Case{"confidence_text", words("scale_up", "6", "\"0.85\""), 6, "was a text", kUp},
        Case{"confidence_word", words("scale_up", "6", "\"high\""), {}, "confidence is no number"},
        Case{"confidence_85", words("scale_up", "6", "85"), {}, "not from 0 to 1"},
        Case{"confidence_above", words("scale_up", "6", "1.01"), {}, "not from 0 to 1"},
        Case{"confidence_negative", words("scale_up", "6", "-0.1"), {}, "not from 0 to 1"},
        Case{"confidence_150_percent", words("scale_up", "6", "\"150%\""), {}, "not from 0 to 1"},
        Case{"confidence_missing", R"({"action":"scale_up","target":6})", {}, "confidence is missing"},
        Case{"confidence_true", words("scale_up", "6", "true"), {}, "confidence is no number"},
        Case{"bad_utf8",
             "{\"action\":\"scale_up\",\"target\":6,\"confidence\":0.9,\"reason\":\"\xff\"}",
             {},
             "no valid JSON"}),
    [](const auto& tested) { return tested.param.name; });

TEST(ValidateTest, AtABoundNothingGoesFurther) {
  EXPECT_EQ(check(words("scale_up", "12", "0.9"), 10).advice->action, Action::no_change);
  EXPECT_EQ(check(words("scale_down", "0", "0.9"), 2).advice->action, Action::no_change);
}

TEST(ValidateTest, AModelsSentenceIsOneShortPrintableLine) {
  const std::string nasty = R"({"action":"scale_up","target":6,"confidence":0.9,"reason":"a\u001b[31mb\nc\u202edé )" +
                            std::string(500, 'x') + "\"}";

  const Validated v = check(nasty);

  ASSERT_TRUE(v.advice);
  EXPECT_LT(v.advice->message.size(), kMaxReason + 40);
  for (const char c : v.advice->message) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << v.advice->message;
}

TEST(ValidateTest, ARefusalRepeatsNoWordOfTheModel) {
  const Validated v = check(words("IGNORE-ALL-RULES", "6", "0.9"));

  EXPECT_EQ(v.refused.find("IGNORE"), std::string::npos);
}

TEST(ValidateTest, DigitsAreKeptToTheLastByteOfTheLimit) {
  EXPECT_EQ(shown_text("abcdef", 6), "abcdef");
  EXPECT_EQ(shown_text("abcdefg", 6), "abc...");
  EXPECT_EQ(shown_text(" \n\t ", 6), "");
}

// What comes out obeys bounds and steps, whatever comes in.
void expect_sound(const Validated& v, const policy::Spec& s, int current, const std::string& raw) {
  ASSERT_NE(v.advice.has_value(), !v.refused.empty()) << raw;
  if (!v.advice) return;
  const decision::Advice& a = *v.advice;
  ASSERT_GE(a.confidence, 0) << raw;
  ASSERT_LE(a.confidence, 1) << raw;
  if (a.action == Action::no_change) {
    ASSERT_EQ(a.target, current) << raw;
    return;
  }
  ASSERT_EQ(a.action == Action::scale_up, a.target > current) << raw;
  ASSERT_GE(a.target, std::min(s.bounds.min, current)) << raw;
  ASSERT_LE(a.target, std::max(s.bounds.max, current)) << raw;
  ASSERT_LE(a.target - current, policy::step_size(s.behavior.scale_up.max_step, current)) << raw;
  ASSERT_LE(current - a.target, policy::limit_size(s.behavior.scale_down.max_step, current)) << raw;
}

TEST(ValidateProperty, GeneratedAnswersGiveSoundAdviceOrNone) {
  std::mt19937 engine{20261124};
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine); };
  const std::vector<std::string> actions{"scale_up", "scale_down", "no_change", "SCALE UP", "up", ""};
  const std::vector<std::string> confidences{"0.9", "1", "0", "\"70%\"", "2", "-1", "null", "\"high\"", "[]"};
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    policy::Spec s = spec();
    s.bounds.min = pick(0, 10);
    s.bounds.max = s.bounds.min + pick(1, 30);
    s.behavior.scale_up.max_step = {pick(1, 100), pick(0, 1) == 0};
    s.behavior.scale_down.max_step = {pick(1, 100), pick(0, 1) == 0};
    const int current = pick(0, 50);
    const std::string target = pick(0, 9) == 0 ? std::to_string(pick(-9, 90)) + ".5" : std::to_string(pick(-9, 90));
    const std::string raw =
        words(actions[static_cast<std::size_t>(pick(0, 5))], target, confidences[static_cast<std::size_t>(pick(0, 8))]);

    const Validated v = validate(raw, s, s.bounds, current, "gemini");

    accepted += v.advice ? 1 : 0;
    expect_sound(v, s, current, raw);
  }
  EXPECT_GT(accepted, 4000);
}

TEST(ValidateProperty, DamagedAnswersNeverThrowAndStaySound) {
  std::mt19937 engine{7};
  const auto pick = [&](std::size_t high) { return std::uniform_int_distribution<std::size_t>(0, high)(engine); };
  const policy::Spec s = spec();
  const std::string alphabet = "{}[]\",:\\0123456789.eE+-naultrfsNI \n\x00\xff";
  for (int i = 0; i < 20'000; ++i) {
    std::string raw = kGood;
    for (std::size_t n = pick(4); n > 0; --n) {
      const std::size_t at = pick(raw.size() - 1);
      switch (pick(2)) {
        case 0: raw[at] = alphabet[pick(alphabet.size() - 1)]; break;
        case 1: raw.erase(at, 1); break;
        default: raw.insert(at, 1, alphabet[pick(alphabet.size() - 1)]); break;
      }
    }
    expect_sound(validate(raw, s, s.bounds, 5, "gemini"), s, 5, raw);
  }
}

}  // namespace
}  // namespace stackscaler::advisor
