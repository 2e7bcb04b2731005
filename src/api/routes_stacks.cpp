// SPDX-License-Identifier: Apache-2.0
//
// Routes of stacks: those that were there first, under their old names.
#include "api/api.hpp"
#include "api/detail/call.hpp"
#include "api/problem.hpp"

namespace stackscaler::api {

namespace asio = boost::asio;
using detail::Json;

namespace {

constexpr std::size_t kMaxReason = 500;

http::Response refuse_field(std::string_view detail) {
  return problem(Kind::unprocessable, detail, "correct the body and send it again");
}

// Nothing: good.
std::optional<http::Response> read_scale(const Json& body, ScaleCommand& command) {
  const auto stack = body.find("stack_id");
  if (stack == body.end() || !stack->is_string() || !detail::valid_stack(stack->get_ref<const std::string&>())) {
    return refuse_field("stack_id: that is no stack's id");
  }
  command.stack = stack->get<std::string>();
  const auto count = body.find("instance_count");
  const bool whole =
      count != body.end() && count->is_number_integer() && *count >= 0 && *count <= policy::kMaxInstances;
  if (!whole) return refuse_field("instance_count: that is not a whole number from 0 to 100000");
  command.count = count->get<int>();
  if (const auto reason = body.find("reason"); reason != body.end()) {
    if (!reason->is_string() || detail::length_of(reason->get_ref<const std::string&>()) > kMaxReason) {
      return refuse_field("reason: that is not a text of at most 500 characters");
    }
    command.reason = reason->get<std::string>();
  }
  if (const auto force = body.find("force"); force != body.end()) {
    if (!force->is_boolean()) return refuse_field("force: that is not true or false");
    command.force = force->get<bool>();
  }
  return std::nullopt;
}

http::Response change_answer(const ChangeView& change, const Json& body) {
  const bool running = change.status == ChangeView::Status::running;
  http::Response out = detail::json_answer(running ? 202 : 200, body);
  if (running && !change.operation.empty()) out.headers.add("Location", "/api/v1/operations/" + change.operation);
  return out;
}

}  // namespace

asio::awaitable<http::Response> Api::list_stacks(Call&) {
  auto stacks = co_await parts_.fleet.stacks();
  if (!stacks) co_return problem_of(stacks.error());
  Json listed = Json::array();
  int active = 0;
  for (const StackView& view : *stacks) {
    active += view.active ? 1 : 0;
    listed.push_back(detail::stack_json(view, parts_.fleet.policy_of(view.id)));
  }
  Json body{{"stacks", std::move(listed)}, {"active", active}};
  co_return detail::json_answer(200, body);
}

asio::awaitable<http::Response> Api::stack_info(Call& call) {
  const auto id = call.stack_id();
  if (!id) co_return std::move(*call.refused);
  auto view = co_await parts_.fleet.stack(*id);
  if (!view) co_return problem_of(view.error());
  const auto key = parts_.fleet.policy_of(*id);
  Json out = detail::stack_json(*view, key);
  Json context = Json::parse(view->context, nullptr, /*allow_exceptions=*/false);
  out["context"] = context.is_object() ? std::move(context) : Json::object();
  out["resource"] = view->resource;
  out["indexes"] = view->indexes;
  const auto policy = key ? parts_.fleet.policy(*key) : std::nullopt;
  out["bounds"] = policy ? detail::bounds_json(policy->policy->spec.bounds) : Json(nullptr);
  co_return detail::json_answer(200, out);
}

asio::awaitable<http::Response> Api::stack_metrics(Call& call) {
  const auto id = call.stack_id();
  if (!id) co_return std::move(*call.refused);
  auto view = co_await parts_.fleet.metrics(*id);
  if (!view) co_return problem_of(view.error());
  Json metrics = Json::array();
  for (const decision::MetricReading& m : view->metrics) {
    metrics.push_back(Json{{"name", m.name},
                           {"value", m.value ? Json(*m.value) : Json(nullptr)},
                           {"missing", m.missing},
                           {"age_seconds", m.age ? Json(std::chrono::duration<double>(*m.age).count()) : Json(nullptr)},
                           {"partial", m.partial}});
  }
  const auto key = parts_.fleet.policy_of(*id);
  Json out{{"stack_id", *id},
           {"policy", key ? Json(key->str()) : Json(nullptr)},
           {"time", format_rfc3339(view->time)},
           {"metrics", std::move(metrics)},
           {"reporting_instances", view->reporting ? Json(*view->reporting) : Json(nullptr)}};
  co_return detail::json_answer(200, out);
}

asio::awaitable<http::Response> Api::scale_stack(Call& call) {
  const auto wait = call.wait();
  if (!wait) co_return std::move(*call.refused);
  const auto body = call.body({"stack_id", "instance_count", "reason", "force"}, true);
  if (!body) co_return std::move(*call.refused);
  ScaleCommand command;
  if (auto refused = read_scale(*body, command)) co_return std::move(*refused);
  command.by.peer = call.request.peer;
  const std::string stack = command.stack;
  auto change = co_await parts_.actions.scale(std::move(command), *wait);
  if (!change) co_return problem_of(change.error());
  co_return change_answer(*change, detail::change_json(stack, *change));
}

asio::awaitable<http::Response> Api::recommend(Call& call) {
  const auto id = call.stack_id();
  if (!id) co_return std::move(*call.refused);
  if (!call.body({}, false)) co_return std::move(*call.refused);
  auto view = co_await parts_.actions.recommend(*id);
  if (!view) co_return problem_of(view.error());
  co_return detail::json_answer(200, detail::recommendation_json(*id, *view));
}

asio::awaitable<http::Response> Api::auto_scale(Call& call) {
  const auto id = call.stack_id();
  const auto wait = id ? call.wait() : std::nullopt;
  if (!wait) co_return std::move(*call.refused);
  if (!call.body({}, false)) co_return std::move(*call.refused);
  Asker by;
  by.peer = call.request.peer;
  auto view = co_await parts_.actions.auto_scale(*id, std::move(by), *wait);
  if (!view) co_return problem_of(view.error());
  Json out = detail::change_json(*id, view->change);
  for (const char* name : {"stack_id", "warning", "held_seconds"}) out.erase(name);
  out["recommendation"] = detail::recommendation_json(*id, view->recommendation);
  co_return change_answer(view->change, out);
}

}  // namespace stackscaler::api
