// SPDX-License-Identifier: Apache-2.0
//
// Problem: an error as application/problem+json (RFC 9457): a stable type, a sentence, and what to do.
//
// The types are those of openapi.json's Problem. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/message.hpp"

namespace stackscaler::api {

enum class Kind {
  bad_request,
  unauthorized,
  read_only,
  forbidden_host,
  forbidden_origin,
  not_found,
  method_not_allowed,
  conflict,
  auto_scaling_off,
  paused,
  payload_too_large,
  unsupported_media_type,
  unprocessable,
  out_of_bounds,
  idempotency_mismatch,
  rate_limited,
  unavailable,
  timeout,
  internal,
};

// The reason of an Error that asks for Kind::out_of_bounds, and of one that says that auto-scaling is off.
inline constexpr std::string_view kOutOfBounds = "OutOfBounds";

[[nodiscard]] http::Response problem(Kind kind, std::string_view detail, std::string_view action,
                                     std::string_view reason = {});
// By the error's kind and reason.
[[nodiscard]] http::Response problem_of(const Error& error);

}  // namespace stackscaler::api
