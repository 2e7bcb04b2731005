// SPDX-License-Identifier: Apache-2.0
//
// The Error of a Terraform call that failed: its class, its reason and its sentence. Private to this component.
// Pure. Texts are redacted: the stream and the standard error that come in must be (see terraform/redact.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "terraform/classify.hpp"
#include "terraform/follow.hpp"
#include "terraform/services.hpp"
#include "terraform/state_lock.hpp"

namespace stackscaler::terraform {

struct Target;

struct FailedCall {
  std::string who;               // "stack web: "
  std::string_view call;         // "terraform plan"
  std::string_view reason;       // of what is of no class
  Duration deadline{};           // that it had
  std::filesystem::path folder;  // the stack's
  WallTime now{};
};
[[nodiscard]] FailedCall failed_call(const Services& services, const Target& target, std::string_view call,
                                     std::string_view reason);

// The lock that the call was refused for.
[[nodiscard]] std::optional<StateLock> lock_in(const RunResult& result, const PlanStream& stream);

[[nodiscard]] Error call_error(const FailedCall& failed, const RunResult& result, const PlanStream& stream);

// How an apply that did not succeed ended. `err`: what it printed on standard error.
struct ApplyEnd {
  ErrorKind kind = ErrorKind::unavailable;
  std::string_view reason;
  std::string text;
};
[[nodiscard]] ApplyEnd apply_end(const Followed& followed, const std::string& err, WallTime now);

// What a crashed plugin said last, in one line; "" when `err` holds no crash.
[[nodiscard]] std::string crash_text(const std::string& err);

}  // namespace stackscaler::terraform
