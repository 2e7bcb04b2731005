// SPDX-License-Identifier: Apache-2.0
#include "support/memory_log.hpp"

namespace stackscaler::test {

void MemoryLog::write(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  std::string line(to_string(level));
  line.append(" ").append(message);
  for (const LogField& field : fields) line.append(" ").append(field.key).append("=").append(field.value);
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::move(line));
}

std::vector<std::string> MemoryLog::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

bool MemoryLog::contains(std::string_view text) const {
  const std::lock_guard lock(mutex_);
  for (const std::string& line : lines_) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace stackscaler::test
