// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/detail/tree.hpp"
#include "policy/status_yaml.hpp"

namespace stackscaler::policy {
namespace {

using namespace std::chrono_literals;

WallTime at(std::string_view text) {
  return parse_rfc3339(text).value();
}

Status full() {
  Status status;
  status.observed_generation = 3;
  status.spec_digest = "12e45";
  status.current_instances = 3;
  status.count_age = 40s;
  status.desired_instances = 4;
  status.last_scale_time = at("2026-11-23T10:00:00Z");
  status.last_decision = LastDecision{.time = at("2026-11-23T10:00:00Z"),
                                      .action = "scale_up",
                                      .from = 3,
                                      .to = 4,
                                      .confidence = 0.85,
                                      .advisor = "rules",
                                      .reason = "AboveThreshold",
                                      .message = "cpu 81.3 is above 75: 3 -> 4"};
  status.metrics.push_back({.name = "cpu", .value = "81.3", .target = "75/30", .desired_instances = 4, .missing = ""});
  status.metrics.push_back({.name = "on", .value = "", .target = "", .desired_instances = {}, .missing = "no data"});
  status.operation = OperationStatus{.id = "0a1b",
                                     .phase = "Applying",
                                     .from = 3,
                                     .to = 4,
                                     .since = at("2026-11-23T10:00:01Z"),
                                     .progress = "1 of 1 created"};
  status.conditions.push_back({.type = "Ready",
                               .status = ConditionStatus::true_,
                               .reason = "Settled",
                               .message = "",
                               .observed_generation = 3,
                               .last_transition_time = at("2026-11-23T09:00:00Z")});
  return status;
}

TEST(RenderStatusTest, WritesTheWholeInTheOrderOfTheSchema) {
  const std::string want = R"(status:
  observedGeneration: 3
  specDigest: "12e45"
  currentInstances: 3
  countAge: 40s
  desiredInstances: 4
  lastScaleTime: "2026-11-23T10:00:00Z"
  lastDecision:
    time: "2026-11-23T10:00:00Z"
    action: scale_up
    from: 3
    to: 4
    confidence: 0.85
    advisor: rules
    reason: AboveThreshold
    message: "cpu 81.3 is above 75: 3 -> 4"
  metrics:
    - name: cpu
      value: "81.3"
      target: "75/30"
      desiredInstances: 4
    - name: "on"
      missing: no data
  operation:
    id: "0a1b"
    phase: Applying
    from: 3
    to: 4
    since: "2026-11-23T10:00:01Z"
    progress: "1 of 1 created"
  conditions:
    - type: Ready
      status: "True"
      reason: Settled
      message: ""
      observedGeneration: 3
      lastTransitionTime: "2026-11-23T09:00:00Z"
)";

  EXPECT_EQ(render_status(full()), want);
}

TEST(RenderStatusTest, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(render_status(Status{}), "status:\n  observedGeneration: 0\n  specDigest: \"\"\n");
}

class RenderScalar : public testing::TestWithParam<std::string> {};

TEST_P(RenderScalar, ReadsBackAsTheSameString) {
  Status status;
  status.conditions.push_back({.type = "Ready", .reason = "R", .message = GetParam()});

  const std::string text = render_status(status);

  const detail::Stream stream = detail::read_stream(text);
  ASSERT_TRUE(stream.problems.empty()) << text;
  ASSERT_EQ(stream.documents.size(), 1U) << text;
  const detail::Node* conditions = detail::find(*detail::find(*stream.documents[0].root, "status"), "conditions");
  ASSERT_NE(conditions, nullptr) << text;
  const detail::Node* message = detail::find(*conditions->items.at(0), "message");
  ASSERT_EQ(message->kind, detail::Node::Kind::scalar) << text;
  EXPECT_EQ(message->text, GetParam()) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10) << text;
}

INSTANTIATE_TEST_SUITE_P(All, RenderScalar,
                         testing::Values("", " ", "a", "yes", "No", "null", "~", "true", "0x10", "1e3", "12", "-",
                                         "- a", "a: b", "a #b", "#a", "a:", ": a", "[a]", "{a}", "a, b", "'a'", "\"a\"",
                                         "back\\slash", "two\nlines", "tab\there", "\r\n", "---", "...", "&a", "*a",
                                         "!a", "|", ">", "%a", "@a", "`a`", "trailing ", " leading", "é ü",
                                         "\xE2\x80\xA8", "\xEF\xBB\xBF", "\xC2\x85", std::string("nul\0byte", 8),
                                         "\x04", "\x7f", "<<", "=", "2026-11-23", ".inf", "it's fine",
                                         "stop; go (now)"));

TEST(RenderStatusTest, ReplacesBytesThatAreNoUtf8) {
  Status status;
  status.spec_digest = "a\xFFz";

  EXPECT_NE(render_status(status).find("\"a\xEF\xBF\xBDz\""), std::string::npos);
}

}  // namespace
}  // namespace stackscaler::policy
