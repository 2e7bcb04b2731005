// SPDX-License-Identifier: Apache-2.0
//
// PrometheusSource: a policy's metrics by instant queries against Prometheus, or anything that speaks its query API.
//
// Each metric is one query and, where the age of its samples can be told, one companion query for the time stamp of the
// newest sample: Prometheus itself gives values up to five minutes old without saying so. Equal queries of one read are
// sent once. Whatever goes wrong is a *missing* metric with its cause; nothing is ever taken as zero.
// Queries carry no `time`: the server's now is meant, and ages are told against this machine's clock, so a difference
// of the clocks counts as age.
// Threads: the loop's. The client, clock and logger must outlive this. Source: Prometheus HTTP API, /api/v1/query.
#pragma once

#include <string>
#include <vector>

#include "async/clock.hpp"
#include "base/log.hpp"
#include "http/client.hpp"
#include "metrics/prometheus_json.hpp"
#include "ports/metric_source.hpp"

namespace stackscaler::metrics {

struct PrometheusSettings {
  Duration query_deadline = std::chrono::seconds(10);
  // For all queries of one read; what is still to be asked then is missing.
  Duration read_budget = std::chrono::seconds(30);
  std::size_t answer_limit = std::size_t{1} << 20U;  // bytes
};

class PrometheusSource final : public ports::MetricSource {
 public:
  // `base` is what stands before /api/v1/query: http://mimir:8080/prometheus. Its path prefix is kept.
  PrometheusSource(http::Client& client, Clock& clock, Logger& logger, const http::Url& base,
                   PrometheusSettings settings = PrometheusSettings());

  [[nodiscard]] boost::asio::awaitable<ports::MetricsReading> read(const policy::ScalingPolicy& policy) override;

 private:
  struct Asked {
    std::string query;
    QueryAnswer answer;
  };
  // What one read() has asked so far.
  struct Round {
    SteadyTime end;
    std::vector<Asked> asked;
  };

  [[nodiscard]] boost::asio::awaitable<decision::MetricReading> read_metric(const policy::Metric& metric,
                                                                            const std::string& stack, Round& round);
  [[nodiscard]] boost::asio::awaitable<QueryAnswer> ask(std::string query, Round& round);
  [[nodiscard]] http::Request make_request(const std::string& query, Duration deadline) const;
  [[nodiscard]] std::string staleness(const QueryAnswer& newest, Duration max_age) const;

  http::Client& client_;
  Clock& clock_;
  Logger& logger_;
  http::Url url_;
  PrometheusSettings settings_;
};

}  // namespace stackscaler::metrics
