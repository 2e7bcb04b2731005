// SPDX-License-Identifier: Apache-2.0
//
// AdvisorByType: asks the advisor that a policy names (advisor.type).
//
// It always advises: for a type that has none here, or whose advisor fails, rules stand in and the advice says so.
// Threads: the loop's. The advisors must
// outlive it.
#pragma once

#include "ports/advisor.hpp"

namespace stackscaler::advisor {

class AdvisorByType final : public ports::Advisor {
 public:
  struct Parts {
    ports::Advisor& rules;
    ports::Advisor* forecast;  // null: there is none
    ports::Advisor* model;     // gemini and openai; null: there is none
  };
  explicit AdvisorByType(Parts parts) : parts_(parts) {}

  [[nodiscard]] boost::asio::awaitable<Result<decision::Advice>> advise(const policy::ScalingPolicy& policy,
                                                                        const decision::Observation& observation,
                                                                        const decision::Signals& signals) override;

 private:
  Parts parts_;
};

}  // namespace stackscaler::advisor
