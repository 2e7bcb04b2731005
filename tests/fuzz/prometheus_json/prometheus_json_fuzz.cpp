// SPDX-License-Identifier: Apache-2.0
//
// The parsers of Prometheus' and Loki's answers: any bytes with any status give exactly one of a finite value and a
// bounded, one-line reason; a range is finite samples in order of time within its limits. The first byte chooses the
// status and whether it is Loki's, with what headers.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "metrics/prometheus_json.hpp"

namespace {

bool fit_for_a_line(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return text.size() <= 300;
}

void check_range(int status, std::string_view body, const stackscaler::metrics::AnswerHeaders& headers) {
  namespace metrics = stackscaler::metrics;
  metrics::RangeLimits limits;
  limits.series = 8;
  limits.samples = 64;
  const auto range = metrics::parse_range_answer(status, body, headers, limits);
  if (!fit_for_a_line(range.missing) || range.series.size() > limits.series) std::abort();
  if (!range.missing.empty() && !range.series.empty()) std::abort();
  std::size_t samples = 0;
  for (const metrics::Series& series : range.series) {
    if (series.labels.size() > 510 || series.labels.find('\n') != std::string::npos) std::abort();
    samples += series.samples.size();
    for (std::size_t i = 0; i < series.samples.size(); ++i) {
      if (!std::isfinite(series.samples[i].value)) std::abort();
      if (i > 0 && series.samples[i].time <= series.samples[i - 1].time) std::abort();
    }
  }
  if (samples > limits.samples) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr int kStatus[] = {200, 200, 200, 400, 503};
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);

  namespace metrics = stackscaler::metrics;
  metrics::AnswerHeaders headers;
  headers.loki = data[0] / 5 % 2 == 1;
  if (data[0] / 10 % 2 == 1) headers.location = body.substr(0, 200);
  if (data[0] / 20 % 4 == 1) headers.content_encoding = body.substr(0, 50);
  if (data[0] / 20 % 4 == 2) headers.content_type = body.substr(0, 50);

  const auto answer = metrics::parse_query_answer(kStatus[data[0] % 5], body, headers);

  if (answer.value.has_value() != answer.missing.empty()) std::abort();
  if (answer.value && !std::isfinite(*answer.value)) std::abort();
  if (!fit_for_a_line(answer.missing)) std::abort();
  for (const auto& warning : answer.warnings) {
    if (!fit_for_a_line(warning)) std::abort();
  }
  for (const auto& info : answer.infos) {
    if (!fit_for_a_line(info)) std::abort();
  }
  check_range(kStatus[data[0] % 5], body, headers);
  return 0;
}
