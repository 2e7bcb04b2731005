// SPDX-License-Identifier: Apache-2.0
//
// validate(): a model's text in, advice that may be used or the reason why not out.
//
// What it is: the one way from a model's answer to a decision::Advice. It finds the one JSON object in the text, checks
// every field, and brings the target within bounds and step limits; what it changed, and why, is in the trace (steps
// "validation"). What it can't be sure of it refuses, and the caller falls back. What it is not: the guardrails, which
// decide() keeps whatever comes out of here. Refused: no or several JSON objects, braces that are no JSON, duplicate
// keys, an unknown action, a missing or unreadable target or confidence, a text over kMaxAnswer, nesting over
// kMaxDepth. Counts are instances. Pure; never throws; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decision/decide.hpp"

namespace stackscaler::advisor {

inline constexpr std::size_t kMaxAnswer = std::size_t{64} << 10U;
inline constexpr int kMaxDepth = 8;
inline constexpr std::size_t kMaxReason = 200;  // characters of the model's own sentence that are kept

struct Validated {
  std::optional<decision::Advice> advice;
  std::string refused;  // why there is no advice: one sentence without words of the model
  std::vector<decision::TraceLine> trace;
};

// `bounds`: those that hold now. `advisor`: "gemini".
[[nodiscard]] Validated validate(std::string_view raw, const policy::Spec& spec, const policy::Bounds& bounds,
                                 int current, std::string_view advisor);

// At most `limit` printable ASCII characters on one line: what of a foreign text may be shown.
[[nodiscard]] std::string shown_text(std::string_view text, std::size_t limit);

}  // namespace stackscaler::advisor
