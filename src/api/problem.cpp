// SPDX-License-Identifier: Apache-2.0
#include "api/problem.hpp"

#include <nlohmann/json.hpp>

#include "policy/reasons.hpp"

namespace stackscaler::api {
namespace {

struct Row {
  Kind kind;
  int status;
  std::string_view slug;
  std::string_view title;
};

// clang-format off
constexpr Row kRows[] = {
    {Kind::bad_request, 400, "bad-request", "Bad request"},
    {Kind::unauthorized, 401, "unauthorized", "Unauthorized"},
    {Kind::read_only, 403, "read-only", "Read-only"},
    {Kind::forbidden_host, 403, "forbidden-host", "Forbidden host"},
    {Kind::forbidden_origin, 403, "forbidden-origin", "Forbidden origin"},
    {Kind::not_found, 404, "not-found", "Not found"},
    {Kind::method_not_allowed, 405, "method-not-allowed", "Method not allowed"},
    {Kind::conflict, 409, "conflict", "Conflict"},
    {Kind::auto_scaling_off, 409, "auto-scaling-off", "Auto-scaling is off"},
    {Kind::paused, 409, "paused", "Paused"},
    {Kind::payload_too_large, 413, "payload-too-large", "Payload too large"},
    {Kind::unsupported_media_type, 415, "unsupported-media-type", "Unsupported media type"},
    {Kind::unprocessable, 422, "unprocessable", "Unprocessable"},
    {Kind::out_of_bounds, 422, "out-of-bounds", "Out of bounds"},
    {Kind::idempotency_mismatch, 422, "idempotency-mismatch", "Idempotency key used twice"},
    {Kind::rate_limited, 429, "rate-limited", "Too many requests"},
    {Kind::unavailable, 503, "unavailable", "Unavailable"},
    {Kind::timeout, 503, "timeout", "Timeout"},
    {Kind::internal, 500, "internal", "Internal error"},
};
// clang-format on

const Row& row_of(Kind kind) {
  for (const Row& row : kRows) {
    if (row.kind == kind) return row;
  }
  return kRows[std::size(kRows) - 1];
}

struct Meaning {
  Kind kind;
  std::string_view action;
};

Meaning meaning_of(const Error& error) {
  namespace reason = policy::reason;
  const std::string& why = error.reason();
  if (why == kOutOfBounds) return {Kind::out_of_bounds, "ask for a count within the limit that is named"};
  if (why == reason::kNotEnabled) {
    return {Kind::auto_scaling_off,
            "start the controller with --enable, or use POST /scaling/stack/scale, which is an explicit act"};
  }
  if (why == reason::kPaused) return {Kind::paused, "end the emergency stop with POST /api/v1/resume"};
  if (why == reason::kStackNotAdopted) {
    return {Kind::not_found,
            "see GET /scaling/stacks for those that there are, or adopt it with stackscaler stack adopt"};
  }
  switch (error.kind()) {
    case ErrorKind::invalid_input: return {Kind::unprocessable, "mend what the sentence names and send it again"};
    case ErrorKind::not_found: return {Kind::not_found, "see the list of those that there are"};
    case ErrorKind::conflict: return {Kind::conflict, "look at the present state and decide anew"};
    case ErrorKind::unauthorized: return {Kind::conflict, "mend the credentials of the controller or of Terraform"};
    case ErrorKind::unavailable: return {Kind::unavailable, "try again later"};
    case ErrorKind::timeout: return {Kind::timeout, "try again later"};
    case ErrorKind::cancelled: return {Kind::unavailable, "the controller is stopping: try again when it is back"};
    case ErrorKind::internal: break;
  }
  return {Kind::internal, "see the controller's log"};
}

}  // namespace

http::Response problem(Kind kind, std::string_view detail, std::string_view action, std::string_view reason) {
  using nlohmann::ordered_json;
  const Row& row = row_of(kind);
  ordered_json body{{"type", std::string("https://stackscaler.dev/problems/") + std::string(row.slug)},
                    {"title", row.title},
                    {"status", row.status},
                    {"detail", detail},
                    {"action", action}};
  if (!reason.empty()) body["reason"] = reason;
  http::Response out(row.status, "application/problem+json",
                     body.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  if (kind == Kind::unauthorized) out.headers.add("WWW-Authenticate", "Bearer realm=\"stackscaler\"");
  return out;
}

http::Response problem_of(const Error& error) {
  const Meaning meaning = meaning_of(error);
  const std::string_view reason = error.reason() == kOutOfBounds ? std::string_view{} : error.reason();
  return problem(meaning.kind, error.message(), meaning.action, reason);
}

}  // namespace stackscaler::api
