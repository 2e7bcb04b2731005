// SPDX-License-Identifier: Apache-2.0
#include "advisor/rules.hpp"

#include <algorithm>

#include "policy/reasons.hpp"

namespace stackscaler::advisor {

namespace reason = policy::reason;
using decision::Action;

namespace {

const std::string& message_of(const decision::Signals& signals) {
  const auto leads = [&](const decision::Signal& s) { return s.name == signals.leading; };
  const auto found = std::find_if(signals.each.begin(), signals.each.end(), leads);
  return found == signals.each.end() ? signals.missing : found->message;
}

std::string_view reason_of(const decision::Signals& signals) {
  const auto leads = [&](const decision::Signal& s) { return s.name == signals.leading; };
  const auto found = std::find_if(signals.each.begin(), signals.each.end(), leads);
  return found == signals.each.end() ? reason::kDesiredWithinRange : found->reason;
}

}  // namespace

decision::Advice rules_advice(const decision::Observation& observation, const decision::Signals& signals) {
  decision::Advice advice;
  advice.target = signals.proposal.value_or(observation.current);
  advice.message = message_of(signals);
  if (!signals.proposal) {
    advice.reason = signals.missing.empty() ? reason::kDesiredWithinRange : reason::kMetricsMissing;
    if (advice.message.empty()) advice.message = "no metric proposes a count";
  } else if (advice.target > observation.current) {
    advice.action = Action::scale_up;
    advice.reason = reason_of(signals);
  } else if (advice.target < observation.current) {
    advice.action = Action::scale_down;
    advice.reason = reason_of(signals);
  } else {
    const bool warming = reason_of(signals) == reason::kWarmingUp;
    advice.reason = warming ? reason::kWarmingUp : reason::kDesiredWithinRange;
  }
  return advice;
}

boost::asio::awaitable<Result<decision::Advice>> RulesAdvisor::advise(const policy::ScalingPolicy& /*policy*/,
                                                                      const decision::Observation& observation,
                                                                      const decision::Signals& signals) {
  co_return rules_advice(observation, signals);
}

}  // namespace stackscaler::advisor
