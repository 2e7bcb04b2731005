// SPDX-License-Identifier: Apache-2.0
//
// Routes of policies: list, one, history, explanation, simulation.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/api.hpp"
#include "api/detail/call.hpp"
#include "api/problem.hpp"

namespace stackscaler::api {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using detail::Json;

namespace {

constexpr Duration kSimulated = 7 * 24h;
constexpr std::size_t kAtOnce = 100;  // policies that are turned into JSON before the loop gets its turn

http::Response no_policy(const policy::PolicyKey& key) {
  return problem(Kind::not_found, "there is no policy " + key.str(),
                 "see GET /api/v1/policies for those that there are");
}

Json values_of(const ports::DecisionRecord& record) {
  Json out = Json::object();
  const Json detail = detail::detail_json(record);
  const auto signals = detail.find("signals");
  if (signals == detail.end() || !signals->is_array()) return out;
  for (const Json& signal : *signals) {
    const auto name = signal.is_object() ? signal.find("name") : signal.end();
    if (!signal.is_object() || name == signal.end() || !name->is_string()) continue;
    const auto value = signal.find("value");
    out[name->get<std::string>()] = value != signal.end() && value->is_number() ? *value : Json(nullptr);
  }
  return out;
}

// From the journal: at a decision's time, and when it was seen last.
void put_points(Json& out, const ports::DecisionRecord& record, WallTime until) {
  for (const WallTime time : {record.time, std::max(record.seen, record.time)}) {
    if (time >= until) continue;
    out.push_back(Json{{"time", format_rfc3339_ms(time)},
                       {"count", record.from},
                       {"desired", record.to},
                       {"values", values_of(record)}});
    if (record.seen <= record.time) return;
  }
}

Json point_json(const HistoryPoint& point) {
  Json values = Json::object();
  for (const auto& [name, value] : point.values) values[name] = value ? Json(*value) : Json(nullptr);
  return Json{{"time", format_rfc3339_ms(point.time)},
              {"count", point.count ? Json(*point.count) : Json(nullptr)},
              {"desired", point.desired ? Json(*point.desired) : Json(nullptr)},
              {"values", std::move(values)}};
}

}  // namespace

asio::awaitable<http::Response> Api::list_policies(Call&) {
  events_.expect();
  const std::string last = events_.last_id();  // what happens meanwhile is told again
  std::string out =
      "{\"time\":\"" + format_rfc3339(parts_.clock.wall_now()) + "\",\"eventId\":\"" + last + "\",\"policies\":[";
  const auto keys = parts_.fleet.keys();
  const ControllerView controller = parts_.fleet.controller();
  std::size_t done = 0;
  bool first = true;
  for (const policy::PolicyKey& key : keys) {
    if (++done % kAtOnce == 0) {
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
    const auto view = parts_.fleet.policy(key);
    if (!view) continue;
    if (!first) out += ',';
    first = false;
    out += detail::dump(detail::summary_json(*view, controller));
  }
  out += "]}";
  co_return detail::json_text(200, std::move(out));
}

asio::awaitable<http::Response> Api::get_policy(Call& call) {
  const auto key = call.policy_key();
  if (!key) co_return std::move(*call.refused);
  if (!parts_.fleet.policy(*key)) co_return no_policy(*key);
  auto text = co_await parts_.fleet.text(*key);
  const auto view = parts_.fleet.policy(*key);
  if (!view) co_return no_policy(*key);
  Json out{{"summary", detail::summary_json(*view, parts_.fleet.controller())},
           {"spec", detail::spec_json(view->policy->spec)},
           {"yaml", text && text->yaml ? Json(*text->yaml) : Json(nullptr)},
           {"yamlIsLoaded", text && text->is_loaded}};
  co_return detail::json_answer(200, out);
}

asio::awaitable<http::Response> Api::policy_history(Call& call) {
  const auto key = call.policy_key();
  const auto since = key ? call.time("since") : std::nullopt;
  const auto until = since ? call.time("until") : std::nullopt;
  const auto limit = until ? call.limit() : std::nullopt;
  if (!limit) co_return std::move(*call.refused);
  const auto view = parts_.fleet.policy(*key);
  if (!view) co_return no_policy(*key);
  const WallTime end = until->value_or(parts_.clock.wall_now() + 1ms);
  const WallTime begin = since->value_or(end - 24h);
  DecisionQuery decisions;
  decisions.policy = key->str();
  decisions.since = begin;
  decisions.until = end;
  decisions.limit = *limit;
  OperationQuery operations;
  operations.stack = view->stack;
  operations.since = begin;
  operations.until = end;
  operations.limit = *limit;
  Json out{{"policy", key->str()},
           {"stack", view->stack},
           {"since", format_rfc3339(begin)},
           {"until", format_rfc3339(end)},
           {"bounds", detail::bounds_json(view->policy->spec.bounds)}};
  Json metrics = Json::array();
  for (const policy::Metric& metric : view->policy->spec.metrics) metrics.push_back(detail::threshold_json(metric));
  out["metrics"] = std::move(metrics);
  auto decided = co_await parts_.records.decisions(std::move(decisions));
  if (!decided) co_return problem_of(decided.error());
  auto operated = co_await parts_.records.operations(std::move(operations));
  if (!operated) co_return problem_of(operated.error());

  const auto recent = recent_.points(*key, begin, end, 720);
  const WallTime from_memory = recent.empty() ? end : recent.front().time;
  Json points = Json::array();
  Json listed = Json::array();
  for (auto record = decided->records.rbegin(); record != decided->records.rend(); ++record) {
    listed.push_back(detail::decision_json(*record));
    put_points(points, *record, from_memory);
  }
  for (const HistoryPoint& point : recent) points.push_back(point_json(point));
  Json done = Json::array();
  for (auto record = operated->records.rbegin(); record != operated->records.rend(); ++record) {
    done.push_back(detail::operation_json(*record, progress_of(record->id)));
  }
  out["points"] = std::move(points);
  out["decisions"] = std::move(listed);
  out["operations"] = std::move(done);
  out["truncated"] = decided->next != 0 || operated->next != 0;
  co_return detail::json_answer(200, out);
}

asio::awaitable<http::Response> Api::explain(Call& call) {
  const auto key = call.policy_key();
  if (!key) co_return std::move(*call.refused);
  if (!parts_.fleet.policy(*key)) co_return no_policy(*key);
  DecisionQuery decisions;
  decisions.policy = key->str();
  decisions.limit = 1;
  auto decided = co_await parts_.records.decisions(std::move(decisions));
  if (!decided) co_return problem_of(decided.error());
  if (decided->records.empty()) {
    co_return problem(Kind::not_found, "nothing was decided on policy " + key->str() + " yet",
                      "wait for its first turn; its conditions say what is in the way");
  }
  const ports::DecisionRecord& decision = decided->records.front();
  OperationQuery operations;
  operations.stack = decision.stack;
  operations.limit = 1;
  auto operated = co_await parts_.records.operations(std::move(operations));
  if (!operated) co_return problem_of(operated.error());
  std::optional<ports::OperationRecord> newest;
  if (!operated->records.empty()) newest = operated->records.front();
  Json out{{"policy", key->str()},
           {"stack", decision.stack},
           {"decision", detail::decision_json(decision)},
           {"detail", detail::detail_json(decision)},
           {"operation", newest ? detail::operation_json(*newest, progress_of(newest->id)) : Json(nullptr)},
           {"text", parts_.records.explain(decision, newest)}};
  co_return detail::json_answer(200, out);
}

asio::awaitable<http::Response> Api::simulate(Call& call) {
  const auto key = call.policy_key();
  const auto since = key ? call.time("since") : std::nullopt;
  const auto until = since ? call.time("until") : std::nullopt;
  const auto boot_delay = until ? call.duration("bootDelay", 2min, 60) : std::nullopt;
  const auto slo = boot_delay ? call.share("slo", 0.8) : std::nullopt;
  if (!slo) co_return std::move(*call.refused);
  if (!parts_.fleet.policy(*key)) co_return no_policy(*key);
  SimulationQuery query;
  query.policy = *key;
  query.until = until->value_or(parts_.clock.wall_now());
  query.since = since->value_or(query.until - 24h);
  query.boot_delay = *boot_delay;
  query.slo = *slo;
  if (query.until - query.since < 10min || query.until - query.since > kSimulated) {
    co_return problem(Kind::bad_request, "since and until: a simulation takes from ten minutes to seven days",
                      "correct the query and send it again");
  }
  auto done = co_await parts_.fleet.simulate(std::move(query));
  if (!done) co_return problem_of(done.error());
  co_return detail::json_text(200, std::move(*done));
}

}  // namespace stackscaler::api
