// SPDX-License-Identifier: Apache-2.0
//
// What an answer of Prometheus' instant query API says: one number, or why there is none.
//
// Pure and total: any status and any bytes give an answer, and nothing throws. Exactly one of value and missing is
// set; a value is always finite. Source: Prometheus HTTP API, /api/v1/query (result types vector, scalar, string,
// matrix; numbers travel as strings, among them "NaN" and "+Inf").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stackscaler::metrics {

struct QueryAnswer {
  std::optional<double> value;
  std::string missing;
  std::vector<std::string> warnings;  // Prometheus' remarks on a query that it did answer, cleaned
};

[[nodiscard]] QueryAnswer parse_query_answer(int http_status, std::string_view body);

// Foreign text made fit for one line of a message: control characters become spaces, at most `limit` bytes, cut at a
// character's boundary and marked with "...".
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit = 200);

}  // namespace stackscaler::metrics
