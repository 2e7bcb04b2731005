// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a trace: an error that names the file, or samples that rise in time and are finite and not negative.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "simulate/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stackscaler::simulate;
  const auto trace = parse_trace(std::string_view(reinterpret_cast<const char*>(data), size), "t.csv");
  if (!trace) {
    if (!trace.error().message().starts_with("t.csv:")) std::abort();
    return 0;
  }
  for (std::size_t i = 0; i < trace->points.size(); ++i) {
    const Point& point = trace->points[i];
    if (!std::isfinite(point.value) || point.value < 0) std::abort();
    if (i > 0 && point.time <= trace->points[i - 1].time) std::abort();
  }
  const auto ticks = (trace->points.back().time - trace->points.front().time) / std::chrono::minutes(1);
  if (ticks > 100'000) return 0;  // a day's worth of memory is no finding
  Scale scale;
  const auto load = make_load(*trace, scale);
  if (load && !(load->capacity > 0)) std::abort();
  return 0;
}
