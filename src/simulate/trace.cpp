// SPDX-License-Identifier: Apache-2.0
#include "simulate/trace.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

namespace stackscaler::simulate {
namespace {

constexpr Duration kLongestGap = std::chrono::hours(24);
constexpr int kGapSteps = 20;
constexpr double kLatest = 253'402'300'800.0;  // year 10000

std::unexpected<Error> problem(std::string_view where, std::string message) {
  return fail(ErrorKind::invalid_input, fmt::format("{}: {}", where, message));
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// What a message may repeat of a line.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, 40));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<WallTime> time_of(std::string_view text) {
  if (const auto seconds = number(text)) {
    if (!(*seconds >= 0 && *seconds < kLatest)) return std::nullopt;
    return WallTime(Duration(static_cast<Duration::rep>(std::llround(*seconds * 1000))));
  }
  const auto time = parse_rfc3339(text);
  return time ? std::optional(*time) : std::nullopt;
}

bool is_header(std::string_view line) {
  const std::string_view first = trimmed(line.substr(0, line.find(',')));
  return !first.empty() && (std::isalpha(static_cast<unsigned char>(first.front())) != 0 || first.front() == '"') &&
         !number(first);
}

class Parser {
 public:
  explicit Parser(std::string_view file) : file_(file) {}
  Result<void> line(std::string_view text);
  Result<Trace> finish() &&;

 private:
  [[nodiscard]] std::string here() const { return fmt::format("{}:{}", file_, line_); }
  Result<void> sample(std::string_view text);

  std::string_view file_;
  std::size_t line_ = 0;
  bool begun_ = false;
  std::vector<Point> points_;
  std::vector<std::size_t> lines_;
};

Result<void> Parser::line(std::string_view text) {
  ++line_;
  if (text.size() > kMaxTraceLine) {
    return problem(here(), fmt::format("the line has {} bytes, at most {} are read", text.size(), kMaxTraceLine));
  }
  text = trimmed(text);
  if (text.empty() || text.front() == '#') return {};
  if (!std::exchange(begun_, true) && is_header(text)) return {};
  return sample(text);
}

Result<void> Parser::sample(std::string_view text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos || text.find(',', comma + 1) != std::string_view::npos) {
    return problem(here(), fmt::format("'{}' is not 'time,value'", shown(text)));
  }
  const std::string_view left = trimmed(text.substr(0, comma));
  const std::string_view right = trimmed(text.substr(comma + 1));
  const auto time = time_of(left);
  if (!time) {
    return problem(here(), fmt::format("'{}' is no time: seconds since 1970 or 2026-01-31T10:00:00Z", shown(left)));
  }
  const auto value = number(right);
  if (!value || !std::isfinite(*value)) return problem(here(), fmt::format("'{}' is not a number", shown(right)));
  if (*value < 0) return problem(here(), fmt::format("the load {} is negative", shown(right)));
  if (points_.size() >= kMaxTracePoints) return problem(here(), fmt::format("more than {} samples", kMaxTracePoints));
  if (!points_.empty() && *time <= points_.back().time) {
    return problem(here(),
                   *time == points_.back().time
                       ? fmt::format("the time {} is there twice", shown(left))
                       : fmt::format("the time {} is before that of the line above: sort by time", shown(left)));
  }
  points_.push_back(Point{*time, *value});
  lines_.push_back(line_);
  return {};
}

Duration usual_step(const std::vector<Point>& points) {
  std::vector<Duration> steps;
  steps.reserve(points.size());
  for (std::size_t i = 1; i < points.size(); ++i) steps.push_back(points[i].time - points[i - 1].time);
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

// The index of the first sample after a gap that is too long, if there is one.
std::optional<std::size_t> gap_in(const Trace& trace) {
  const Duration most = std::max(kLongestGap, trace.step * kGapSteps);
  for (std::size_t i = 1; i < trace.points.size(); ++i) {
    if (trace.points[i].time - trace.points[i - 1].time > most) return i;
  }
  return std::nullopt;
}

std::string gap_message(const Trace& trace, std::size_t at) {
  const Duration gap = std::chrono::floor<std::chrono::seconds>(trace.points[at].time - trace.points[at - 1].time);
  return fmt::format("no sample for {} before this one: nobody knows what the load was; split the trace there",
                     format_duration(gap));
}

Result<Trace> Parser::finish() && {
  if (points_.size() < 2) return problem(file_, "a trace needs at least two samples, as lines 'time,value'");
  Trace out;
  out.points = std::move(points_);
  out.step = usual_step(out.points);
  if (const auto at = gap_in(out)) {
    return problem(fmt::format("{}:{}", file_, lines_[*at]), gap_message(out, *at));
  }
  return out;
}

}  // namespace

Result<Trace> parse_trace(std::string_view text, std::string_view file) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Parser parser(file);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (auto ok = parser.line(text.substr(0, end)); !ok) return fail(std::move(ok).error());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(parser).finish();
}

Result<Trace> make_trace(std::vector<Point> points, std::string_view origin) {
  if (points.size() < 2) return problem(origin, "fewer than two samples: is the query right, is the span long enough?");
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::string at = format_rfc3339(points[i].time);
    if (!std::isfinite(points[i].value) || points[i].value < 0) {
      return problem(
          origin, fmt::format("the load at {} is {}: it must be a number that is not negative", at, points[i].value));
    }
    if (i > 0 && points[i].time <= points[i - 1].time) return problem(origin, "times do not rise at " + at);
  }
  Trace out;
  out.points = std::move(points);
  out.step = usual_step(out.points);
  if (const auto at = gap_in(out)) {
    return problem(fmt::format("{} at {}", origin, format_rfc3339(out.points[*at].time)), gap_message(out, *at));
  }
  return out;
}

}  // namespace stackscaler::simulate
