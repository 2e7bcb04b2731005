// SPDX-License-Identifier: Apache-2.0
#include "advisor/model_advisor.hpp"

#include <fmt/core.h>

#include <utility>

#include "advisor/pressure.hpp"
#include "advisor/rules.hpp"
#include "advisor/validate.hpp"
#include "decision/schedules.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::advisor {

namespace asio = boost::asio;
namespace reason = policy::reason;
using decision::Action;
using decision::Advice;

namespace {

constexpr std::size_t kMaxPolicies = 4096;  // remembered; more than that are asked without a memory

decision::TraceLine line(int current, std::string message) {
  return decision::TraceLine{"advisor", current, current, std::move(message)};
}

Past past_of(const decision::Observation& observation, const decision::Signals& signals, std::size_t metrics) {
  Past out;
  out.count = observation.current;
  for (std::size_t i = 0; i < metrics && i < signals.each.size(); ++i) out.values.push_back(signals.each[i].value);
  return out;
}

// The same to a prompt, which shows four digits.
bool looks_equal(const Past& a, const Past& b) {
  if (a.count != b.count || a.values.size() != b.values.size()) return false;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (prompt_number(a.values[i]) != prompt_number(b.values[i])) return false;
  }
  return true;
}

}  // namespace

// What is remembered of one policy.
struct ModelAdvisor::State {
  std::string digest;      // of the spec
  std::vector<Past> past;  // the last is the newest
  std::vector<PastAdvice> recent;
  std::string cached_question;
  std::optional<Advice> cached;
  SteadyTime cached_at{};
  std::optional<SteadyTime> asked_at;
  std::string unavailable;  // as last logged
};

struct ModelAdvisor::Question {
  std::shared_ptr<const policy::ScalingPolicy> policy;
  Prompt prompt;
  policy::Bounds bounds;
  int current = 0;
  bool any_value = false;
  bool pressure = false;
  [[nodiscard]] const policy::Advisor& settings() const { return policy->spec.advisor; }
  [[nodiscard]] std::string name() const { return std::string(to_string(settings().type)); }
};

// Advice, or why there is none: not asked (`note` alone), or unavailable (`error` too).
struct ModelAdvisor::Answer {
  Answer() = default;
  explicit Answer(Advice given) : advice(std::move(given)) {}
  explicit Answer(std::string why) : note(std::move(why)) {}
  explicit Answer(Error why) : note(why.message()), error(std::move(why)) {}
  std::optional<Advice> advice;
  std::string note;
  std::optional<Error> error;
  std::vector<decision::TraceLine> trace;  // of an answer that was refused
  bool cached = false;
};

std::shared_ptr<ModelAdvisor::State> ModelAdvisor::state_of(const policy::ScalingPolicy& policy) {
  if (!states_.contains(policy.key) && states_.size() >= kMaxPolicies) states_.clear();
  auto& state = states_[policy.key];
  if (!state || state->digest != policy.spec_digest) {
    // Somebody has edited it: what was wrong may be right now.
    if (state) breakers_.erase(identity_of(policy.spec.advisor));
    if (breakers_.size() >= kMaxPolicies) breakers_.clear();
    if (last_failures_.size() >= kMaxPolicies) last_failures_.clear();
    state = std::make_shared<State>();
    state->digest = policy.spec_digest;
  }
  return state;
}

// Why the model is not to be asked now, or "".
std::string ModelAdvisor::not_wanted(const State& state, const Question& question) const {
  const policy::Advisor& settings = question.settings();
  if (!question.any_value) return question.name() + " was not asked: no metric has a value";
  if (settings.consult == policy::Consult::on_pressure && !question.pressure) {
    return question.name() + " was not asked: no metric is near a limit";
  }
  const bool paced = settings.consult == policy::Consult::every && state.asked_at;
  if (paced && parts_.clock.steady_now() - *state.asked_at < settings.consult_every) {
    return fmt::format("{} is asked every {} only", question.name(), format_duration(settings.consult_every));
  }
  return {};
}

asio::awaitable<ModelAdvisor::Answer> ModelAdvisor::consult(std::shared_ptr<State> state,
                                                            std::shared_ptr<const Question> question) {
  const SteadyTime now = parts_.clock.steady_now();
  if (state->cached && state->cached_question == question->prompt.user && now - state->cached_at < kCacheLasts) {
    ++stats_.cached;
    Advice again = *state->cached;
    again.trace.push_back(line(question->current, "the same numbers as before: the answer of then"));
    Answer answer(std::move(again));
    answer.cached = true;
    co_return answer;
  }
  if (std::string why = not_wanted(*state, *question); !why.empty()) {
    ++stats_.not_asked;
    co_return Answer(std::move(why));
  }
  const std::string identity = identity_of(question->settings());
  if (!breakers_[identity].admit(now)) {
    ++stats_.held_back;
    const auto failure = last_failures_.find(identity);
    if (failure != last_failures_.end()) co_return Answer(failure->second);
    co_return Answer(Error(ErrorKind::unavailable, reason::kAdvisorUnreachable, question->name() + " is left alone"));
  }
  co_return co_await ask(state, question);
}

asio::awaitable<ModelAdvisor::Answer> ModelAdvisor::ask(std::shared_ptr<State> state,
                                                        std::shared_ptr<const Question> question) {
  ++stats_.asked;
  stats_.prompt_bytes += question->prompt.size();
  state->asked_at = parts_.clock.steady_now();
  const std::string identity = identity_of(question->settings());
  policy::Advisor settings = question->settings();
  Prompt prompt = question->prompt;
  const SteadyTime begun = parts_.clock.steady_now();
  ModelReply reply = co_await parts_.client.ask(std::move(settings), std::move(prompt));
  const SteadyTime now = parts_.clock.steady_now();
  Breaker& breaker = breakers_[identity];
  Answer answer;
  if (reply.text) {
    Validated valid =
        validate(*reply.text, question->policy->spec, question->bounds, question->current, question->name());
    if (valid.advice) {
      answer.advice = std::move(valid.advice);
      answer.advice->asked = question->prompt.user;
    } else {
      ++stats_.invalid;
      answer = Answer(Error(ErrorKind::unavailable, reason::kAdviceInvalid,
                            fmt::format("{}'s answer is no advice: {}", question->name(), valid.refused)));
      answer.trace = std::move(valid.trace);
    }
  } else {
    if (reply.text.error().reason() == reason::kAdviceInvalid) ++stats_.invalid;
    answer = Answer(std::move(reply.text).error());
  }
  parts_.logger.debug(
      "a model was asked", kv("policy", question->policy->key.str()), kv("advisor", question->name()),
      kv("dur_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now - begun).count()),
      kv("prompt_bytes", question->prompt.size()), kv("calls", stats_.asked),
      kv("answer", answer.advice ? std::string(to_string(answer.advice->action)) : answer.error->reason()));
  if (answer.advice) {
    breaker.succeeded();
    last_failures_.erase(identity);
  } else if (answer.error->kind() == ErrorKind::cancelled || answer.error->reason() == reason::kAdvisorNotConfigured) {
    breaker.given_up();  // no server has failed
  } else {
    ++stats_.failed;
    breaker.failed(now, parts_.random);
    if (reply.pause > Duration(0)) breaker.open_for(reply.pause, now);
    last_failures_.insert_or_assign(identity, *answer.error);
  }
  co_return answer;
}

void ModelAdvisor::note_answer(State& state, const Question& question, const Advice& advice) {
  state.cached = advice;
  state.cached_question = question.prompt.user;
  state.cached_at = parts_.clock.steady_now();
  if (advice.action == Action::no_change) return;
  // While the same is advised again and again nothing new is known.
  const bool again = !state.recent.empty() && state.recent.back().from == question.current &&
                     state.recent.back().to == advice.target && state.recent.back().action == advice.action;
  if (again) return;
  PastAdvice one;
  one.action = advice.action;
  one.from = question.current;
  one.to = advice.target;
  one.confidence = advice.confidence;
  state.recent.push_back(one);
  if (state.recent.size() > kPastAdvice) state.recent.erase(state.recent.begin());
}

// Once for each change, not at every turn.
void ModelAdvisor::say_change(State& state, const Question& question, const Answer& answer) {
  if (answer.error && answer.error->kind() == ErrorKind::cancelled) return;
  if (answer.error && state.unavailable != answer.error->reason()) {
    state.unavailable = answer.error->reason();
    parts_.logger.warn("the advisor is not available, its fallback decides", kv("policy", question.policy->key.str()),
                       kv("advisor", question.name()), kv("fallback", to_string(question.settings().fallback)),
                       kv("reason", answer.error->reason()), kv("err", answer.error->message()));
  } else if (answer.advice && !state.unavailable.empty()) {
    state.unavailable.clear();
    parts_.logger.info("the advisor is available again", kv("policy", question.policy->key.str()),
                       kv("advisor", question.name()));
  }
}

// The referents outlive a turn.
asio::awaitable<Result<Advice>> ModelAdvisor::advise(const policy::ScalingPolicy& policy,
                                                     const decision::Observation& observation,
                                                     const decision::Signals& signals) {
  const policy::Spec& spec = policy.spec;
  const auto state = state_of(policy);
  Past now = past_of(observation, signals, spec.metrics.size());
  if (!state->recent.empty() && state->recent.back().from != now.count) {
    auto& after = state->recent.back().count_after;
    if (!after) after = now.count;
  }
  auto question = std::make_shared<Question>();
  question->policy = std::make_shared<const policy::ScalingPolicy>(policy);
  question->bounds = decision::active_schedules(spec, parts_.clock.wall_now()).bounds;
  question->current = observation.current;
  for (const auto& value : now.values) question->any_value = question->any_value || value;
  question->pressure = under_pressure(spec, observation, signals);
  const bool same = !state->past.empty() && looks_equal(state->past.back(), now);
  const std::vector<Past> before(state->past.begin(), state->past.end() - (same ? 1 : 0));
  question->prompt = make_prompt(spec, question->bounds, observation, signals, before, state->recent);
  if (!same) state->past.push_back(std::move(now));
  if (state->past.size() > kPastObservations + 1) state->past.erase(state->past.begin());

  std::shared_ptr<const Question> asked = question;
  Answer answer = co_await consult(state, asked);
  say_change(*state, *question, answer);
  if (answer.advice) {
    if (!answer.cached) note_answer(*state, *question, *answer.advice);
    if (spec.advisor.apply) co_return std::move(*answer.advice);
  }
  ports::Advisor& fallback = spec.advisor.fallback == policy::AdvisorType::forecast ? parts_.forecast : parts_.rules;
  auto instead = co_await fallback.advise(policy, observation, signals);
  Advice advice = instead ? std::move(*instead) : rules_advice(observation, signals);
  if (answer.advice) {
    advice.beside = std::make_shared<const Advice>(std::move(*answer.advice));
    co_return advice;
  }
  std::vector<decision::TraceLine> trace = std::move(answer.trace);
  trace.push_back(line(question->current, answer.note));
  trace.insert(trace.end(), advice.trace.begin(), advice.trace.end());
  advice.trace = std::move(trace);
  if (answer.error && answer.error->kind() != ErrorKind::cancelled) {
    advice.unavailable = answer.error->reason();
    advice.unavailable_message = answer.note;
    if (spec.advisor.apply) advice.message = answer.note + "; " + advice.advisor + ": " + advice.message;
  }
  co_return advice;
}

}  // namespace stackscaler::advisor
