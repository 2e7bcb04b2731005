// SPDX-License-Identifier: Apache-2.0
//
// ForecastAdvisor: the advice of a forecast, for policies with advisor.type: forecast; others get the rules'.
//
// What it is: one forecaster a policy, fed by every turn and, once at the beginning, by its file and by the past as
// `past` tells it (range queries). What it is not: a source of metrics. A past that cannot be read is tried again
// later, and until then what was seen counts; at most two are read at a time. With too little history the rules advise,
// and the message says so. A forecaster begins anew when what its needs are made of changes (basis_of), learns the same
// minutes again when only its settings do, and goes from memory when nobody has asked for it for hours. Its file is
// written every ten minutes, after the advice; one that is of no use is said in the log and ignored. lookAhead: auto is
// what instances were measured to take from order to service; until that was measured a few times, the policy's warmup,
// the boot time alone, or three minutes. Threads: the loop's; files and learning anew go to the pool. Clock, logger and
// pool must outlive it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "advisor/forecast_files.hpp"
#include "async/clock.hpp"
#include "async/offload.hpp"
#include "base/log.hpp"
#include "forecast/advise.hpp"
#include "forecast/boot_time.hpp"
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
  // `past` may be empty: it learns from what it sees. Without `files` nothing is kept; without `pool` (tests, tools)
  // all is done on the calling thread.
  ForecastAdvisor(Clock& clock, Logger& logger, PastNeeds past, BlockingPool* pool = nullptr,
                  std::optional<ForecastFiles> files = std::nullopt);

  [[nodiscard]] boost::asio::awaitable<Result<decision::Advice>> advise(const policy::ScalingPolicy& policy,
                                                                        const decision::Observation& observation,
                                                                        const decision::Signals& signals) override;
  [[nodiscard]] std::size_t size() const { return minds_.size(); }

 private:
  // What is kept of a policy.
  struct Mind {
    explicit Mind(const forecast::ForecastSettings& given) : settings(given), forecaster(given) {}
    forecast::ForecastSettings settings;
    forecast::Forecaster forecaster;
    forecast::BootTime boots;
    std::optional<Duration> boot_time;  // from the apply's end to the first report, as the loop measured it
    std::string digest;
    std::string basis;
    bool recalled = false;  // its file was looked for
    bool past_read = false;
    WallTime try_again{};
    WallTime next_save{};
    WallTime used{};
    std::string missing;  // why there is no past
  };
  using Shared = std::shared_ptr<Mind>;  // it may be dropped while it waits
  [[nodiscard]] Shared mind_of(const policy::ScalingPolicy& policy, std::optional<Duration> boot_time, WallTime now);
  [[nodiscard]] forecast::ForecastSettings settings_of(const policy::ScalingPolicy& policy, const Mind& mind) const;
  [[nodiscard]] boost::asio::awaitable<void> recall(const policy::ScalingPolicy& policy, Shared mind);
  [[nodiscard]] boost::asio::awaitable<void> read_past(const policy::ScalingPolicy& policy, Shared mind);
  [[nodiscard]] boost::asio::awaitable<void> keep_settings(const policy::ScalingPolicy& policy, Shared mind);
  [[nodiscard]] boost::asio::awaitable<void> prepare(const policy::ScalingPolicy& policy, Shared mind);
  [[nodiscard]] boost::asio::awaitable<forecast::Forecaster> learned(forecast::ForecastSettings settings,
                                                                     forecast::Past past);
  [[nodiscard]] boost::asio::awaitable<void> save(policy::PolicyKey key, Shared mind);

  Clock& clock_;
  Logger& logger_;
  PastNeeds past_;
  BlockingPool* pool_;
  std::optional<ForecastFiles> files_;
  bool cleaned_ = false;  // old files were removed
  std::map<policy::PolicyKey, Shared> minds_;
  int reading_ = 0;
};

}  // namespace stackscaler::advisor
