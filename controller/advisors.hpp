// SPDX-License-Identifier: Apache-2.0
//
// Advisors: every advisor of the program, and which of them a policy's advisor.type asks.
//
// A place to build them in, for the loop and for `advise`. Threads: the loop's. What Parts refers to must outlive it.
#pragma once

#include "advisor/by_type.hpp"
#include "advisor/forecast_advisor.hpp"
#include "advisor/model_advisor.hpp"
#include "advisor/model_client.hpp"
#include "advisor/rules.hpp"
#include "controller/options.hpp"

namespace stackscaler::controller {

class Advisors {
 public:
  struct Parts {
    http::Client& client;
    Clock& clock;
    Logger& logger;
    Random& random;
    BlockingPool* pool;
    advisor::EnvironmentLookup environment;
    advisor::PastNeeds past{};                          // what a forecast learns from at its beginning
    std::optional<advisor::ForecastFiles> forecasts{};  // where forecasts are kept; absent: nowhere
  };
  explicit Advisors(Parts parts)
      : forecast_(parts.clock, parts.logger, std::move(parts.past), parts.pool, std::move(parts.forecasts)),
        client_(parts.client, parts.clock, parts.logger, parts.pool, std::move(parts.environment)),
        model_(advisor::ModelAdvisor::Parts{client_, parts.clock, parts.logger, parts.random, rules_, forecast_}),
        by_type_(advisor::AdvisorByType::Parts{rules_, &forecast_, &model_}) {}
  Advisors(const Advisors&) = delete;
  Advisors& operator=(const Advisors&) = delete;

  [[nodiscard]] ports::Advisor& get() { return by_type_; }
  [[nodiscard]] const advisor::ModelAdvisor& model() const { return model_; }

 private:
  advisor::RulesAdvisor rules_;
  advisor::ForecastAdvisor forecast_;
  advisor::ModelClient client_;
  advisor::ModelAdvisor model_;
  advisor::AdvisorByType by_type_;
};

// The process's environment, then what --env-file says.
[[nodiscard]] advisor::EnvironmentLookup environment_of(const Options& options);

}  // namespace stackscaler::controller
