// SPDX-License-Identifier: Apache-2.0
#include "controller/forecast_history.hpp"

#include <fmt/core.h>

#include <map>

#include "forecast/advise.hpp"
#include "metrics/presets.hpp"
#include "metrics/range_reader.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

using Values = std::map<WallTime, double>;

bool proposes(const policy::Metric& metric) {
  return metric.target || metric.threshold || metric.desired;
}

bool needs_count(const policy::Metric& metric) {
  return !metric.desired && !(metric.target && metric.target->type == policy::TargetType::per_instance);
}

class Past {
 public:
  Past(metrics::PrometheusSource& source, metrics::Endpoint process) : source_(source), process_(std::move(process)) {}

  asio::awaitable<Result<std::vector<advisor::PastNeed>>> read(const policy::ScalingPolicy& policy, WallTime from,
                                                               WallTime to) {
    std::map<WallTime, std::pair<double, int>> needs;  // the largest, and of how many metrics
    int metrics = 0;
    for (const policy::Metric& metric : policy.spec.metrics) {
      if (!proposes(metric)) continue;
      ++metrics;
      auto values = co_await read_metric(policy, metric, from, to);
      if (!values) co_return fail(std::move(values).error().with_context("metric " + metric.name));
      for (const auto& [time, need] : *values) {
        auto& entry = needs[time];
        entry.first = std::max(entry.first, need);
        ++entry.second;
      }
    }
    std::vector<advisor::PastNeed> out;
    for (const auto& [time, entry] : needs) {
      if (entry.second == metrics) out.push_back({time, entry.first});
    }
    co_return out;
  }

 private:
  asio::awaitable<Result<Values>> range(metrics::Endpoint endpoint, std::string query, WallTime from, WallTime to) {
    metrics::RangeSettings settings;
    settings.budget = 20s;
    metrics::RangeReader reader(source_.queries(), settings);
    metrics::RangeQuery wanted(std::move(query), from, to, 1min);
    auto answer = co_await reader.read(std::move(endpoint), std::move(wanted));
    if (!answer) co_return fail(std::move(answer).error());
    Values out;
    if (answer->series.size() > 1) {
      co_return fail(ErrorKind::not_found, fmt::format("{} series instead of one", answer->series.size()));
    }
    for (const metrics::Series& series : answer->series) {
      for (const metrics::Sample& sample : series.samples) out.emplace(sample.time, sample.value);
    }
    co_return out;
  }

  asio::awaitable<Result<Values>> read_metric(const policy::ScalingPolicy& policy, const policy::Metric& metric,
                                              WallTime from, WallTime to) {
    const auto preset = metrics::preset_queries(metric.preset, policy.stack_label());
    const bool counted = needs_count(metric);
    if (counted && preset.reporting.empty()) {
      co_return fail(ErrorKind::not_found, "no preset: nobody knows how many instances served in the past");
    }
    auto endpoint = metrics::endpoint_of(metric, process_);
    if (!endpoint) co_return fail(std::move(endpoint).error());
    const std::string query = metric.query.empty() ? preset.query : metric.query;
    auto values = co_await range(*endpoint, query, from, to);
    if (!values) co_return fail(std::move(values).error());
    Values counts;
    if (counted) {
      auto read = co_await range(*endpoint, preset.reporting, from, to);
      if (!read) co_return fail(std::move(read).error());
      counts = std::move(*read);
    }
    Values out;
    for (const auto& [time, value] : *values) {
      const auto count = counts.find(time);
      if (counted && count == counts.end()) continue;
      const int serving = counted ? static_cast<int>(count->second) : 0;
      if (const auto need = forecast::need_of(metric, policy.spec.behavior, value, serving)) out.emplace(time, *need);
    }
    co_return out;
  }

  metrics::PrometheusSource& source_;
  metrics::Endpoint process_;
};

}  // namespace

advisor::PastNeeds past_needs(metrics::PrometheusSource& source, metrics::Endpoint process) {
  auto past = std::make_shared<Past>(source, std::move(process));
  return
      [past](const policy::ScalingPolicy& policy, WallTime from, WallTime to) { return past->read(policy, from, to); };
}

}  // namespace stackscaler::controller
