// SPDX-License-Identifier: Apache-2.0
//
// Trace: a load history, as a file of `time,value` lines tells it.
//
// Format: UTF-8 text; lines that begin with '#' and empty lines are passed over; the first other line may be a header.
// Then one sample a line: the time as seconds since 1970 (fractions allowed) or RFC 3339, a comma, a number that is not
// negative. Times rise strictly. A sample holds until the next; the last holds as long as the usual step.
// What it is not: a guess. NaN, disorder, duplicates and gaps of more than a day (and 20 steps) are errors that name
// file and line. Pure and total: any bytes give a trace or an error; lines and points are bounded.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace stackscaler::simulate {

inline constexpr std::size_t kMaxTraceBytes = std::size_t{256} << 20U;
inline constexpr std::size_t kMaxTraceLine = 1024;
inline constexpr std::size_t kMaxTracePoints = 10'000'000;

struct Point {
  WallTime time;
  double value = 0;
  bool operator==(const Point&) const = default;
};

struct Trace {
  std::vector<Point> points;  // at least two, by time
  Duration step{};            // the median distance of two samples
};

// `file` is the name that errors give.
[[nodiscard]] Result<Trace> parse_trace(std::string_view text, std::string_view file);

// The same checks for points from elsewhere; errors name the time instead of a line.
[[nodiscard]] Result<Trace> make_trace(std::vector<Point> points, std::string_view origin);

}  // namespace stackscaler::simulate
