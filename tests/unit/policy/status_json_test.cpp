// SPDX-License-Identifier: Apache-2.0
#include "policy/status_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace stackscaler::policy {
namespace {

using namespace std::chrono_literals;

WallTime at(int seconds) {
  return WallTime(std::chrono::seconds(1'790'000'000 + seconds));
}

Status full() {
  Status s;
  s.observed_generation = 3;
  s.spec_digest = "abc";
  s.current_instances = 3;
  s.count_age = 40s;
  s.desired_instances = 4;
  s.last_scale_time = at(1);
  s.last_decision = LastDecision{at(2), "scale_up", 3, 4, 0.85, "gemini", "Advised", "cpu 81 is above 75"};
  s.metrics = {{"cpu", "81.3", "75/30", 4, ""}, {"queue", "", "", std::nullopt, "no data"}};
  s.operation = OperationStatus{"op1", "Applying", 3, 4, at(3), "1 of 1 created"};
  set_condition(s, Condition{"Ready", ConditionStatus::false_, "Scaling", "an operation is running", 0, {}}, at(4));
  set_condition(s, Condition{"PlanSafe", ConditionStatus::unknown, "PlanUnknown", "", 0, {}}, at(5));
  return s;
}

TEST(StatusJson, ComesBackAsItWas) {
  const Status written = full();

  const auto read = parse_status_json(status_json(written));

  ASSERT_TRUE(read);
  EXPECT_EQ(status_json(*read), status_json(written));
  EXPECT_FALSE(worth_writing(written, *read));
  EXPECT_EQ(read->operation->since, at(3));
  EXPECT_EQ(read->conditions[0].last_transition_time, at(4));
  EXPECT_EQ(read->last_decision->confidence, 0.85);
}

TEST(StatusJson, HasTheNamesOfTheResource) {
  const auto json = nlohmann::json::parse(status_json(full()));

  for (const char* name : {"observedGeneration", "specDigest", "currentInstances", "countAge", "desiredInstances",
                           "lastScaleTime", "lastDecision", "metrics", "operation", "conditions"}) {
    EXPECT_TRUE(json.contains(name)) << name;
  }
  EXPECT_EQ(json["conditions"][0]["status"], "False");
  EXPECT_EQ(json["metrics"][1]["missing"], "no data");
  EXPECT_FALSE(json["metrics"][1].contains("value"));
}

TEST(StatusJson, BytesThatAreNoTextAreReplaced) {
  Status s = full();
  s.last_decision->message = "a\xff\xfe b";

  EXPECT_TRUE(nlohmann::json::accept(status_json(s)));
}

TEST(StatusJson, WhatIsNotOfTheRightKindIsLeftOut) {
  const auto read = parse_status_json(
      R"({"observedGeneration":"3","currentInstances":-5,"desiredInstances":1e300,"countAge":7,"lastScaleTime":"soon",
          "lastDecision":[],"metrics":{"a":1},"operation":{"id":5,"since":0},"conditions":[5,{"type":"Ready"}]})");

  ASSERT_TRUE(read);
  EXPECT_EQ(read->observed_generation, 0);
  EXPECT_EQ(read->current_instances, 0);
  EXPECT_FALSE(read->desired_instances);
  EXPECT_FALSE(read->last_scale_time);
  EXPECT_FALSE(read->last_decision);
  EXPECT_TRUE(read->metrics.empty());
  ASSERT_EQ(read->conditions.size(), 1U);
  EXPECT_EQ(read->conditions[0].status, ConditionStatus::unknown);
}

TEST(StatusJson, WhatIsNoObjectIsRefused) {
  EXPECT_FALSE(parse_status_json("[]"));
  EXPECT_FALSE(parse_status_json("{"));
  EXPECT_FALSE(parse_status_json(""));
}

}  // namespace
}  // namespace stackscaler::policy
