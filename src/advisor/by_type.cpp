// SPDX-License-Identifier: Apache-2.0
#include "advisor/by_type.hpp"

#include "advisor/rules.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::advisor {

boost::asio::awaitable<Result<decision::Advice>> AdvisorByType::advise(const policy::ScalingPolicy& policy,
                                                                       const decision::Observation& observation,
                                                                       const decision::Signals& signals) {
  const policy::AdvisorType type = policy.spec.advisor.type;
  ports::Advisor* wanted = nullptr;
  switch (type) {
    case policy::AdvisorType::rules: wanted = &parts_.rules; break;
    case policy::AdvisorType::forecast: wanted = parts_.forecast; break;
    case policy::AdvisorType::gemini:
    case policy::AdvisorType::openai: wanted = parts_.model; break;
  }
  std::string_view why = policy::reason::kAdvisorNotConfigured;
  std::string failed_reason;
  std::string message = std::string(to_string(type)) + " is not available in this program";
  if (wanted != nullptr) {
    auto advice = co_await wanted->advise(policy, observation, signals);
    if (advice) co_return advice;
    failed_reason = advice.error().reason();
    why = failed_reason.empty() ? policy::reason::kAdvisorUnreachable : std::string_view(failed_reason);
    message = std::string(to_string(type)) + ": " + advice.error().message();
  }
  decision::Advice advice = rules_advice(observation, signals);
  advice.unavailable = why;
  advice.unavailable_message = message;
  advice.message = message + "; rules: " + advice.message;
  co_return advice;
}

}  // namespace stackscaler::advisor
