// SPDX-License-Identifier: Apache-2.0
//
// MemoryLog: keeps what was logged, one logfmt-like line an entry. For tests whose subject is the log, and for
// handing a logger to code under test.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"

namespace stackscaler::test {

class MemoryLog final : public Logger {
 public:
  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override;
  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] bool contains(std::string_view text) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace stackscaler::test
