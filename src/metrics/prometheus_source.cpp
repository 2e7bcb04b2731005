// SPDX-License-Identifier: Apache-2.0
#include "metrics/prometheus_source.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "metrics/presets.hpp"

namespace stackscaler::metrics {

namespace asio = boost::asio;

namespace {

// A longer query goes as a form: servers and proxies limit the length of a URL.
constexpr std::size_t kMaxUrlQuery = 4096;
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

// Sets reporting or says why it can't be told.
void take_reporting(const QueryAnswer& answer, ports::MetricsReading& reading) {
  if (!answer.value) {
    reading.reporting_missing = answer.missing;
  } else if (*answer.value < 0 || *answer.value > 1e9 || std::floor(*answer.value) != *answer.value) {
    reading.reporting_missing = fmt::format("{} is not a number of instances", *answer.value);
  } else {
    reading.reporting = static_cast<int>(*answer.value);
  }
}

}  // namespace

PrometheusSource::PrometheusSource(http::Client& client, Clock& clock, Logger& logger, const http::Url& base,
                                   PrometheusSettings settings)
    : client_(client), clock_(clock), logger_(logger), url_(base), settings_(settings) {
  while (url_.path.ends_with('/')) url_.path.pop_back();
  url_.path += "/api/v1/query";
}

asio::awaitable<ports::MetricsReading> PrometheusSource::read(const policy::ScalingPolicy& policy) {
  const std::string& stack = policy.stack_label();
  Round round{clock_.steady_now() + settings_.read_budget, {}};
  ports::MetricsReading reading;
  reading.metrics.reserve(policy.spec.metrics.size());
  bool preset = false;
  for (const policy::Metric& metric : policy.spec.metrics) {
    preset = preset || metric.preset != policy::Preset::none;
    auto one = co_await read_metric(metric, stack, round);
    reading.metrics.push_back(std::move(one));
  }
  if (preset) {
    std::string query = preset_queries(policy::Preset::instances, stack).reporting;
    const QueryAnswer answer = co_await ask(std::move(query), round);
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
  reading.freshness_unknown = queries.freshness.empty();
  const QueryAnswer answer = co_await ask(std::move(queries.value), round);
  if (!answer.value) {
    reading.missing = answer.missing;
    co_return reading;
  }
  if (!reading.freshness_unknown) {
    const QueryAnswer newest = co_await ask(std::move(queries.freshness), round);
    reading.missing = staleness(newest, metric.max_age);
    if (!reading.missing.empty()) co_return reading;
  }
  reading.value = answer.value;
  co_return reading;
}

asio::awaitable<QueryAnswer> PrometheusSource::ask(std::string query, Round& round) {
  for (const Asked& earlier : round.asked) {
    if (earlier.query == query) co_return earlier.answer;
  }
  const auto left = std::chrono::duration_cast<Duration>(round.end - clock_.steady_now());
  if (left <= Duration::zero()) {
    co_return missing("not asked: the queries before it took " + format_duration(settings_.read_budget));
  }
  http::Request request = make_request(query, std::min(left, settings_.query_deadline));
  auto response = co_await client_.send(std::move(request));
  QueryAnswer answer =
      response ? parse_query_answer(response->status, response->body) : missing(response.error().message());
  for (const std::string& warning : answer.warnings) {
    logger_.debug("prometheus warns", kv("query", query), kv("warning", warning));
  }
  round.asked.push_back(Asked{std::move(query), answer});
  co_return answer;
}

http::Request PrometheusSource::make_request(const std::string& query, Duration deadline) const {
  http::Request request(http::Method::get, url_);
  std::string form = "query=" + http::percent_encode(query);
  if (!url_.query.empty()) form = url_.query + "&" + form;
  if (form.size() > kMaxUrlQuery) {
    request.method = http::Method::post;
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = std::move(form);
    request.url.query.clear();
  } else {
    request.url.query = std::move(form);
  }
  request.deadline = deadline;
  request.body_limit = settings_.answer_limit;
  return request;
}

// Why the metric must not be used, or "".
std::string PrometheusSource::staleness(const QueryAnswer& newest, Duration max_age) const {
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
  return {};
}

}  // namespace stackscaler::metrics
