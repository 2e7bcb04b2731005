// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler metrics`: what the controller reads for the policies named, now or over a span of time.
//
// Needs no stack, no journal and no Terraform, and changes nothing. Exit 1 when something is missing.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "controller/commands.hpp"
#include "controller/program.hpp"
#include "controller/session.hpp"
#include "metrics/presets.hpp"
#include "metrics/range_reader.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kPoints = 240;

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

class Look {
 public:
  Look(const Options& options, metrics::Endpoint endpoint)
      : options_(options),
        session_(options, LogLevel::warn),
        endpoint_(std::move(endpoint)),
        source_(session_.client, session_.clock, *session_.logger, endpoint_, session_.metrics_settings()) {}

  // False when something is missing.
  bool run(const std::vector<policy::ScalingPolicy>& policies) {
    session_.run(options_.since ? ranges(policies) : now(policies));
    return complete_;
  }

 private:
  asio::awaitable<void> now(const std::vector<policy::ScalingPolicy>& policies);
  asio::awaitable<void> ranges(const std::vector<policy::ScalingPolicy>& policies);
  asio::awaitable<void> range(const policy::ScalingPolicy& policy, const policy::Metric& metric);
  void print_now(const policy::ScalingPolicy& policy, const ports::MetricsReading& reading);
  void say_missing(const std::string& what, const std::string& why) {
    complete_ = false;
    std::fprintf(stderr, "stackscaler: %s: %s\n", what.c_str(), why.c_str());
  }

  const Options& options_;
  Session session_;
  metrics::Endpoint endpoint_;
  metrics::PrometheusSource source_;
  bool complete_ = true;
};

void row(const std::string& policy, const std::string& metric, const std::string& value, const std::string& age,
         const std::string& note) {
  std::string text = fmt::format("{:<24} {:<16} {:>14}  {:<10} {}", policy, metric, value, age, note);
  text.erase(text.find_last_not_of(' ') + 1);
  std::printf("%s\n", text.c_str());
}

void Look::print_now(const policy::ScalingPolicy& policy, const ports::MetricsReading& reading) {
  for (const decision::MetricReading& one : reading.metrics) {
    std::string age = one.freshness_unknown ? "unknown" : "-";
    if (one.age) age = format_duration(std::chrono::floor<std::chrono::seconds>(*one.age));
    std::string note = one.missing.empty() ? std::string() : "missing: " + one.missing;
    if (!one.partial.empty()) note = "may lack a part: " + one.partial;
    row(policy.key.str(), one.name, one.value ? fmt::format("{:.6g}", *one.value) : "-", age, note);
    complete_ = complete_ && one.value && one.partial.empty();
  }
  if (reading.reporting) row(policy.key.str(), "(reporting)", fmt::format("{}", *reading.reporting), "-", "");
  if (!reading.reporting_missing.empty()) {
    row(policy.key.str(), "(reporting)", "-", "-", "missing: " + reading.reporting_missing);
    complete_ = false;
  }
}

// The referents live in run()'s caller.
asio::awaitable<void> Look::now(const std::vector<policy::ScalingPolicy>& policies) {
  row("POLICY", "METRIC", "VALUE", "AGE", "");
  for (const policy::ScalingPolicy& policy : policies) {
    const ports::MetricsReading reading = co_await source_.read(policy);
    print_now(policy, reading);
  }
}

asio::awaitable<void> Look::ranges(const std::vector<policy::ScalingPolicy>& policies) {
  std::printf("policy,metric,series,time,value\n");
  for (const policy::ScalingPolicy& policy : policies) {
    for (const policy::Metric& metric : policy.spec.metrics) co_await range(policy, metric);
  }
}

asio::awaitable<void> Look::range(const policy::ScalingPolicy& policy, const policy::Metric& metric) {
  const std::string name = policy.key.str() + ": " + metric.name;
  const auto endpoint = metrics::endpoint_of(metric, endpoint_);
  if (!endpoint) {
    say_missing(name, endpoint.error().message());
    co_return;
  }
  std::string query = metric.query;
  if (query.empty()) query = metrics::preset_queries(metric.preset, policy.stack_label()).query;
  const Duration step = options_.step.value_or(
      std::max<Duration>(std::chrono::seconds(15), std::chrono::ceil<std::chrono::seconds>(*options_.since / kPoints)));
  const WallTime end = std::chrono::floor<std::chrono::seconds>(session_.clock.wall_now());
  metrics::RangeQuery wanted(std::move(query), end - *options_.since, end, step);
  metrics::RangeReader reader(source_.queries());
  auto answer = co_await reader.read(*endpoint, std::move(wanted));
  if (!answer) {
    say_missing(name, answer.error().message());
    co_return;
  }
  if (answer->series.empty()) say_missing(name, "no data");
  for (const std::string& warning : answer->warnings) say_missing(name, "the server warns: " + warning);
  for (const metrics::Series& series : answer->series) {
    for (const metrics::Sample& sample : series.samples) {
      std::printf("%s\n", fmt::format("{},{},{},{},{}", csv_field(policy.key.str()), metric.name,
                                      csv_field(series.labels), format_rfc3339(sample.time), sample.value)
                              .c_str());
    }
  }
}

}  // namespace

int show_metrics(const Options& options) {
  auto endpoint = process_endpoint(options);
  if (!endpoint) {
    std::fprintf(stderr, "stackscaler: %s\n", endpoint.error().message().c_str());
    return 1;
  }
  const NamedPolicies named = read_named_policies(options.paths, options.defaults);
  Look look(options, std::move(*endpoint));
  const bool complete = look.run(named.policies);
  return complete && named.sound ? 0 : 1;
}

}  // namespace stackscaler::controller
