// SPDX-License-Identifier: Apache-2.0
#include "advisor/by_type.hpp"

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
  const bool there = wanted != nullptr;
  auto advice = co_await (there ? *wanted : parts_.rules).advise(policy, observation, signals);
  if (advice && !there) {
    advice->unavailable = policy::reason::kAdvisorNotConfigured;
    advice->unavailable_message = std::string(to_string(type)) + " is not available in this program";
    advice->message = advice->unavailable_message + "; rules: " + advice->message;
  }
  co_return advice;
}

}  // namespace stackscaler::advisor
