// SPDX-License-Identifier: Apache-2.0
#include "controller/history.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace stackscaler::controller {
namespace {

using namespace std::chrono_literals;

ports::DecisionRecord decision() {
  ports::DecisionRecord d;
  d.time = *parse_rfc3339("2026-11-24T10:00:00Z");
  d.seen = d.time + 5min;
  d.policy = "default/web";
  d.stack = "web";
  d.action = "scale_up";
  d.from = 3;
  d.to = 4;
  d.advisor = "rules";
  d.reason = "AboveThreshold";
  d.message = "cpu 81.3 is above 75";
  d.detail = R"({"bounds":{"min":1,"max":9},)"
             R"("signals":[{"name":"cpu","value":81.3,"proposal":4,"message":"cpu 81.3 is above 75"},)"
             R"({"name":"rps","missing":"no data","message":"rps: no data"}],)"
             R"("trace":[{"step":"signal","before":3,"after":4,"message":"cpu 81.3 is above 75"},)"
             R"({"step":"cooldown","before":4,"after":3,"message":"held"}],)"
             R"("outcome":{"reason":"Paused","message":"nothing is changed: stopped by x"}})";
  return d;
}

ports::OperationRecord operation() {
  ports::OperationRecord o;
  o.id = "ab12";
  o.stack = "web";
  o.requested_by = "policy default/web";
  o.from = 3;
  o.to = 4;
  o.count_after = 4;
  o.phase = ports::Phase::succeeded;
  o.started = *parse_rfc3339("2026-11-24T10:00:00Z");
  o.ended = o.started + 30s;
  o.apply_ms = 28'000;
  o.outcome = "the state holds 4";
  return o;
}

TEST(ExplainTest, ShowsSignalsAndEachStepInOrder) {
  EXPECT_EQ(render_explanation(decision(), operation()),
            "default/web (stack web): scale_up 3 -> 4\n"
            "  decided     2026-11-24T10:00:00Z, the same until 2026-11-24T10:05:00Z\n"
            "  by          rules, confidence 1.00\n"
            "  reason      AboveThreshold: cpu 81.3 is above 75\n"
            "  outcome     nothing is changed: stopped by x\n"
            "  operation   2026-11-24T10:00:00Z ab12 3 -> 4, succeeded, apply 28s: the state holds 4\n"
            "\n"
            "METRIC  VALUE  PROPOSES\n"
            "cpu     81.3   4         cpu 81.3 is above 75\n"
            "rps     -      -         rps: no data\n"
            "\n"
            "STEP      BEFORE  AFTER\n"
            "signal    3       4      cpu 81.3 is above 75\n"
            "cooldown  4       3      held\n");
}

TEST(ExplainTest, JsonHasAllOfIt) {
  const auto json = nlohmann::json::parse(render_explanation_json(decision(), operation()));

  EXPECT_EQ(json["action"], "scale_up");
  EXPECT_EQ(json["until"], "2026-11-24T10:05:00Z");
  EXPECT_EQ(json["signals"][0]["value"], 81.3);
  EXPECT_EQ(json["trace"][1]["step"], "cooldown");
  EXPECT_EQ(json["outcome"]["reason"], "Paused");
  EXPECT_EQ(json["operation"]["countAfter"], 4);
}

TEST(ExplainTest, ADetailThatIsNoJsonIsNoReasonToFail) {
  auto d = decision();
  d.detail = "{\"signals\": [{\"name\": 5}, 7";

  EXPECT_NE(render_explanation(d, std::nullopt).find("scale_up 3 -> 4"), std::string::npos);
  d.detail = R"({"signals": [7, {"name": 5}], "trace": {}, "outcome": 5})";
  EXPECT_NE(render_explanation(d, std::nullopt).find("scale_up 3 -> 4"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(render_history_json({d}, {}, 5)).size(), 1U);
}

TEST(HistoryTest, MergesByTimeWithTheDecisionBeforeItsOperation) {
  auto later = decision();
  later.time += 1min;
  later.action = "no_change";
  later.from = later.to = 4;

  const std::string text = render_history({later, decision()}, {operation()}, 50);

  EXPECT_EQ(text,
            "TIME                  WHO                 STACK  WHAT            COUNT   REASON          METRICS         "
            "MESSAGE\n"
            "2026-11-24T10:00:00Z  default/web         web    scale_up        3 -> 4  AboveThreshold  cpu=81.3,rps=?  "
            "cpu 81.3 is above 75; nothing is changed: stopped by x\n"
            "2026-11-24T10:00:00Z  policy default/web  web    operation ab12  3 -> 4                                  "
            "succeeded: the state holds 4\n"
            "2026-11-24T10:01:00Z  default/web         web    no_change       4       AboveThreshold  cpu=81.3,rps=?  "
            "cpu 81.3 is above 75; nothing is changed: stopped by x\n");
  EXPECT_EQ(nlohmann::json::parse(render_history_json({later, decision()}, {operation()}, 2)).size(), 2U);
}

}  // namespace
}  // namespace stackscaler::controller
