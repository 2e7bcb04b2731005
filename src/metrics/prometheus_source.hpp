// SPDX-License-Identifier: Apache-2.0
//
// PrometheusSource: a policy's metrics by instant queries against Prometheus, Mimir, Loki, or what speaks their API.
//
// A metric is asked for at its `source`, else at the process's endpoint; who reports, where its first preset metric is.
// Each metric is one query and, where the age of its samples can be told, one companion query for the time stamp of the
// newest sample: Prometheus itself gives values up to five minutes old without saying so. Equal queries of one read are
// sent once, and so are those of several policies at the same time. Whatever goes wrong is a *missing* metric with its
// cause; nothing is ever taken as zero. Queries carry no `time`: the server's now is meant, and ages are told against
// this machine's clock, so a difference of the clocks counts as age. Threads: the loop's. The client, clock and logger
// must outlive this. Source: Prometheus HTTP API, /api/v1/query.
#pragma once

#include <string>
#include <vector>

#include "async/clock.hpp"
#include "base/log.hpp"
#include "http/client.hpp"
#include "metrics/endpoint.hpp"
#include "metrics/prometheus_json.hpp"
#include "metrics/query_client.hpp"
#include "ports/metric_source.hpp"

namespace stackscaler::metrics {

struct PrometheusSettings {
  Duration query_deadline = std::chrono::seconds(10);
  // For all queries of one read; what is still to be asked then is missing.
  Duration read_budget = std::chrono::seconds(30);
  std::size_t answer_limit = std::size_t{1} << 20U;  // bytes
  BlockingPool* pool = nullptr;                      // reads credential files; null: the calling thread does
};

class PrometheusSource final : public ports::MetricSource {
 public:
  PrometheusSource(http::Client& client, Clock& clock, Logger& logger, Endpoint endpoint,
                   PrometheusSettings settings = PrometheusSettings());

  [[nodiscard]] boost::asio::awaitable<ports::MetricsReading> read(const policy::ScalingPolicy& policy) override;
  // Shares what is in flight and whom to leave alone; for range queries.
  [[nodiscard]] QueryClient& queries() { return queries_; }

 private:
  struct Asked {
    std::string key;  // endpoint and query
    QueryAnswer answer;
  };
  // What one read() has asked so far.
  struct Round {
    SteadyTime end;
    std::vector<Asked> asked;
  };

  [[nodiscard]] boost::asio::awaitable<decision::MetricReading> read_metric(const policy::Metric& metric,
                                                                            const std::string& stack, Round& round);
  [[nodiscard]] boost::asio::awaitable<QueryAnswer> ask(const Endpoint& endpoint, std::string query, Round& round);
  [[nodiscard]] std::string staleness(const QueryAnswer& newest, Duration max_age, Duration& age) const;

  Clock& clock_;
  QueryClient queries_;
  Endpoint endpoint_;
  PrometheusSettings settings_;
};

}  // namespace stackscaler::metrics
