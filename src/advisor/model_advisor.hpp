// SPDX-License-Identifier: Apache-2.0
//
// ModelAdvisor: advice of a model (gemini, openai), and of its fallback when the model is not asked or of no use.
//
// What it is: when to ask (advisor.consult; never without any metric's value), what was answered to the same question
// within half an hour, a breaker for each server and model, and the fallback. It always advises: a failure is in the
// advice (`unavailable`), not an error. With advisor.apply: false the fallback's advice is given and the model's stands
// beside it. What it is not: the guardrails (decide()) or the check of an answer (advisor/validate.hpp).
// What it remembers of a policy (observations, answers) is lost at a restart and when the policy changes.
// Threads: the loop's; a question takes advisor.timeout at most. Everything in Parts must outlive it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "advisor/breaker.hpp"
#include "advisor/model_client.hpp"
#include "base/random.hpp"
#include "ports/advisor.hpp"

namespace stackscaler::advisor {

// Since the start. `asked` are questions, of which one may take several requests (ModelClientStats).
struct ModelStats {
  std::uint64_t asked = 0;
  std::uint64_t failed = 0;     // no usable answer: unreachable, refused, throttled, invalid
  std::uint64_t invalid = 0;    // of these: an answer that is no advice
  std::uint64_t cached = 0;     // the question was the one before
  std::uint64_t not_asked = 0;  // consult, or no metric has a value
  std::uint64_t held_back = 0;  // the breaker was open
  std::uint64_t prompt_bytes = 0;
};

class ModelAdvisor final : public ports::Advisor {
 public:
  struct Parts {
    ModelClient& client;
    Clock& clock;
    Logger& logger;
    Random& random;
    ports::Advisor& rules;     // fallback: rules
    ports::Advisor& forecast;  // fallback: forecast; may be the same
  };
  static constexpr Duration kCacheLasts = std::chrono::minutes(30);

  explicit ModelAdvisor(Parts parts) : parts_(parts) {}

  [[nodiscard]] boost::asio::awaitable<Result<decision::Advice>> advise(const policy::ScalingPolicy& policy,
                                                                        const decision::Observation& observation,
                                                                        const decision::Signals& signals) override;
  [[nodiscard]] const ModelStats& stats() const { return stats_; }

 private:
  struct State;
  struct Answer;
  struct Question;
  [[nodiscard]] std::shared_ptr<State> state_of(const policy::ScalingPolicy& policy);
  [[nodiscard]] boost::asio::awaitable<Answer> consult(std::shared_ptr<State> state,
                                                       std::shared_ptr<const Question> question);
  [[nodiscard]] boost::asio::awaitable<Answer> ask(std::shared_ptr<State> state,
                                                   std::shared_ptr<const Question> question);
  [[nodiscard]] std::string not_wanted(const State& state, const Question& question) const;
  void note_answer(State& state, const Question& question, const decision::Advice& advice);
  void say_change(State& state, const Question& question, const Answer& answer);

  Parts parts_;
  std::map<policy::PolicyKey, std::shared_ptr<State>> states_;
  std::map<std::string, Breaker> breakers_;     // by identity_of()
  std::map<std::string, Error> last_failures_;  // why that breaker is open
  ModelStats stats_;
};

}  // namespace stackscaler::advisor
