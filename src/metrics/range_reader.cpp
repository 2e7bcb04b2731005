// SPDX-License-Identifier: Apache-2.0
#include "metrics/range_reader.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace stackscaler::metrics {

namespace asio = boost::asio;

namespace {

std::string seconds(Duration since) {
  return fmt::format("{}.{:03}", since.count() / 1000, since.count() % 1000);
}

// Appends the samples of a later part.
void merge(RangeAnswer part, RangeAnswer& whole) {
  for (Series& series : part.series) {
    const auto same = [&](const Series& other) { return other.labels == series.labels; };
    const auto at = std::find_if(whole.series.begin(), whole.series.end(), same);
    if (at == whole.series.end()) {
      whole.series.push_back(std::move(series));
      continue;
    }
    for (const Sample& sample : series.samples) {
      if (at->samples.empty() || sample.time > at->samples.back().time) at->samples.push_back(sample);
    }
  }
  for (std::string& warning : part.warnings) {
    const auto known = std::find(whole.warnings.begin(), whole.warnings.end(), warning);
    if (known == whole.warnings.end()) whole.warnings.push_back(std::move(warning));
  }
}

Result<void> check(const RangeQuery& query, std::size_t points) {
  if (query.end < query.start) return fail(ErrorKind::invalid_input, "the span ends before it begins");
  if (query.start.time_since_epoch() < Duration::zero())
    return fail(ErrorKind::invalid_input, "the span begins before 1970");
  if (query.step < std::chrono::seconds(1)) return fail(ErrorKind::invalid_input, "the step is shorter than 1s");
  const auto wanted = static_cast<std::size_t>((query.end - query.start) / query.step) + 1;
  if (wanted > points) {
    return fail(ErrorKind::invalid_input,
                fmt::format("{} points are too many (at most {}): take a larger step", wanted, points));
  }
  return {};
}

std::size_t samples_in(const RangeAnswer& answer) {
  std::size_t out = 0;
  for (const Series& series : answer.series) out += series.samples.size();
  return out;
}

}  // namespace

asio::awaitable<Result<RangeAnswer>> RangeReader::read(Endpoint endpoint, RangeQuery query) {
  if (auto ok = check(query, settings_.points); !ok) co_return fail(std::move(ok).error());
  const SteadyTime give_up = std::chrono::steady_clock::now() + settings_.budget;
  const Duration part = query.step * static_cast<std::int64_t>(settings_.points_per_part - 1);
  RangeAnswer whole;
  for (WallTime begin = query.start; begin <= query.end; begin += part + query.step) {
    const WallTime end = std::min(begin + part, query.end);
    const auto left = std::chrono::duration_cast<Duration>(give_up - std::chrono::steady_clock::now());
    if (left <= Duration::zero()) {
      co_return fail(ErrorKind::timeout, "the range was not read within " + format_duration(settings_.budget));
    }
    std::string form = query_form(endpoint, query.query) + "&start=" + seconds(begin.time_since_epoch()) +
                       "&end=" + seconds(end.time_since_epoch()) + "&step=" + seconds(query.step);
    auto response = co_await client_.fetch(endpoint, "query_range", std::move(form),
                                           std::min(left, settings_.part_deadline), settings_.answer_limit);
    if (!response) co_return fail(std::move(response).error());
    RangeAnswer answer =
        parse_range_answer(response->status, response->body, headers_of(*response, endpoint.loki()), settings_.limits);
    if (!answer.missing.empty()) co_return fail(ErrorKind::unavailable, std::move(answer.missing));
    merge(std::move(answer), whole);
    if (whole.series.size() > settings_.limits.series || samples_in(whole) > settings_.limits.samples) {
      co_return fail(ErrorKind::invalid_input,
                     "the range holds too many series or samples: aggregate, or a larger step");
    }
  }
  co_return whole;
}

}  // namespace stackscaler::metrics
