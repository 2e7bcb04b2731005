// SPDX-License-Identifier: Apache-2.0
//
// answer_object(): the one JSON object that a model's text holds, as its four fields.
//
// Prose and code fences around it are passed over; a second pair of braces, one that is never closed or that is no JSON
// makes the whole text unusable: which of two was meant is not for us to guess. Never throws.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace stackscaler::advisor::detail {

// A field as it was written.
struct Field {
  enum class Kind { missing, number, text, other } kind = Kind::missing;
  double number = 0;
  std::string text;
};

struct AnswerObject {
  Field action;
  Field target;
  Field confidence;
  Field reason;
  std::size_t others = 0;  // fields that are none of these
  bool bare = true;        // nothing but white space was around it
};

[[nodiscard]] Result<AnswerObject> answer_object(std::string_view raw);

}  // namespace stackscaler::advisor::detail
