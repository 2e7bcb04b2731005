// SPDX-License-Identifier: Apache-2.0
#include "advisor/forecast_advisor.hpp"

#include <utility>

#include "advisor/rules.hpp"

namespace stackscaler::advisor {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int kReadAtOnce = 2;
constexpr Duration kTryAgain = 10min;
constexpr Duration kForgotten = 6h;

// One more while the object lives.
class Counted {
 public:
  explicit Counted(int& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  int& count_;
};

}  // namespace

ForecastAdvisor::ForecastAdvisor(Clock& clock, Logger& logger, PastNeeds past)
    : clock_(clock), logger_(logger), past_(std::move(past)) {}

std::shared_ptr<ForecastAdvisor::Mind> ForecastAdvisor::mind_of(const policy::ScalingPolicy& policy,
                                                                std::optional<Duration> measured, WallTime now) {
  std::shared_ptr<Mind>& mind = minds_[policy.key];
  if (!mind || mind->digest != policy.spec_digest) {
    const Duration boot = policy.spec.behavior.warmup_or(measured);
    mind = std::make_shared<Mind>(forecast::settings_for(policy.spec.advisor.forecast, boot));
    mind->digest = policy.spec_digest;
    std::erase_if(minds_, [&](const auto& entry) {
      return entry.second != mind && now - entry.second->used > std::max(kForgotten, policy.spec.interval * 4);
    });
  }
  mind->used = now;
  return mind;
}

asio::awaitable<void> ForecastAdvisor::read_past(const policy::ScalingPolicy& policy, std::shared_ptr<Mind> mind) {
  const Counted counted(reading_);
  const WallTime now = std::chrono::floor<std::chrono::minutes>(clock_.wall_now());
  auto needs = co_await past_(policy, now - policy.spec.advisor.forecast.history, now);
  if (!needs) {
    mind->missing = needs.error().message();
    mind->past_read = needs.error().kind() == ErrorKind::not_found;
    mind->try_again = now + kTryAgain;
    logger_.warn("the history for a forecast can't be read", kv("policy", policy.key.str()),
                 kv("err", needs.error().message()));
    co_return;
  }
  mind->past_read = true;
  mind->missing.clear();
  // Begins anew, so that what was seen meanwhile comes in its order.
  forecast::Forecaster anew(mind->settings);
  for (const PastNeed& past : *needs) anew.observe(past.time, past.need);
  logger_.info("a forecast has read its history", kv("policy", policy.key.str()), kv("minutes", needs->size()));
  if (anew.seen() >= mind->forecaster.seen()) mind->forecaster = std::move(anew);
}

asio::awaitable<Result<decision::Advice>> ForecastAdvisor::advise(const policy::ScalingPolicy& policy,
                                                                  const decision::Observation& observation,
                                                                  const decision::Signals& signals) {
  decision::Advice rules = rules_advice(observation, signals);
  if (policy.spec.advisor.type != policy::AdvisorType::forecast &&
      policy.spec.advisor.fallback != policy::AdvisorType::forecast) {
    co_return rules;
  }
  const std::shared_ptr<Mind> mind = mind_of(policy, observation.boot_time, clock_.wall_now());
  if (past_ && !mind->past_read && clock_.wall_now() >= mind->try_again && reading_ < kReadAtOnce) {
    co_await read_past(policy, mind);
  }
  if (const auto need = forecast::need_of(policy.spec, observation, signals)) {
    mind->forecaster.observe(clock_.wall_now(), *need);
  }
  decision::Advice advice = forecast::forecast_advice(mind->forecaster, observation, signals, std::move(rules));
  if (!mind->missing.empty() && !mind->forecaster.outlook()) advice.message += " (" + mind->missing + ")";
  co_return advice;
}

}  // namespace stackscaler::advisor
