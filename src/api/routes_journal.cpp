// SPDX-License-Identifier: Apache-2.0
//
// Routes of decisions and operations, and the event streams.
#include "api/api.hpp"
#include "api/detail/call.hpp"
#include "api/problem.hpp"

namespace stackscaler::api {

namespace asio = boost::asio;
using detail::Json;

namespace {

http::Response no_operation(const std::string& id) {
  return problem(Kind::not_found, "there is no operation " + id, "see GET /api/v1/operations for those that there are");
}

http::Response stream_answer(std::shared_ptr<http::BodyStream> stream) {
  if (stream == nullptr) {
    return problem(Kind::unavailable, "there are too many event streams, or the controller is stopping",
                   "close some, or try again later");
  }
  http::Response out(200);
  out.headers.add("Content-Type", "text/event-stream");
  out.headers.add("Cache-Control", "no-store");
  out.headers.add("X-Accel-Buffering", "no");
  out.stream = std::move(stream);
  return out;
}

Json next_json(std::int64_t next) {
  return next == 0 ? Json(nullptr) : Json(std::to_string(next));
}

}  // namespace

const ports::OperationProgress* Api::progress_of(const std::string& id) const {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : &found->second.progress;
}

// In the journal, or waiting for its place and so not in it yet.
asio::awaitable<Result<std::optional<ports::OperationRecord>>> Api::find_operation(std::string id) {
  auto record = co_await parts_.records.operation(id);
  if (!record || *record) co_return record;
  const auto found = live_.find(id);
  if (found != live_.end()) record->emplace(found->second.record);
  co_return record;
}

asio::awaitable<http::Response> Api::list_decisions(Call& call) {
  const auto since = call.time("since");
  const auto limit = since ? call.limit() : std::nullopt;
  const auto before = limit ? call.before() : std::nullopt;
  if (!before) co_return std::move(*call.refused);
  DecisionQuery query;
  query.policy = call.query_text("policy");
  const std::size_t slash = query.policy.find('/');
  const std::string_view name = std::string_view(query.policy).substr(slash == std::string::npos ? 0 : slash + 1);
  const bool named =
      slash != std::string::npos && detail::valid_namespace(query.policy.substr(0, slash)) && detail::valid_name(name);
  if (call.query.contains("policy") && !named) {
    co_return problem(Kind::bad_request, "policy: that is not namespace/name", "correct the query and send it again");
  }
  query.since = *since;
  query.limit = *limit;
  query.before = *before;
  auto page = co_await parts_.records.decisions(std::move(query));
  if (!page) co_return problem_of(page.error());
  Json out = Json::array();
  for (const ports::DecisionRecord& record : page->records) out.push_back(detail::decision_json(record));
  Json body{{"decisions", std::move(out)}, {"next", next_json(page->next)}};
  co_return detail::json_answer(200, body);
}

asio::awaitable<http::Response> Api::list_operations(Call& call) {
  const auto since = call.time("since");
  const auto limit = since ? call.limit() : std::nullopt;
  const auto before = limit ? call.before() : std::nullopt;
  if (!before) co_return std::move(*call.refused);
  OperationQuery query;
  query.stack = call.query_text("stack");
  if (call.query.contains("stack") && !detail::valid_stack(query.stack)) {
    co_return problem(Kind::bad_request, "stack: that is no stack's id", "correct the query and send it again");
  }
  query.since = *since;
  query.limit = *limit;
  query.before = *before;
  auto page = co_await parts_.records.operations(std::move(query));
  if (!page) co_return problem_of(page.error());
  Json out = Json::array();
  for (const ports::OperationRecord& record : page->records) {
    out.push_back(detail::operation_json(record, progress_of(record.id)));
  }
  Json body{{"operations", std::move(out)}, {"next", next_json(page->next)}};
  co_return detail::json_answer(200, body);
}

asio::awaitable<http::Response> Api::get_operation(Call& call) {
  const auto id = call.operation_id();
  if (!id) co_return std::move(*call.refused);
  auto record = co_await find_operation(*id);
  if (!record) co_return problem_of(record.error());
  if (!*record) co_return no_operation(*id);
  co_return detail::json_answer(200, detail::operation_json(**record, progress_of(*id)));
}

asio::awaitable<http::Response> Api::follow_operation(Call& call) {
  const auto id = call.operation_id();
  if (!id) co_return std::move(*call.refused);
  auto record = co_await find_operation(*id);
  if (!record) co_return problem_of(record.error());
  if (!*record) co_return no_operation(*id);
  // One that nobody here follows (another process's) has no events to come.
  const bool ended = ports::finished((*record)->phase) || !live_.contains(*id);
  const std::string first = detail::dump(detail::operation_json(**record, progress_of(*id)));
  co_return stream_answer(events_.follow_one(*id, "operation", first, ended));
}

asio::awaitable<http::Response> Api::follow_events(Call& call) {
  std::string from(call.request.headers.get("last-event-id"));
  if (from.empty()) from = call.query_text("lastEventId");
  co_return stream_answer(events_.follow(from));
}

}  // namespace stackscaler::api
