// SPDX-License-Identifier: Apache-2.0
//
// RangeReader: what a query gave over a span of time, by range queries.
//
// A span of more points than the server gives at once (Prometheus: 11 000 a series) is asked for in parts, one after
// the other, and put together: a sample is never there twice, gaps stay gaps. Bounded in series, samples and time; a
// part that fails fails the whole. Series whose labels, cut for display, are equal are one.
// Threads: the loop's. Sources: Prometheus HTTP API, /api/v1/query_range; Loki HTTP API, /loki/api/v1/query_range.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "metrics/query_client.hpp"

namespace stackscaler::metrics {

struct RangeQuery {
  RangeQuery(std::string query_, WallTime start_, WallTime end_, Duration step_)
      : query(std::move(query_)), start(start_), end(end_), step(step_) {}
  std::string query;
  WallTime start;  // the first point
  WallTime end;    // the last point is not after it
  Duration step;   // at least a second
};

struct RangeSettings {
  Duration part_deadline = std::chrono::seconds(30);
  Duration budget = std::chrono::minutes(2);
  std::size_t points_per_part = 11'000;
  std::size_t points = 200'000;  // of one series
  std::size_t answer_limit = std::size_t{64} << 20U;
  RangeLimits limits;
};

class RangeReader {
 public:
  explicit RangeReader(QueryClient& client, RangeSettings settings = RangeSettings())
      : client_(client), settings_(settings) {}

  // invalid_input: an empty span, a step under a second, too many points. unavailable: the server's word.
  [[nodiscard]] boost::asio::awaitable<Result<RangeAnswer>> read(Endpoint endpoint, RangeQuery query);

 private:
  QueryClient& client_;
  RangeSettings settings_;
};

}  // namespace stackscaler::metrics
