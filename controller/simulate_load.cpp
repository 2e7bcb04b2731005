// SPDX-License-Identifier: Apache-2.0
#include "controller/simulate_load.hpp"

#include "base/files.hpp"
#include "controller/program.hpp"
#include "controller/session.hpp"
#include "controller/simulation.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;

namespace {

Result<WallTime> time_of(const char* name, const std::string& text, WallTime now) {
  if (const auto ago = parse_duration(text)) return now - *ago;
  auto time = parse_rfc3339(text);
  if (!time) {
    return fail(ErrorKind::invalid_input, std::string(name) + ": '" + text +
                                              "' is neither a time such as 2026-01-31T10:00:00Z nor how long ago, "
                                              "such as 14d");
  }
  return time;
}

Result<LoadQuery> query_of(const Options& options, const std::vector<policy::ScalingPolicy>& policies) {
  auto endpoint = process_endpoint(options);
  if (!endpoint) return fail(std::move(endpoint).error());
  const std::string& given = options.simulate.query;
  if (!given.empty()) return LoadQuery{given, std::move(*endpoint)};
  auto query = load_query(policies.front(), *endpoint, options.simulate.slo);
  if (!query) return fail(query.error().kind(), query.error().message() + ": give --query");
  return query;
}

class Reading {
 public:
  explicit Reading(const Options& options) : session_(options, LogLevel::warn) {}

  [[nodiscard]] WallTime now() const { return std::chrono::floor<std::chrono::seconds>(session_.clock.wall_now()); }

  Result<metrics::RangeAnswer> read(const LoadQuery& query, const metrics::RangeQuery& range) {
    Result<metrics::RangeAnswer> out = metrics::RangeAnswer{};
    session_.run(ask(query, range, out));
    return out;
  }

 private:
  // The referents live in read()'s caller, which runs the loop to the end.
  asio::awaitable<void> ask(const LoadQuery& query, const metrics::RangeQuery& range,
                            Result<metrics::RangeAnswer>& out) {
    metrics::RangeSettings settings;
    settings.points = simulate::kMaxTracePoints;
    metrics::RangeReader reader(queries_, settings);
    out = co_await reader.read(query.endpoint, range);
  }

  Session session_;
  metrics::QueryClient queries_{session_.client, session_.clock, *session_.logger, &session_.pool};
};

}  // namespace

Result<simulate::Load> simulation_load(const Options& options, const std::vector<policy::ScalingPolicy>& policies) {
  const SimulateOptions& wanted = options.simulate;
  simulate::Scale scale{wanted.tick, wanted.slo, wanted.peak_instances, wanted.capacity_per_instance};
  if (!wanted.trace.empty()) {
    auto text = read_file(wanted.trace, simulate::kMaxTraceBytes);
    if (!text) return fail(std::move(text).error());
    auto trace = simulate::parse_trace(*text, wanted.trace.string());
    if (!trace) return fail(std::move(trace).error());
    auto load = simulate::make_load(*trace, scale);
    if (!load) return fail(std::move(load).error().with_context(wanted.trace.string()));
    return load;
  }
  auto query = query_of(options, policies);
  if (!query) return fail(std::move(query).error());
  Reading reading(options);
  auto from = time_of("--from", wanted.from, reading.now());
  if (!from) return fail(std::move(from).error());
  auto to = wanted.to.empty() ? Result<WallTime>(reading.now()) : time_of("--to", wanted.to, reading.now());
  if (!to) return fail(std::move(to).error());
  const std::string origin = "the range query";
  const metrics::RangeQuery range(query->text, *from, *to, wanted.tick);
  auto answer = reading.read(*query, range);
  if (!answer) return fail(std::move(answer).error().with_context(origin));
  auto trace = trace_of(std::move(*answer), origin);
  if (!trace) return fail(std::move(trace).error());
  if (query->in_instances && !scale.capacity_per_instance) scale.capacity_per_instance = 1;
  return simulate::make_load(*trace, scale);
}

}  // namespace stackscaler::controller
