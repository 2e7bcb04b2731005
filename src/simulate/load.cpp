// SPDX-License-Identifier: Apache-2.0
#include "simulate/load.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace stackscaler::simulate {
namespace {

constexpr Duration kWindow = std::chrono::minutes(5);
constexpr double kPercentile = 0.999;

std::vector<double> held(const Trace& trace, Duration tick, std::size_t ticks) {
  std::vector<double> out(ticks);
  std::size_t at = 0;
  for (std::size_t i = 0; i < ticks; ++i) {
    const WallTime now = trace.points.front().time + tick * static_cast<Duration::rep>(i);
    while (at + 1 < trace.points.size() && trace.points[at + 1].time <= now) ++at;
    out[i] = trace.points[at].value;
  }
  return out;
}

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double rank = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(rank);
  const std::size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (values[high] - values[low]) * (rank - std::floor(rank));
}

// The peak that the scale is fitted to, in the trace's unit.
double peak_of(const std::vector<double>& values, Duration tick) {
  const auto width = static_cast<std::size_t>(std::max<Duration::rep>(1, kWindow / tick));
  std::vector<double> means;
  for (std::size_t begin = 0; begin < values.size(); begin += width) {
    const std::size_t end = std::min(begin + width, values.size());
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += values[i];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  return percentile(std::move(means), kPercentile);
}

}  // namespace

int demand(double load, double slo) {
  constexpr double kHair = 1e-9;  // 16 / 0.8 needs 20, whatever the last bit of the quotient says
  return static_cast<int>(std::clamp(std::ceil(load / slo - kHair), 0.0, 1e9));
}

Result<Load> make_load(const Trace& trace, const Scale& scale) {
  const Duration span = trace.points.back().time - trace.points.front().time + trace.step;
  const auto ticks = static_cast<std::size_t>(span / scale.tick);
  if (ticks < 1) return fail(ErrorKind::invalid_input, "the trace is shorter than one tick");
  if (ticks > kMaxTicks) {
    return fail(ErrorKind::invalid_input,
                fmt::format("{} ticks are too many (at most {}): take a longer --tick", ticks, kMaxTicks));
  }
  Load out;
  out.start = trace.points.front().time;
  out.tick = scale.tick;
  out.slo = scale.slo;
  out.values = held(trace, scale.tick, ticks);
  if (scale.capacity_per_instance) {
    out.capacity = *scale.capacity_per_instance;
  } else {
    const double peak = peak_of(out.values, scale.tick);
    if (!(peak > 0)) {
      return fail(ErrorKind::invalid_input,
                  "the trace has no peak to scale to --peak-instances: give --capacity-per-instance");
    }
    out.capacity = peak / (scale.peak_instances * scale.slo);
  }
  for (double& value : out.values) value /= out.capacity;
  return out;
}

}  // namespace stackscaler::simulate
