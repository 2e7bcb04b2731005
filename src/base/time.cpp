// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <limits>

namespace stackscaler {
namespace {

using namespace std::chrono;

// Parses exactly `digits` digits at the front of `text` and drops them.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + digits, out);
  if (ec != std::errc{} || end != text.data() + digits || text[0] == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

milliseconds take_fraction(std::string_view& text) {
  int value = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 3) value = value * 10 + (text.front() - '0'), ++digits;
    text.remove_prefix(1);
  }
  for (; digits < 3; ++digits) value *= 10;
  return milliseconds(value);
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 6> kUnits{Unit{"w", 604'800'000}, Unit{"d", 86'400'000}, Unit{"h", 3'600'000},
                                     Unit{"m", 60'000},      Unit{"s", 1'000},      Unit{"ms", 1}};

struct Fields {
  year_month_day date;
  hh_mm_ss<milliseconds> time;
};
Fields split(WallTime time) {
  const auto day = floor<days>(time);
  return {year_month_day(day), hh_mm_ss<milliseconds>(time - day)};
}

}  // namespace

std::string format_rfc3339(WallTime time) {
  const Fields f = split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", int(f.date.year()), unsigned(f.date.month()),
                     unsigned(f.date.day()), f.time.hours().count(), f.time.minutes().count(),
                     f.time.seconds().count());
}

std::string format_rfc3339_ms(WallTime time) {
  std::string text = format_rfc3339(time);
  text.pop_back();
  return text + fmt::format(".{:03}Z", split(time).time.subseconds().count());
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  const std::string original(text);
  const auto bad = [&] {
    return fail(ErrorKind::invalid_input, "'" + original + "' is not an RFC 3339 time such as 2026-11-23T10:00:00Z");
  };
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!take_number(text, 4, y) || !take_char(text, '-') || !take_number(text, 2, mo) || !take_char(text, '-') ||
      !take_number(text, 2, d) || !(take_char(text, 'T') || take_char(text, 't')) || !take_number(text, 2, h) ||
      !take_char(text, ':') || !take_number(text, 2, mi) || !take_char(text, ':') || !take_number(text, 2, s)) {
    return bad();
  }
  milliseconds fraction{0};
  if (take_char(text, '.')) fraction = take_fraction(text);
  minutes offset{0};
  if (!take_char(text, 'Z') && !take_char(text, 'z')) {
    const int sign = take_char(text, '+') ? 1 : (take_char(text, '-') ? -1 : 0);
    int oh = 0, om = 0;
    if (sign == 0 || !take_number(text, 2, oh) || !take_char(text, ':') || !take_number(text, 2, om)) return bad();
    offset = minutes(sign * (oh * 60 + om));
  }
  const year_month_day date{year(y), month(unsigned(mo)), day(unsigned(d))};
  if (!text.empty() || !date.ok() || h > 23 || mi > 59 || s > 60) return bad();
  return WallTime(sys_days(date)) + hours(h) + minutes(mi) + seconds(s) + fraction - offset;
}

Result<Duration> parse_duration(std::string_view text) {
  const std::string original(text);
  const auto bad = [&] {
    return fail(
        ErrorKind::invalid_input,
        "'" + original + "' is not a duration such as 30s, 5m, 1h30m or 14d (units w d h m s ms, largest first)");
  };
  if (text == "0") return Duration(0);
  if (text.empty()) return bad();
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::int64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || text.front() == '-') return bad();
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::size_t letters = 0;
    while (letters < text.size() && (text[letters] < '0' || text[letters] > '9')) ++letters;
    const std::string_view name = text.substr(0, letters);
    std::size_t unit = next_unit;
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size()) return bad();
    if (value > (std::numeric_limits<std::int64_t>::max() / 4 - total) / kUnits[unit].ms) return bad();
    total += value * kUnits[unit].ms;
    next_unit = unit + 1;
    text.remove_prefix(letters);
  }
  return Duration(total);
}

std::string format_duration(Duration duration) {
  std::int64_t left = duration.count();
  if (left == 0) return "0s";
  std::string out;
  if (left < 0) out.push_back('-'), left = -left;
  for (const Unit& unit : kUnits) {
    if (unit.name == "w") continue;  // weeks are accepted, days are shown
    if (const std::int64_t n = left / unit.ms; n > 0) {
      out.append(std::to_string(n)).append(unit.name);
      left %= unit.ms;
    }
  }
  return out;
}

}  // namespace stackscaler
