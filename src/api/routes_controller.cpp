// SPDX-License-Identifier: Apache-2.0
//
// Routes of the controller itself, probes and pages.
#include <map>

#include "api/api.hpp"
#include "api/assets.hpp"
#include "api/detail/call.hpp"
#include "api/problem.hpp"

namespace stackscaler::api {

namespace asio = boost::asio;
using detail::Json;

namespace {

constexpr std::size_t kMaxReason = 500;

std::string_view mode_of(const ControllerView& c) {
  if (c.rehearsal) return "rehearsal";
  if (c.dry_run) return "dry-run";
  return c.enabled ? "enabled" : "observing";
}

http::Response health(int status, std::string_view text) {
  const Json body{{"status", text}};
  return detail::json_answer(status, body);
}

}  // namespace

std::string Api::controller_text() const {
  const ControllerView c = parts_.fleet.controller();
  std::map<std::string_view, int> states;
  for (const policy::PolicyKey& key : parts_.fleet.keys()) {
    if (const auto view = parts_.fleet.policy(key)) ++states[detail::state_of(*view, c)];
  }
  Json by_state = Json::object();
  for (const auto& [state, count] : states) by_state[std::string(state)] = count;
  const WallTime now = parts_.clock.wall_now();
  const Json out{
      {"version", c.version},
      {"mode", mode_of(c)},
      {"enabled", c.enabled},
      {"dryRun", c.dry_run},
      {"rehearsal", c.rehearsal},
      {"pause", detail::pause_json(c.pause)},
      {"intervalSeconds", std::chrono::duration<double>(c.defaults.interval).count()},
      {"confidenceThreshold", c.defaults.confidence_threshold},
      {"defaultBounds", detail::bounds_json(c.defaults.bounds)},
      {"maxInstancesCeiling", c.ceiling ? Json(*c.ceiling) : Json(nullptr)},
      {"leader", c.leader},
      {"stopping", c.stopping},
      {"policies", c.policies},
      {"policiesByState", std::move(by_state)},
      {"queue", {{"waiting", c.waiting}, {"inWork", c.in_work}}},
      {"lateness",
       {{"p50Ms", c.lateness_p50.count()}, {"p99Ms", c.lateness_p99.count()}, {"maxMs", c.lateness_max.count()}}},
      {"turns", c.turns},
      {"runningOperations", live_.size()},
      {"streams", events_.streams()},
      {"startedAt", format_rfc3339(c.started)},
      {"uptimeSeconds", std::chrono::floor<std::chrono::seconds>(now - c.started).count()},
      {"authentication", access_.has_token() ? "token" : "none"},
      {"terraform", c.terraform}};
  return detail::dump(out);
}

asio::awaitable<http::Response> Api::get_controller(Call&) {
  co_return detail::json_text(200, controller_text());
}

asio::awaitable<http::Response> Api::pause(Call& call) {
  const auto body = call.body({"reason"}, false);
  if (!body) co_return std::move(*call.refused);
  std::string reason;
  if (const auto given = body->find("reason"); given != body->end()) {
    if (!given->is_string() || detail::length_of(given->get_ref<const std::string&>()) > kMaxReason) {
      co_return problem(Kind::unprocessable, "reason: that is not a text of at most 500 characters",
                        "correct the body and send it again");
    }
    reason = given->get<std::string>();
  }
  Asker by;
  by.peer = call.request.peer;
  auto done = co_await parts_.actions.pause(std::move(by), std::move(reason));
  if (!done) co_return problem_of(done.error());
  controller_changed();
  co_return detail::json_answer(200, detail::pause_json(*done));
}

asio::awaitable<http::Response> Api::resume(Call& call) {
  if (!call.body({}, false)) co_return std::move(*call.refused);
  Asker by;
  by.peer = call.request.peer;
  auto done = co_await parts_.actions.resume(std::move(by));
  if (!done) co_return problem_of(done.error());
  controller_changed();
  co_return detail::json_answer(200, detail::pause_json(*done));
}

asio::awaitable<http::Response> Api::whoami(Call& call) {
  const auto token = access_.token_in(call.request);
  if (token == false) {
    // Guesses are counted as changes are.
    auto refused = access_.check_change(call.request, parts_.clock.steady_now());
    if (refused && refused->status == 429) co_return std::move(*refused);
    co_return problem(Kind::unauthorized, "the token is not the right one",
                      "use the token that the controller was started with");
  }
  const bool known = token.value_or(false);
  const Json body{
      {"authenticated", known}, {"mayChange", known}, {"authentication", access_.has_token() ? "token" : "none"}};
  co_return detail::json_answer(200, body);
}

asio::awaitable<http::Response> Api::healthz(Call&) {
  co_return health(200, parts_.fleet.controller().stopping ? "stopping" : "ok");
}

asio::awaitable<http::Response> Api::readyz(Call&) {
  const ControllerView c = parts_.fleet.controller();
  if (c.ready && !c.stopping) co_return health(200, "ok");
  co_return problem(Kind::unavailable, c.stopping ? "the controller is stopping" : "the policies are not loaded yet",
                    "try again later");
}

asio::awaitable<http::Response> Api::metrics_page(Call&) {
  const ControllerView c = parts_.fleet.controller();
  Telemetry::Gauges gauges;
  gauges.streams = events_.streams();
  gauges.connections = connections_ ? connections_() : 0;
  gauges.running_operations = live_.size();
  gauges.uptime_seconds = std::chrono::duration<double>(parts_.clock.wall_now() - c.started).count();
  co_return http::Response(200, "text/plain; version=0.0.4; charset=utf-8", telemetry_.page(parts_.fleet, gauges));
}

asio::awaitable<http::Response> Api::openapi(Call&) {
  co_return http::Response(200, "application/json", std::string(openapi_text()));
}

asio::awaitable<http::Response> Api::static_page(Call& call) {
  co_return page(call);
}

http::Response Api::page(const Call& call) const {
  const Asset* const asset = find_asset(call.request.path);
  if (asset == nullptr) return problem(Kind::not_found, "there is nothing at this path", "see /docs for what there is");
  const bool known = call.request.headers.get("if-none-match") == asset->tag;
  http::Response out(known ? 304 : 200);
  out.headers.add("Content-Type", std::string(asset->type));
  out.headers.add("ETag", std::string(asset->tag));
  out.headers.add("Cache-Control", asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (asset->gzip) out.headers.add("Content-Encoding", "gzip");
  if (!known) out.body = asset->bytes;
  return out;
}

}  // namespace stackscaler::api
