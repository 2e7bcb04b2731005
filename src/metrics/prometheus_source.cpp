// SPDX-License-Identifier: Apache-2.0
#include "metrics/prometheus_source.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "metrics/presets.hpp"

namespace stackscaler::metrics {

namespace asio = boost::asio;

namespace {

constexpr double kMaxAgeShown = 1e9;  // seconds; more is printed as this

struct Queries {
  std::string value;
  std::string freshness;  // empty: the age can't be told
};

Queries queries_of(const policy::Metric& metric, const std::string& stack) {
  Queries queries{metric.query, metric.freshness};
  if (metric.preset == policy::Preset::none || (!queries.value.empty() && !queries.freshness.empty())) return queries;
  PresetQueries preset = preset_queries(metric.preset, stack);
  if (!queries.value.empty()) return queries;  // a replaced query reads series that the preset knows nothing about
  queries.value = std::move(preset.query);
  if (queries.freshness.empty()) queries.freshness = std::move(preset.freshness);
  return queries;
}

std::string seconds_text(double seconds) {
  const double shown = std::min(seconds, kMaxAgeShown);
  return format_duration(std::chrono::seconds(static_cast<std::int64_t>(shown)));
}

QueryAnswer missing(std::string why) {
  QueryAnswer answer;
  answer.missing = std::move(why);
  return answer;
}

// Why the metric rests on too little, or "".
std::string lack_of_points(const QueryAnswer& points, int at_least) {
  if (!points.value) return "what it rests on can't be told: coverage: " + points.missing;
  if (*points.value >= at_least) return {};
  return fmt::format("it rests on {:.6g} points, fewer than coverage.atLeast ({})", *points.value, at_least);
}

// Sets reporting or says why it can't be told.
void take_reporting(const QueryAnswer& answer, ports::MetricsReading& reading) {
  if (!answer.value) {
    reading.reporting_missing = answer.missing;
  } else if (std::string partial = answer.partial(); !partial.empty()) {
    reading.reporting_missing = "the answer may lack a part: " + partial;
  } else if (*answer.value < 0 || *answer.value > 1e9 || std::floor(*answer.value) != *answer.value) {
    reading.reporting_missing = fmt::format("{} is not a number of instances", *answer.value);
  } else {
    reading.reporting = static_cast<int>(*answer.value);
  }
}

}  // namespace

PrometheusSource::PrometheusSource(http::Client& client, Clock& clock, Logger& logger, Endpoint endpoint,
                                   PrometheusSettings settings)
    : clock_(clock),
      queries_(client, clock, logger, settings.pool),
      endpoint_(std::move(endpoint)),
      settings_(settings) {}

asio::awaitable<ports::MetricsReading> PrometheusSource::read(const policy::ScalingPolicy& policy) {
  const std::string& stack = policy.stack_label();
  Round round{clock_.steady_now() + settings_.read_budget, {}};
  ports::MetricsReading reading;
  reading.metrics.reserve(policy.spec.metrics.size());
  const policy::Metric* preset = nullptr;
  for (const policy::Metric& metric : policy.spec.metrics) {
    if (preset == nullptr && metric.preset != policy::Preset::none) preset = &metric;
    auto one = co_await read_metric(metric, stack, round);
    reading.metrics.push_back(std::move(one));
  }
  if (preset != nullptr) {
    std::string query = preset_queries(policy::Preset::instances, stack).reporting;
    const auto endpoint = endpoint_of(*preset, endpoint_);
    QueryAnswer answer;
    if (endpoint) {
      answer = co_await ask(*endpoint, std::move(query), round);
    } else {
      answer.missing = endpoint.error().message();
    }
    take_reporting(answer, reading);
  }
  co_return reading;
}

asio::awaitable<decision::MetricReading> PrometheusSource::read_metric(const policy::Metric& metric,
                                                                       const std::string& stack, Round& round) {
  decision::MetricReading reading;
  reading.name = metric.name;
  Queries queries = queries_of(metric, stack);
  if (queries.value.empty()) {
    reading.missing = "no query";
    co_return reading;
  }
  const auto endpoint = endpoint_of(metric, endpoint_);
  if (!endpoint) {
    reading.missing = endpoint.error().message();
    co_return reading;
  }
  reading.freshness_unknown = queries.freshness.empty();
  const QueryAnswer answer = co_await ask(*endpoint, std::move(queries.value), round);
  if (!answer.value) {
    reading.missing = answer.missing;
    co_return reading;
  }
  if (!reading.freshness_unknown) {
    const QueryAnswer newest = co_await ask(*endpoint, std::move(queries.freshness), round);
    Duration age{};
    reading.missing = staleness(newest, metric.max_age, age);
    if (!reading.missing.empty()) co_return reading;
    reading.age = age;
  }
  if (metric.coverage) {
    const QueryAnswer points = co_await ask(*endpoint, metric.coverage->query, round);
    reading.missing = lack_of_points(points, metric.coverage->at_least);
    if (!reading.missing.empty()) co_return reading;
  }
  reading.partial = answer.partial();
  reading.value = answer.value;
  co_return reading;
}

// The referents live in the frame of whoever awaits this.
asio::awaitable<QueryAnswer> PrometheusSource::ask(const Endpoint& endpoint, std::string query, Round& round) {
  std::string key = endpoint.identity() + "\x1f" + query;
  for (const Asked& earlier : round.asked) {
    if (earlier.key == key) co_return earlier.answer;
  }
  const auto left = std::chrono::duration_cast<Duration>(round.end - clock_.steady_now());
  if (left <= Duration::zero()) {
    co_return missing("not asked: the queries before it took " + format_duration(settings_.read_budget));
  }
  const Duration deadline = std::min(left, settings_.query_deadline);
  QueryAnswer answer = co_await queries_.instant(endpoint, std::move(query), deadline, settings_.answer_limit);
  round.asked.push_back(Asked{std::move(key), answer});
  co_return answer;
}

// Why the metric must not be used, or "".
std::string PrometheusSource::staleness(const QueryAnswer& newest, Duration max_age, Duration& out) const {
  if (!newest.value) return "the age of its samples can't be told: " + newest.missing;
  const double now = std::chrono::duration<double>(clock_.wall_now().time_since_epoch()).count();
  const double limit = std::chrono::duration<double>(max_age).count();
  const double age = now - *newest.value;
  if (age > limit) {
    return fmt::format("newest sample is {} old (maxAge {})", seconds_text(age), format_duration(max_age));
  }
  if (-age > limit) {
    return fmt::format("newest sample is {} in the future: clocks differ (maxAge {})", seconds_text(-age),
                       format_duration(max_age));
  }
  out = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::max(age, 0.0)));
  return {};
}

}  // namespace stackscaler::metrics
