// SPDX-License-Identifier: Apache-2.0
//
// RulesAdvisor: the advice that follows from the metrics' own proposals, with confidence 1. It is always there, answers
// at once and is what other advisors fall back to. rules_advice() is the pure part.
#pragma once

#include "ports/advisor.hpp"

namespace stackscaler::advisor {

[[nodiscard]] decision::Advice rules_advice(const decision::Observation& observation, const decision::Signals& signals);

class RulesAdvisor final : public ports::Advisor {
 public:
  [[nodiscard]] boost::asio::awaitable<Result<decision::Advice>> advise(const policy::ScalingPolicy& policy,
                                                                        const decision::Observation& observation,
                                                                        const decision::Signals& signals) override;
};

}  // namespace stackscaler::advisor
