// SPDX-License-Identifier: Apache-2.0
//
// Redactor: takes known secret values out of texts that leave the driver (law 8).
//
// What it is: a search for the values as they were given, as they look with blanks folded and percent-encoded, and for
// each longer line of a value of several lines. What it is not: a guess at what looks like a secret. Apply it before a
// text is cut: a part of a value is not found.
// Values of fewer than 4 characters and the words true, false, null and default are left alone: they would hide half
// of every text. Threads: a value; copies share nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "terraform/stream.hpp"

namespace stackscaler::terraform {

inline constexpr std::string_view kRedacted = "(redacted)";

class Redactor {
 public:
  void add(std::string_view value);
  [[nodiscard]] std::string operator()(std::string_view text) const;
  // Every diagnostic's texts.
  void apply(PlanStream& stream) const;
  [[nodiscard]] bool empty() const { return values_.empty(); }

 private:
  void keep(std::string value, std::size_t least);
  std::vector<std::string> values_;  // the longest first
};

}  // namespace stackscaler::terraform
