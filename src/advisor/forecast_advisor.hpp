// SPDX-License-Identifier: Apache-2.0
//
// ForecastAdvisor: the advice of a forecast, for policies with advisor.type: forecast; others get the rules'.
//
// What it is: one forecaster a policy, fed by every turn and, once at the beginning, by the past as `past` tells it
// (range queries). What it is not: a source of metrics. A past that cannot be read is tried again later, and until then
// what was seen counts; at most two are read at a time. With too little history the rules advise, and the message says
// so. A forecaster begins anew when its policy's spec changes, and goes when nobody has asked for it for hours.
// lookAhead: auto is the policy's warmup, else the boot time as measured when the forecaster began, else three minutes.
// Threads: the loop's. Clock and logger must outlive it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/clock.hpp"
#include "base/log.hpp"
#include "forecast/advise.hpp"
#include "ports/advisor.hpp"

namespace stackscaler::advisor {

struct PastNeed {
  WallTime time;
  double need = 0;
};

// The need of instances over a span, one a minute, as forecast::need_of() counts it. not_found: nobody can tell for
// this policy, now or later. The policy outlives the call.
using PastNeeds = std::function<boost::asio::awaitable<Result<std::vector<PastNeed>>>(
    const policy::ScalingPolicy& policy, WallTime from, WallTime to)>;

class ForecastAdvisor final : public ports::Advisor {
 public:
  // `past` may be empty: it learns from what it sees.
  ForecastAdvisor(Clock& clock, Logger& logger, PastNeeds past);

  [[nodiscard]] boost::asio::awaitable<Result<decision::Advice>> advise(const policy::ScalingPolicy& policy,
                                                                        const decision::Observation& observation,
                                                                        const decision::Signals& signals) override;
  [[nodiscard]] std::size_t size() const { return minds_.size(); }

 private:
  // What is kept of a policy.
  struct Mind {
    explicit Mind(const forecast::ForecastSettings& settings_) : settings(settings_), forecaster(settings_) {}
    forecast::ForecastSettings settings;
    forecast::Forecaster forecaster;
    std::string digest;
    bool past_read = false;
    WallTime try_again{};
    WallTime used{};
    std::string missing;  // why there is no past
  };
  [[nodiscard]] std::shared_ptr<Mind> mind_of(const policy::ScalingPolicy& policy, std::optional<Duration> boot,
                                              WallTime now);
  [[nodiscard]] boost::asio::awaitable<void> read_past(const policy::ScalingPolicy& policy, std::shared_ptr<Mind> mind);

  Clock& clock_;
  Logger& logger_;
  PastNeeds past_;
  std::map<policy::PolicyKey, std::shared_ptr<Mind>> minds_;
  int reading_ = 0;
};

}  // namespace stackscaler::advisor
