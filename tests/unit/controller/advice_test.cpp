// SPDX-License-Identifier: Apache-2.0
//
// Advice of others than rules on its way through a turn: the journal's record, from which the decision can be made
// again, the status and the log.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/decision_json.hpp"
#include "controller/report.hpp"
#include "fakes.hpp"
#include "support/run.hpp"

namespace stackscaler::controller {
namespace {

using decision::Action;
using decision::Advice;
using policy::ConditionStatus;

class FakeAdvisor final : public ports::Advisor {
 public:
  Advice next;
  asio::awaitable<Result<Advice>> advise(const policy::ScalingPolicy&, const decision::Observation&,
                                         const decision::Signals&) override {
    co_return next;
  }
};

Advice model_advice(Action action, int target, double confidence) {
  Advice a;
  a.action = action;
  a.target = target;
  a.confidence = confidence;
  a.advisor = "gemini";
  a.reason = "Advised";
  a.message = "gemini advises " + std::to_string(target);
  a.trace.push_back(decision::TraceLine{"validation", 9, target, "target 9 is out of bounds 1 to 8"});
  a.asked = R"({"count":3,"metrics":[{"id":"m1","value":50}]})";
  return a;
}

struct AdvisedWorld : World {
  AdvisedWorld() : World(ports::GateSettings{}) {
    policy = policy_of("web");
    policy->spec.advisor.type = policy::AdvisorType::gemini;
    memory->policy = policy;
  }
  void turn() {
    clock.advance(1min);
    (void)test::run(io, advised.turn(memory, [] {}));
  }
  [[nodiscard]] const policy::Condition* condition() const {
    return policy::find_condition(status.written.back(), "AdvisorAvailable");
  }
  FakeAdvisor model;
  Reconciler advised{Reconciler::Parts{clock, log, random, metrics, model, driver, &status, journal, gate}};
  std::shared_ptr<policy::ScalingPolicy> policy;
  Reconciler::Memory memory = std::make_shared<PolicyMemory>();
};

void expect_equal(const decision::Decision& again, const ports::DecisionRecord& record) {
  EXPECT_EQ(to_string(again.action), record.action);
  EXPECT_EQ(again.from, record.from);
  EXPECT_EQ(again.to, record.to);
  EXPECT_EQ(again.confidence, record.confidence);
  EXPECT_EQ(again.advisor, record.advisor);
  EXPECT_EQ(again.reason, record.reason);
  EXPECT_EQ(again.message, record.message);
}

TEST(AdviceReplay, TheJournalHoldsWhatMakesTheSameDecisionAgain) {
  AdvisedWorld w;
  const std::vector<std::pair<std::optional<double>, Advice>> turns{
      {50.0, model_advice(Action::scale_up, 8, 0.85)},
      {50.0, model_advice(Action::scale_up, 8, 0.6)},
      {90.0, model_advice(Action::no_change, 3, 0.9)},
      {90.0, model_advice(Action::scale_down, 0, 1.0)},
      {std::nullopt, model_advice(Action::scale_down, 1, 1.0)},
      {81.234567890123456, model_advice(Action::scale_up, 5, 0.7)}};
  for (const auto& [cpu, advice] : turns) {
    w.metrics.cpu = cpu;
    w.model.next = advice;
    const decision::History history = w.memory->history;
    const std::size_t before = w.journal.decisions.size();
    w.turn();
    ASSERT_EQ(w.journal.decisions.size(), before + 1);
    const ports::DecisionRecord& record = w.journal.decisions.back();

    const auto input = recorded_input(record.detail);

    ASSERT_TRUE(input) << record.detail;
    ASSERT_TRUE(input->advice);
    EXPECT_EQ(input->advice->asked, advice.asked);
    const decision::History& then =
        w.memory->history_loaded && !history.recommendations.empty() ? history : w.memory->history;
    const auto again = decision::decide(w.policy->spec, input->observation, input->advice, then, record.time);
    expect_equal(again, record);
    auto detail = nlohmann::ordered_json::parse(record.detail);
    detail.erase("outcome");  // what came of it is no part of the decision
    EXPECT_EQ(decision_detail_json(again, &input->observation), detail.dump());
  }
}

TEST(AdviceReplay, ARecordThatIsNoneIsRefused) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"observation":{}})", R"({"observation":{"current":"x","metrics":[]}})",
        R"({"observation":{"current":1,"metrics":[]},"advice":{}})"}) {
    EXPECT_FALSE(recorded_input(text)) << text;
  }
}

TEST(AdvisorCondition, FollowsTheAdvisorAndIsAbsentWithRules) {
  AdvisedWorld w;
  w.model.next = Advice();
  w.turn();
  EXPECT_EQ(w.condition()->status, ConditionStatus::unknown);
  EXPECT_EQ(w.condition()->reason, "AdvisorNotAsked");

  w.model.next = model_advice(Action::no_change, 3, 0.9);
  w.turn();
  EXPECT_EQ(w.condition()->status, ConditionStatus::true_);
  EXPECT_EQ(w.condition()->reason, "AdvisorReady");

  w.model.next = Advice();
  w.model.next.unavailable = "AdvisorThrottled";
  w.model.next.unavailable_message = "gemini answered HTTP 429: too many requests";
  w.turn();
  EXPECT_EQ(w.condition()->status, ConditionStatus::false_);
  EXPECT_EQ(w.condition()->reason, "AdvisorThrottled");
  EXPECT_EQ(w.condition()->message, "gemini answered HTTP 429: too many requests");

  w.model.next = Advice();
  w.turn();
  EXPECT_EQ(w.condition()->status, ConditionStatus::false_);  // not asked this time: nothing new is known

  w.model.next.beside = std::make_shared<const Advice>(model_advice(Action::scale_up, 5, 0.9));
  w.turn();
  EXPECT_EQ(w.condition()->status, ConditionStatus::true_);

  AdvisedWorld rules;
  rules.policy->spec.advisor.type = policy::AdvisorType::rules;
  rules.turn();
  EXPECT_EQ(rules.condition(), nullptr);
}

TEST(AdviceBeside, IsInTheStatusMessageAndJournalledWhenItChanges) {
  AdvisedWorld w;
  for (const int target : {5, 5, 6}) {
    w.model.next = Advice();
    w.model.next.target = 3;
    w.model.next.message = "cpu fits";
    w.model.next.beside = std::make_shared<const Advice>(model_advice(Action::scale_up, target, 0.9));
    w.turn();
  }

  ASSERT_EQ(w.journal.decisions.size(), 2U);
  EXPECT_NE(w.journal.decisions[1].detail.find(R"("step":"beside")"), std::string::npos);
  EXPECT_EQ(w.status.written.front().last_decision->message, "cpu fits; not applied: gemini advises 5");
}

}  // namespace
}  // namespace stackscaler::controller
