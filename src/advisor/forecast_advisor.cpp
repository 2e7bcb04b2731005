// SPDX-License-Identifier: Apache-2.0
#include "advisor/forecast_advisor.hpp"

#include <limits>
#include <type_traits>
#include <utility>

#include "advisor/rules.hpp"

namespace stackscaler::advisor {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int kReadAtOnce = 2;
constexpr Duration kTryAgain = 10min;
constexpr Duration kForgotten = 6h;
constexpr Duration kSaveEvery = 10min;
constexpr Duration kFresh = 15min;        // what is no older than that needs no range queries to be gone on with
constexpr Duration kNearlyAll = 1h;       // and may lack so much of the history
constexpr Duration kSameBoot = 30s;       // a boot time that has changed by so little is the same
constexpr Duration kClocksDiffer = 2min;  // a file's last minute may lie so far ahead

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

// On the pool where there is one. The function owns what it touches.
template <class F>
asio::awaitable<std::invoke_result_t<F&>> away(BlockingPool* pool, F function) {
  if (pool == nullptr) co_return function();
  co_return co_await offload(*pool, std::move(function));
}

forecast::Past past_of(const std::vector<PastNeed>& needs) {
  forecast::Past out;
  for (const PastNeed& need : needs) {
    // What is said at the end of a minute is of that minute.
    const std::int64_t minute = (need.time.time_since_epoch() - Duration(1)) / 1min;
    if (out.needs.empty()) out.first = minute;
    const std::int64_t at = minute - out.first;
    if (at < static_cast<std::int64_t>(out.needs.size()) || at >= std::int64_t{forecast::kMaxRecordMinutes}) continue;
    out.needs.resize(static_cast<std::size_t>(at), std::numeric_limits<float>::quiet_NaN());
    out.needs.push_back(static_cast<float>(need.need));
  }
  return out;
}

bool in_use(const policy::ScalingPolicy& policy) {
  return policy.spec.advisor.type == policy::AdvisorType::forecast ||
         policy.spec.advisor.fallback == policy::AdvisorType::forecast;
}

}  // namespace

ForecastAdvisor::ForecastAdvisor(Clock& clock, Logger& logger, PastNeeds past, BlockingPool* pool,
                                 std::optional<ForecastFiles> files)
    : clock_(clock), logger_(logger), past_(std::move(past)), pool_(pool), files_(std::move(files)) {}

forecast::ForecastSettings ForecastAdvisor::settings_of(const policy::ScalingPolicy& policy, const Mind& mind) const {
  Duration boot = policy.spec.behavior.warmup_or(mind.boot_time);
  if (const auto usual = mind.boots.usual()) {
    const Duration held = mind.settings.look_ahead;
    boot = *usual > held + kSameBoot || *usual < held - kSameBoot ? *usual : held;
  }
  return forecast::settings_for(policy.spec.advisor.forecast, boot);
}

ForecastAdvisor::Shared ForecastAdvisor::mind_of(const policy::ScalingPolicy& policy, std::optional<Duration> boot_time,
                                                 WallTime now) {
  Shared& mind = minds_[policy.key];
  if (!mind || mind->digest != policy.spec_digest) {
    std::string basis = forecast::basis_of(policy);
    if (!mind || mind->basis != basis) {
      const Duration boot = policy.spec.behavior.warmup_or(boot_time);
      mind = std::make_shared<Mind>(forecast::settings_for(policy.spec.advisor.forecast, boot));
      mind->basis = std::move(basis);
    }
    mind->digest = policy.spec_digest;
    std::erase_if(minds_, [&](const auto& entry) {
      return entry.second != mind && now - entry.second->used > std::max(kForgotten, policy.spec.interval * 4);
    });
  }
  mind->boot_time = boot_time;
  mind->used = now;
  return mind;
}

asio::awaitable<forecast::Forecaster> ForecastAdvisor::learned(forecast::ForecastSettings settings,
                                                               forecast::Past past) {
  auto job = [settings, past = std::move(past)] {
    forecast::Forecaster out(settings);
    out.learn(past);
    return out;
  };
  co_return co_await away(pool_, std::move(job));
}

// Learns the same minutes again when the settings are others.
asio::awaitable<void> ForecastAdvisor::keep_settings(const policy::ScalingPolicy& policy, Shared mind) {
  const forecast::ForecastSettings wanted = settings_of(policy, *mind);
  if (wanted == mind->settings) co_return;
  if (wanted.history > mind->settings.history) mind->past_read = false;
  if (wanted.look_ahead != mind->settings.look_ahead) {
    logger_.info("a forecast looks ahead by another time", kv("policy", policy.key.str()),
                 kv("lookAhead", format_duration(wanted.look_ahead)));
  }
  forecast::Past past = mind->forecaster.past();
  mind->forecaster = co_await learned(wanted, std::move(past));
  mind->settings = wanted;
}

// What the file holds.
asio::awaitable<void> ForecastAdvisor::recall(const policy::ScalingPolicy& policy, Shared mind) {
  mind->recalled = true;
  const WallTime now = clock_.wall_now();
  auto job = [files = *files_, key = policy.key, clean = !std::exchange(cleaned_, true)] {
    if (clean) (void)files.remove_old();
    return files.read(key);
  };
  auto record = co_await away(pool_, std::move(job));
  if (!record) {
    if (record.error().kind() == ErrorKind::not_found) co_return;
    logger_.warn("what was kept of a forecast is ignored; it begins anew", kv("policy", policy.key.str()),
                 kv("err", record.error().message()));
    co_return;
  }
  const std::int64_t end = record->past.first + static_cast<std::int64_t>(record->past.needs.size());
  const bool same = record->basis == mind->basis;
  if (!same || WallTime(std::chrono::minutes(end)) > now + kClocksDiffer) {
    logger_.warn("what was kept of a forecast is ignored; it begins anew", kv("policy", policy.key.str()),
                 kv("err", same ? "it ends in the future: has the clock been set?"
                                : "it is of other metrics or targets than the policy has now"));
    co_return;
  }
  mind->boots.restore(std::move(record->boots));
  const forecast::ForecastSettings settings = settings_of(policy, *mind);
  forecast::Past kept = std::move(record->past);
  mind->forecaster = co_await learned(settings, std::move(kept));
  mind->settings = settings;
  const auto last = mind->forecaster.last();
  if (!last) co_return;
  mind->next_save = *last + kSaveEvery;
  mind->past_read = now - *last <= kFresh && mind->forecaster.seen() + kNearlyAll >= settings.history;
  logger_.info("a forecast goes on with what was kept of it", kv("policy", policy.key.str()),
               kv("minutes", mind->forecaster.seen() / 1min));
}

asio::awaitable<void> ForecastAdvisor::read_past(const policy::ScalingPolicy& policy, Shared mind) {
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
  logger_.info("a forecast has read its history", kv("policy", policy.key.str()), kv("minutes", needs->size()));
  // Begins anew, so that what was seen meanwhile comes in its order.
  forecast::Past past = past_of(*needs);
  forecast::Forecaster anew = co_await learned(mind->settings, past);
  if (anew.seen() >= mind->forecaster.seen()) {
    mind->forecaster = std::move(anew);
  } else {
    mind->forecaster.learn(past);  // what is newer than all it has
  }
}

asio::awaitable<void> ForecastAdvisor::prepare(const policy::ScalingPolicy& policy, Shared mind) {
  if (files_ && !mind->recalled) co_await recall(policy, mind);
  co_await keep_settings(policy, mind);
  if (past_ && !mind->past_read && clock_.wall_now() >= mind->try_again && reading_ < kReadAtOnce) {
    co_await read_past(policy, mind);
  }
}

asio::awaitable<void> ForecastAdvisor::save(policy::PolicyKey key, Shared mind) {
  mind->next_save = clock_.wall_now() + kSaveEvery;
  forecast::Record record{mind->basis, mind->boots.measured(), mind->forecaster.past()};
  auto job = [files = *files_, key, record = std::move(record)] { return files.write(key, record); };
  const auto written = co_await away(pool_, std::move(job));
  if (!written) {
    logger_.warn("a forecast can't be kept; a restart would lose what only it knows", kv("policy", key.str()),
                 kv("err", written.error().message()));
  }
}

asio::awaitable<Result<decision::Advice>> ForecastAdvisor::advise(const policy::ScalingPolicy& policy,
                                                                  const decision::Observation& observation,
                                                                  const decision::Signals& signals) {
  decision::Advice rules = rules_advice(observation, signals);
  if (!in_use(policy)) co_return rules;
  const Shared mind = mind_of(policy, observation.boot_time, clock_.wall_now());
  mind->boots.observe(clock_.wall_now(), observation.current, observation.reporting,
                      policy.spec.behavior.warmup_or(observation.boot_time));
  co_await prepare(policy, mind);
  const WallTime now = clock_.wall_now();
  if (const auto need = forecast::need_of(policy.spec, observation, signals)) mind->forecaster.observe(now, *need);
  decision::Advice advice = forecast::forecast_advice(mind->forecaster, observation, signals, std::move(rules));
  if (!mind->missing.empty() && !mind->forecaster.outlook()) advice.message += " (" + mind->missing + ")";
  if (files_ && now >= mind->next_save && mind->forecaster.last()) co_await save(policy.key, mind);
  co_return advice;
}

}  // namespace stackscaler::advisor
