// SPDX-License-Identifier: Apache-2.0
//
// Secret: a string that cannot be printed by accident. It converts to nothing; reveal() is the one way out and is
// called only where the bytes leave for the service they belong to (an HTTP header, a child's environment).
#pragma once

#include <string>
#include <utility>

namespace stackscaler {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

}  // namespace stackscaler
