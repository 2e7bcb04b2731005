// SPDX-License-Identifier: Apache-2.0
//
// The program's log on standard error: text for people, logfmt and JSON for machines.
//
// Text turns the lines that people look for into sentences ("Stack web: Action=scale_up, Current=1, Target=2,
// Confidence=0.85"); logfmt and JSON keep message and fields as they are. Times are UTC with milliseconds. Bytes that
// would break a line are escaped, so that no outside text can forge a line. Any thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/log.hpp"
#include "base/time.hpp"

namespace stackscaler::controller {

enum class LogFormat { text, logfmt, json };

[[nodiscard]] std::unique_ptr<Logger> make_logger(LogFormat format, LogLevel level);

// The pure part: one line, without its end.
[[nodiscard]] std::string format_line(LogFormat format, WallTime time, LogLevel level, std::string_view message,
                                      std::span<const LogField> fields);

}  // namespace stackscaler::controller
