// SPDX-License-Identifier: Apache-2.0
//
// Time types and their text forms.
//
// WallTime is for people, status and history; SteadyTime is for intervals and deadlines. Duration is signed
// milliseconds. Nothing here reads a clock: that is async/clock.hpp.
// Sources: RFC 3339 for time stamps; Prometheus' duration syntax ("1h30m", units ms s m h d w) for durations.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace stackscaler {

using Duration = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

// "2026-11-23T10:00:00Z"; whole seconds, UTC.
[[nodiscard]] std::string format_rfc3339(WallTime time);
// "2026-11-23T10:00:00.123Z", for logs.
[[nodiscard]] std::string format_rfc3339_ms(WallTime time);
// Accepts fractions of a second and numeric offsets.
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);

// "90s" -> 90000 ms. Units in descending order, each at most once; "0" and "0s" are zero; no sign.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
// The shortest exact form: 90 s -> "1m30s", 0 -> "0s".
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace stackscaler
