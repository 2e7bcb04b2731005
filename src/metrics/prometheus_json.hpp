// SPDX-License-Identifier: Apache-2.0
//
// What an answer of Prometheus' or Loki's query API says: one number, series of samples, or why there are none.
//
// Pure and total: any status and any bytes give an answer, and nothing throws. Of QueryAnswer exactly one of value and
// missing is set; a value is always finite. Sources: Prometheus HTTP API, /api/v1/query and /api/v1/query_range (result
// types vector, scalar, string, matrix; numbers travel as strings, among them "NaN" and "+Inf"); Loki HTTP API,
// /loki/api/v1/query and query_range (the same, and streams for log lines; errors as plain text).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace stackscaler::metrics {

struct QueryAnswer {
  std::optional<double> value;
  std::string missing;
  std::vector<std::string> warnings;  // remarks on a query that was answered, cleaned
  std::vector<std::string> infos = {};
  // The warning that says that the answer may lack a part (a store or a remote read that failed), or "". Remarks on the
  // expression itself, which Prometheus marks with "PromQL", are none.
  [[nodiscard]] std::string partial() const;
};

// Of the HTTP answer, what helps to tell what it is. Views into it.
struct AnswerHeaders {
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view location;
  bool loki = false;  // whom was asked
};

[[nodiscard]] QueryAnswer parse_query_answer(int http_status, std::string_view body,
                                             const AnswerHeaders& headers = AnswerHeaders());

struct Sample {
  WallTime time;
  double value = 0;  // finite
  bool operator==(const Sample&) const = default;
};

struct Series {
  std::string labels;           // {instance="a", job="b"}, sorted by name, cleaned and cut to 500 bytes
  std::vector<Sample> samples;  // by time, none twice; a gap (also NaN and infinity) is the absence of samples
};

struct RangeAnswer {
  std::vector<Series> series;
  std::string missing;  // why there are none; "" also when nothing was found
  std::vector<std::string> warnings;
};

struct RangeLimits {
  std::size_t series = 200;
  std::size_t samples = 1'000'000;  // of all series
};

[[nodiscard]] RangeAnswer parse_range_answer(int http_status, std::string_view body,
                                             const AnswerHeaders& headers = AnswerHeaders(),
                                             const RangeLimits& limits = RangeLimits());

// Foreign text made fit for one line of a message: control characters become spaces, at most `limit` bytes, cut at a
// character's boundary and marked with "...".
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit = 200);

}  // namespace stackscaler::metrics
