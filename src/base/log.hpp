// SPDX-License-Identifier: Apache-2.0
//
// Logger: structured log lines, a constant message and key=value fields.
//
// What it is: the only way the program writes log lines; the implementation hides spdlog.
// What it is not: a place for secrets. A field's value is printed as given; secrets travel as Secret
// (base/secret.hpp), which cannot be turned into a field.
// Levels: info = a decision or a lifecycle step; warn = degraded, we go on; error = a person must act; debug = flow.
// Threads: implementations may be called from any thread.
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace stackscaler {

enum class LogLevel { debug, info, warn, error };
[[nodiscard]] std::string_view to_string(LogLevel level);

struct LogField {
  std::string_view key;  // a literal
  std::string value;
  bool number = false;  // printed without quotes in JSON
};

template <class T>
[[nodiscard]] LogField kv(std::string_view key, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return LogField{key, value ? "true" : "false", true};
  } else if constexpr (std::integral<T> || std::floating_point<T>) {
    return LogField{key, std::to_string(value), true};
  } else {
    return LogField{key, std::string(value), false};
  }
}

class Logger {
 public:
  virtual ~Logger() = default;
  virtual void write(LogLevel level, std::string_view message, std::span<const LogField> fields) = 0;
  [[nodiscard]] virtual bool enabled(LogLevel level) const = 0;

  template <class... Fields>
  void debug(std::string_view message, Fields... fields) {
    log(LogLevel::debug, message, std::move(fields)...);
  }
  template <class... Fields>
  void info(std::string_view message, Fields... fields) {
    log(LogLevel::info, message, std::move(fields)...);
  }
  template <class... Fields>
  void warn(std::string_view message, Fields... fields) {
    log(LogLevel::warn, message, std::move(fields)...);
  }
  template <class... Fields>
  void error(std::string_view message, Fields... fields) {
    log(LogLevel::error, message, std::move(fields)...);
  }

 private:
  template <class... Fields>
  void log(LogLevel level, std::string_view message, Fields... fields) {
    if (!enabled(level)) return;
    if constexpr (sizeof...(Fields) == 0) {
      write(level, message, {});
    } else {
      const LogField all[] = {std::move(fields)...};
      write(level, message, all);
    }
  }
};

}  // namespace stackscaler
