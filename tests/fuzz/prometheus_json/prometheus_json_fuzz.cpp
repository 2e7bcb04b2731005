// SPDX-License-Identifier: Apache-2.0
//
// The parser of Prometheus' answers: any bytes with any status give exactly one of a finite value and a bounded,
// one-line reason. The first byte chooses the status.
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr int kStatus[] = {200, 200, 200, 400, 503};
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);

  const auto answer = stackscaler::metrics::parse_query_answer(kStatus[data[0] % 5], body);

  if (answer.value.has_value() != answer.missing.empty()) std::abort();
  if (answer.value && !std::isfinite(*answer.value)) std::abort();
  if (!fit_for_a_line(answer.missing)) std::abort();
  for (const auto& warning : answer.warnings) {
    if (!fit_for_a_line(warning)) std::abort();
  }
  return 0;
}
