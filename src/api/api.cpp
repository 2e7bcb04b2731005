// SPDX-License-Identifier: Apache-2.0
//
// A request's way: host, route, query, change or not, answer; and what the controller tells.
#include "api/api.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "api/assets.hpp"
#include "api/detail/call.hpp"
#include "api/detail/json.hpp"
#include "api/detail/routes.hpp"
#include "api/problem.hpp"
#include "base/digest.hpp"
#include "http/url.hpp"

namespace stackscaler::api {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using detail::Json;

namespace {

constexpr Duration kFlush = 500ms;     // between two looks at what changed
constexpr std::size_t kFlushed = 400;  // policies that are sent at a look
constexpr std::size_t kMaxQuery = 2048;
constexpr std::string_view kPagePolicy =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

void put_security_headers(http::Response& answer, bool page) {
  answer.headers.add("X-Content-Type-Options", "nosniff");
  answer.headers.add("Referrer-Policy", "no-referrer");
  answer.headers.add("X-Frame-Options", "DENY");
  answer.headers.add("Cross-Origin-Resource-Policy", "same-origin");
  answer.headers.add("Content-Security-Policy",
                     std::string(page ? kPagePolicy : std::string_view("default-src 'none'; frame-ancestors 'none'")));
  if (answer.headers.get("cache-control").empty()) answer.headers.add("Cache-Control", "no-store");
}

// "a=1&b=2" decoded; each name once, and one that the route takes.
void take_query(Call& call) {
  std::string_view rest = call.request.query;
  if (rest.size() > kMaxQuery) return call.refuse("the query is too long", "ask for less");
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string name = http::percent_decode(pair.substr(0, equals));
    const auto& known = call.route->query;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return call.refuse("the query has a parameter that is not known here", "see /docs for those that are");
    }
    std::string value = equals == std::string_view::npos ? "" : http::percent_decode(pair.substr(equals + 1));
    if (!call.query.emplace(name, std::move(value)).second) {
      return call.refuse(name + " is in the query twice", "give it once");
    }
  }
}

bool has(const http::Headers& headers, std::string_view name) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return std::any_of(headers.begin(), headers.end(), [&](const http::Headers::Field& field) {
    return std::equal(field.first.begin(), field.first.end(), name.begin(), name.end(), same);
  });
}

bool valid_key(std::string_view key) {
  return !key.empty() && key.size() <= 128 &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Api::Api(Parts parts, AccessSettings access, std::string start)
    : parts_(parts), access_(std::move(access)), events_(parts.executor, parts.clock, std::move(start)) {}

Api::~Api() = default;

asio::awaitable<http::Response> Api::handle(http::IncomingRequest request) {
  Call call(std::move(request));
  std::optional<http::Response> answer;
  try {
    answer = co_await dispatch(call);
  } catch (const std::exception& e) {
    parts_.logger.error("a request could not be answered", kv("path", call.request.path.substr(0, 200)),
                        kv("err", e.what()));
  }
  if (!answer) answer = problem(Kind::internal, "the request could not be answered", "see the controller's log");
  const bool html = answer->headers.get("content-type").starts_with("text/html");
  put_security_headers(*answer, html || (call.route != nullptr && call.route->run == &Api::static_page));
  telemetry_.answered(call.route != nullptr ? call.route->pattern : std::string_view("other"), answer->status);
  co_return std::move(*answer);
}

asio::awaitable<http::Response> Api::dispatch(Call& call) {
  const std::string& path = call.request.path;
  if (!path.starts_with('/') || path.size() > kMaxQuery) {
    co_return problem(Kind::bad_request, "the request's target is not a path", "send the path alone");
  }
  const bool probe = path == "/healthz" || path == "/readyz";
  if (!probe) {
    if (auto refused = access_.check_host(call.request)) co_return std::move(*refused);
  }
  std::string allow;
  call.route = RouteTable::find(call, allow);
  if (call.route == nullptr && allow.empty()) {
    if (find_asset(path) != nullptr) co_return page(call);
    co_return problem(Kind::not_found, "there is nothing at this path", "see /docs for what there is");
  }
  if (call.route == nullptr) {
    auto out = problem(Kind::method_not_allowed, "this path is not for that method", "use one of Allow");
    out.headers.add("Allow", allow);
    co_return out;
  }
  take_query(call);
  if (call.refused) co_return std::move(*call.refused);
  if (call.route->method == http::Method::post) co_return co_await change(call);
  co_return co_await (this->*call.route->run)(call);
}

// Everything that may change something, advice that costs money included.
asio::awaitable<http::Response> Api::change(Call& call) {
  const SteadyTime now = parts_.clock.steady_now();
  if (auto refused = access_.check_change(call.request, now)) {
    audit(call, *refused, "refused");
    co_return std::move(*refused);
  }
  if (call.request.body.size() > kBodyBytes) {
    co_return problem(Kind::payload_too_large, "the body is longer than 65536 bytes", "send less");
  }
  const std::string key(call.request.headers.get("idempotency-key"));
  // An empty one is no wish to go without.
  if (has(call.request.headers, "idempotency-key") && !valid_key(key)) {
    co_return problem(Kind::bad_request, "the Idempotency-Key is not visible ASCII of at most 128 characters",
                      "a random UUID will do");
  }
  if (!key.empty()) {
    const std::string digest = sha256_hex(call.request.path + "\n" + call.request.body);
    if (auto before = idempotency_.begin(key, digest, now)) co_return std::move(*before);
  }
  std::exception_ptr thrown;
  std::optional<http::Response> answer;
  try {
    answer = co_await (this->*call.route->run)(call);
  } catch (const std::exception&) {
    thrown = std::current_exception();
  }
  const bool keep = answer && (answer->status < 300 || answer->status == 422);
  if (!key.empty() && keep) idempotency_.finish(key, *answer);
  if (!key.empty() && !keep) idempotency_.forget(key);
  if (thrown) std::rethrow_exception(thrown);
  audit(call, *answer, "answered");
  co_return std::move(*answer);
}

// Who asked for what. The token and the body's words are not in it; a scale's are in its operation.
void Api::audit(const Call& call, const http::Response& answer, const std::string& what) {
  parts_.logger.info("api", kv("what", what), kv("peer", call.request.peer), kv("route", call.route->pattern),
                     kv("path", call.request.path.substr(0, 300)), kv("status", answer.status));
}

void Api::policy_changed(const policy::PolicyKey& key) {
  if (events_.wanted()) {
    changed_.insert(key);
  } else {
    changed_.clear();
    events_.skip();
  }
}

void Api::policy_removed(const policy::PolicyKey& key) {
  recent_.forget(key);
  changed_.erase(key);
  events_.publish("policy-removed", detail::dump(Json{{"namespace", key.namespace_}, {"name", key.name}}));
}

void Api::decided(const ports::DecisionRecord& record) {
  if (events_.wanted()) events_.publish("decision", detail::dump(detail::decision_json(record)));
}

void Api::operation_moved(const ports::OperationRecord& record, const ports::OperationProgress& progress) {
  Live& live = live_[record.id];
  live.record = record;
  live.progress = progress;
  events_.publish("operation", detail::dump(detail::operation_json(live.record, &live.progress)), record.id);
}

void Api::operation_ended(const ports::OperationRecord& record) {
  live_.erase(record.id);
  telemetry_.operation_ended(record);
  events_.publish("operation", detail::dump(detail::operation_json(record, nullptr)), record.id, true);
}

void Api::controller_changed() {
  events_.publish("controller", controller_text());
}

// In turn, so that with many of them each comes to be sent.
asio::awaitable<void> Api::run() {
  for (;;) {
    auto slept = co_await parts_.clock.sleep_for(kFlush);
    if (!slept) co_return;
    if (changed_.empty()) continue;
    const ControllerView controller = parts_.fleet.controller();
    auto next = changed_.upper_bound(sent_);
    for (std::size_t i = 0; i < kFlushed && !changed_.empty(); ++i) {
      if (next == changed_.end()) next = changed_.begin();
      sent_ = *next;
      next = changed_.erase(next);
      if (const auto view = parts_.fleet.policy(sent_)) {
        events_.publish("policy", detail::dump(detail::summary_json(*view, controller)));
      }
    }
  }
}

}  // namespace stackscaler::api
