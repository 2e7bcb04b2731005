// SPDX-License-Identifier: Apache-2.0
#include "controller/report.hpp"

#include <gtest/gtest.h>

#include "fakes.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

using policy::ConditionStatus;
using Kind = ConvergeResult::Kind;

const WallTime kNow{500'000h};

Turn turn_with(ConvergeResult converge, std::optional<Error> error = std::nullopt) {
  Turn turn;
  turn.policy = policy_of("web");
  if (!error) {
    ports::StackView view;
    view.count = 3;
    turn.view = view;
    turn.count_age = 0s;
    decision::Decision d;
    d.from = 3;
    d.to = 4;
    d.action = decision::Action::scale_up;
    d.reason = "AboveThreshold";
    d.message = "cpu 81.3 is above 75";
    decision::Signal s;
    s.name = "cpu";
    s.value = 81.3;
    s.proposal = 4;
    d.signals.push_back(s);
    turn.decision = d;
  }
  turn.error = std::move(error);
  turn.converge = std::move(converge);
  return turn;
}

ConvergeResult outcome(Kind kind, std::string_view reason = "", std::string message = "") {
  ConvergeResult r;
  r.kind = kind;
  r.reason = reason;
  r.message = std::move(message);
  return r;
}

struct Case {
  std::string name;
  ConvergeResult converge;
  std::optional<Error> error;
  ports::GateSettings gate;
  ConditionStatus ready;
  std::string ready_reason;
  ConditionStatus stalled;
};

class ConditionsTest : public testing::TestWithParam<Case> {};

TEST_P(ConditionsTest, FollowFromTheTurn) {
  const Case& c = GetParam();

  const policy::Status s = status_after(turn_with(c.converge, c.error), PolicyMemory{}, c.gate, kNow);

  ASSERT_NE(policy::find_condition(s, "Ready"), nullptr);
  EXPECT_EQ(policy::find_condition(s, "Ready")->status, c.ready);
  EXPECT_EQ(policy::find_condition(s, "Ready")->reason, c.ready_reason);
  EXPECT_EQ(policy::find_condition(s, "Stalled")->status, c.stalled);
  EXPECT_EQ(policy::find_condition(s, "Reconciling")->status, ConditionStatus::false_);
  for (const auto& condition : s.conditions) {
    EXPECT_FALSE(condition.reason.empty()) << condition.type;
    EXPECT_FALSE(condition.message.empty()) << condition.type;
  }
}

namespace why = policy::reason;
constexpr auto kYes = ConditionStatus::true_;
constexpr auto kNo = ConditionStatus::false_;
const ports::GateSettings kOn{.enabled = true};
const ports::GateSettings kRehearsal{.enabled = true, .rehearsal = true};

INSTANTIATE_TEST_SUITE_P(
    All, ConditionsTest,
    testing::Values(
        Case{"scaled", outcome(Kind::scaled), std::nullopt, kOn, kYes, "Ready", kNo},
        Case{"quiet", outcome(Kind::not_wanted), std::nullopt, kOn, kYes, "Ready", kNo},
        Case{"off", outcome(Kind::gated, why::kNotEnabled), std::nullopt, {}, kYes, "NotEnabled", kNo},
        Case{"refused", outcome(Kind::failed, why::kPlanRefused, "x"), std::nullopt, kOn, kNo, "PlanRefused", kYes},
        Case{"held", outcome(Kind::held, why::kPlanRefused, "x"), std::nullopt, kOn, kNo, "PlanRefused", kYes},
        Case{"locked", outcome(Kind::failed, why::kStateLocked, "x"), std::nullopt, kOn, kNo, "StateLocked", kNo},
        Case{"unreadable", {}, Error(ErrorKind::unavailable, "x"), kOn, kNo, "StateUnreadable", kNo},
        Case{"state_changed",
             {},
             Error(ErrorKind::invalid_input, why::kStateChanged, "x"),
             kOn,
             kNo,
             "StateChanged",
             kYes},
        Case{"rehearsal_is_never_ready", outcome(Kind::scaled), std::nullopt, kRehearsal, kNo, "Rehearsal", kNo}),
    [](const auto& p) { return p.param.name; });

TEST(ReportTest, WhatWasHealedIsSaidByAddress) {
  ConvergeResult converge = outcome(Kind::scaled);
  converge.report = ports::ScaleReport{};
  converge.report->changed = true;
  converge.report->healed = {"terraform_data.app[2]"};

  const auto status = status_after(turn_with(converge), PolicyMemory{}, kOn, kNow);

  const auto* ready = policy::find_condition(status, "Ready");
  EXPECT_EQ(ready->status, kYes);
  EXPECT_EQ(ready->reason, why::kHealed);
  EXPECT_NE(ready->message.find("terraform_data.app[2]"), std::string::npos) << ready->message;
}

TEST(ReportTest, AMissingMetricIsNotReady) {
  Turn turn = turn_with(outcome(Kind::not_wanted));
  turn.metrics_missing = "cpu: no data";

  const auto status = status_after(turn, PolicyMemory{}, kOn, kNow);

  EXPECT_EQ(status.conditions.front().type, "Ready");
  EXPECT_EQ(status.conditions.front().status, kNo);
  EXPECT_EQ(status.conditions.front().reason, "MetricsUnavailable");
}

TEST(ReportTest, WhatTheLastPlanSaidIsShownAndUnknownBeforeIt) {
  PolicyMemory memory;
  const auto before = status_after(turn_with(outcome(Kind::not_wanted)), memory, kOn, kNow);
  EXPECT_EQ(policy::find_condition(before, "PlanSafe")->status, policy::ConditionStatus::unknown);

  policy::Condition refused;
  refused.type = "PlanSafe";
  refused.status = kNo;
  refused.reason = why::kPlanRefused;
  memory.plan_safe = refused;
  const auto after = status_after(turn_with(outcome(Kind::not_wanted)), memory, kOn, kNow);
  EXPECT_EQ(policy::find_condition(after, "PlanSafe")->reason, why::kPlanRefused);
}

TEST(ReportTest, TransitionTimesMoveOnlyWithTheStatus) {
  PolicyMemory memory;
  memory.written = status_after(turn_with(outcome(Kind::not_wanted)), memory, kOn, kNow);

  const auto later = status_after(turn_with(outcome(Kind::not_wanted)), memory, kOn, kNow + 1h);
  EXPECT_EQ(policy::find_condition(later, "Ready")->last_transition_time, kNow);
  EXPECT_FALSE(policy::worth_writing(memory.written, later));

  const auto failed = status_after(turn_with({}, Error(ErrorKind::unavailable, "x")), memory, kOn, kNow + 1h);
  EXPECT_EQ(policy::find_condition(failed, "Ready")->last_transition_time, kNow + 1h);
  EXPECT_EQ(failed.current_instances, 3);  // what was known stays, with its age
}

TEST(ReportTest, ChangedMetricValuesAloneAreNotWorthAWrite) {
  PolicyMemory memory;
  Turn turn = turn_with(outcome(Kind::not_wanted));
  memory.written = status_after(turn, memory, kOn, kNow);

  turn.decision->signals[0].value = 82.5;
  turn.decision->message = "cpu 82.5 is above 75";
  EXPECT_FALSE(policy::worth_writing(memory.written, status_after(turn, memory, kOn, kNow)));

  turn.decision->to = 5;
  EXPECT_TRUE(policy::worth_writing(memory.written, status_after(turn, memory, kOn, kNow)));
}

}  // namespace
}  // namespace stackscaler::controller
