// SPDX-License-Identifier: Apache-2.0
//
// make_prompt(): what a model is asked, made of numbers alone.
//
// What it is: a fixed instruction and one JSON object of counts, values, limits and words of this program's own
// (metrics are m1, m2 … with their kind). What it is not: a place for names, labels, annotations, queries or any other
// text from outside: none reaches the model, so none can instruct it. Equal inputs give equal bytes; values have four
// significant digits, so that noise below that is no new question. At most kMaxPrompt bytes. Counts are instances,
// times seconds. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "decision/decide.hpp"

namespace stackscaler::advisor {

inline constexpr std::size_t kMaxPrompt = std::size_t{16} << 10U;
inline constexpr std::size_t kPastObservations = 12;  // older ones are left out
inline constexpr std::size_t kPastAdvice = 6;

// An observation of before. Only those that differ from the one before them are kept, so that a flat load asks nothing
// new.
struct Past {
  int count = 0;
  std::vector<std::optional<double>> values;  // in the order of spec.metrics
  bool operator==(const Past&) const = default;
};

// What was advised before, and the count that the stack had at the next look.
struct PastAdvice {
  decision::Action action = decision::Action::no_change;
  int from = 0;
  int to = 0;
  double confidence = 0;
  std::optional<int> count_after;
};

struct Prompt {
  std::string system;  // the same for every policy
  std::string user;    // the JSON object
  [[nodiscard]] std::size_t size() const { return system.size() + user.size(); }
};

// `bounds`: those that hold now. `past` and `recent`: oldest first.
[[nodiscard]] Prompt make_prompt(const policy::Spec& spec, const policy::Bounds& bounds,
                                 const decision::Observation& observation, const decision::Signals& signals,
                                 const std::vector<Past>& past, const std::vector<PastAdvice>& recent);

// A value as the prompt shows it. A prompt has no other text for a number: "81.3", "null" for NaN and infinities.
[[nodiscard]] std::string prompt_number(std::optional<double> value);

}  // namespace stackscaler::advisor
