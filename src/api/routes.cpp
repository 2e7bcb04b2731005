// SPDX-License-Identifier: Apache-2.0
#include "api/detail/routes.hpp"

#include "http/url.hpp"

namespace stackscaler::api {
namespace {

using Segments = std::vector<std::string_view>;

Segments split(std::string_view path) {
  Segments out;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t end = path.find('/');
    out.push_back(path.substr(0, end));
    if (end == std::string_view::npos) return out;
    path.remove_prefix(end + 1);
  }
}

// '+' is no space in a path.
std::string decode_segment(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c == '+') {
      plain += "%2B";
    } else {
      plain += c;
    }
  }
  return http::percent_decode(plain);
}

bool matches(const Segments& pattern, const Segments& path) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool variable = pattern[i].starts_with('{');
    if (variable ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return true;
}

void take_variables(const Segments& pattern, const Segments& path, Call& call) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!pattern[i].starts_with('{')) continue;
    call.path[std::string(pattern[i].substr(1, pattern[i].size() - 2))] = decode_segment(path[i]);
  }
}

}  // namespace

std::span<const Route> RouteTable::all() {
  using http::Method;
  static const std::vector<Route> kRoutes{
      {Method::get, "/scaling/stacks", &Api::list_stacks},
      {Method::get, "/scaling/stack/{id}/info", &Api::stack_info},
      {Method::get, "/scaling/stack/{id}/metrics", &Api::stack_metrics},
      {Method::post, "/scaling/stack/scale", &Api::scale_stack, {"wait"}},
      {Method::post, "/scaling/stack/{id}/recommend", &Api::recommend},
      {Method::post, "/scaling/stack/{id}/auto-scale", &Api::auto_scale, {"wait"}},
      {Method::get, "/api/v1/policies", &Api::list_policies},
      {Method::get, "/api/v1/policies/{namespace}/{name}", &Api::get_policy},
      {Method::get, "/api/v1/policies/{namespace}/{name}/history", &Api::policy_history, {"since", "until", "limit"}},
      {Method::get, "/api/v1/policies/{namespace}/{name}/explain", &Api::explain},
      {Method::get,
       "/api/v1/policies/{namespace}/{name}/simulation",
       &Api::simulate,
       {"since", "until", "bootDelay", "slo"}},
      {Method::get, "/api/v1/decisions", &Api::list_decisions, {"policy", "since", "limit", "before"}},
      {Method::get, "/api/v1/operations", &Api::list_operations, {"stack", "since", "limit", "before"}},
      {Method::get, "/api/v1/operations/{id}", &Api::get_operation},
      {Method::get, "/api/v1/operations/{id}/events", &Api::follow_operation},
      {Method::get, "/api/v1/events", &Api::follow_events, {"lastEventId"}},
      {Method::get, "/api/v1/controller", &Api::get_controller},
      {Method::post, "/api/v1/pause", &Api::pause},
      {Method::post, "/api/v1/resume", &Api::resume},
      {Method::get, "/api/v1/whoami", &Api::whoami},
      {Method::get, "/healthz", &Api::healthz},
      {Method::get, "/readyz", &Api::readyz},
      {Method::get, "/metrics", &Api::metrics_page},
      {Method::get, "/openapi.json", &Api::openapi},
      {Method::get, "/docs", &Api::static_page},
      {Method::get, "/", &Api::static_page}};
  return kRoutes;
}

const Route* RouteTable::find(Call& call, std::string& allow) {
  const Segments path = split(call.request.path);
  const http::Method method = call.request.method == http::Method::head ? http::Method::get : call.request.method;
  const Route* found = nullptr;
  // A path without variables comes before one with; a method that fits before one that does not.
  for (const Route& route : all()) {
    const Segments pattern = split(route.pattern);
    if (!matches(pattern, path)) continue;
    if (route.method != method) {
      allow += (allow.empty() ? "" : ", ") + std::string(route.method == http::Method::get ? "GET, HEAD" : "POST");
    } else if (found == nullptr || found->pattern.find('{') != std::string_view::npos) {
      found = &route;
    }
  }
  if (found != nullptr) take_variables(split(found->pattern), path, call);
  return found;
}

}  // namespace stackscaler::api
