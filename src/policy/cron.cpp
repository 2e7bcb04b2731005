// SPDX-License-Identifier: Apache-2.0
#include "policy/cron.hpp"

#include <date/date.h>
#include <date/tz.h>

#include <array>
#include <charconv>
#include <exception>
#include <span>

namespace stackscaler::policy {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 13> kMonths{"",    "JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                   "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdays{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct Field {
  std::string_view name;
  int low;
  int high;
  Names words;
};

constexpr Field kMinute{"minute", 0, 59, {}};
constexpr Field kHour{"hour", 0, 23, {}};
constexpr Field kDay{"day of month", 1, 31, {}};
constexpr Field kMonth{"month", 1, 12, kMonths};
constexpr Field kWeekday{"day of week", 0, 7, kWeekdays};

std::unexpected<Error> bad(const Field& field, std::string_view what) {
  return fail(ErrorKind::invalid_input, "its " + std::string(field.name) + " " + std::string(what));
}

bool same_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size() || word.empty()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != word[i]) return false;
  }
  return true;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool digits = !text.empty() && text[0] >= '0' && text[0] <= '9' && text.size() <= 4;
  return digits && ec == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

Result<int> value_of(const Field& field, std::string_view text) {
  for (std::size_t i = 0; i < field.words.size(); ++i) {
    if (same_word(text, field.words[i])) return static_cast<int>(i);
  }
  const auto value = number(text);
  if (!value) return bad(field, "is not made of numbers, '*', '-', '/' and ','");
  if (*value < field.low || *value > field.high) {
    return bad(field, "must be from " + std::to_string(field.low) + " to " + std::to_string(field.high));
  }
  return *value;
}

// One entry of a list: "*", "5", "1-5", each with "/step".
template <std::size_t N>
Result<void> add_entry(const Field& field, std::string_view text, std::bitset<N>& out) {
  const std::size_t slash = text.find('/');
  const std::string_view range = text.substr(0, slash);
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto given = number(text.substr(slash + 1));
    if (!given || *given == 0) return bad(field, "has a step that is not a number above 0");
    step = *given;
  }
  int low = field.low;
  int high = field.high;
  if (range != "*") {
    const std::size_t dash = range.find('-');
    auto first = value_of(field, range.substr(0, dash));
    if (!first) return fail(std::move(first).error());
    low = *first;
    if (dash != std::string_view::npos) {
      auto last = value_of(field, range.substr(dash + 1));
      if (!last) return fail(std::move(last).error());
      high = *last;
    } else if (slash == std::string_view::npos) {
      high = low;
    }
    if (low > high) return bad(field, "has a range that ends before it begins");
  }
  for (int value = low; value <= high; value += step) out.set(static_cast<std::size_t>(value) % N);
  return {};
}

template <std::size_t N>
Result<void> read_field(const Field& field, std::string_view text, std::bitset<N>& out) {
  while (true) {
    const std::size_t comma = text.find(',');
    if (auto added = add_entry(field, text.substr(0, comma), out); !added) return added;
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

std::string_view expand(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMacros{{{"@hourly", "0 * * * *"},
                                                                                         {"@daily", "0 0 * * *"},
                                                                                         {"@midnight", "0 0 * * *"},
                                                                                         {"@weekly", "0 0 * * 0"},
                                                                                         {"@monthly", "0 0 1 * *"},
                                                                                         {"@yearly", "0 0 1 1 *"},
                                                                                         {"@annually", "0 0 1 1 *"}}};
  for (const auto& [macro, line] : kMacros) {
    if (text == macro) return line;
  }
  return text;
}

// Exactly five words.
std::optional<std::array<std::string_view, 5>> split(std::string_view text) {
  std::array<std::string_view, 5> out;
  std::size_t count = 0;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    if (text.empty()) break;
    if (count == out.size()) return std::nullopt;
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    out[count++] = text.substr(0, end);
    text.remove_prefix(end);
  }
  return count == out.size() ? std::optional(out) : std::nullopt;
}

// The days of a leap year and the seven weekdays on which each may fall are all the days there are.
bool ever(const Cron& cron) {
  constexpr std::array<int, 13> kDays{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int month = 1; month <= 12; ++month) {
    for (int day = 1; day <= kDays[static_cast<std::size_t>(month)]; ++day) {
      for (int weekday = 0; weekday < 7; ++weekday) {
        if (cron.on_day(month, day, weekday)) return true;
      }
    }
  }
  return false;
}

const date::time_zone* zone_of(const std::string& name) {
  if (name == "UTC") return nullptr;
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {  // it throws for a name that it does not know
    return nullptr;
  }
}

using Local = date::local_time<Duration>;

Local to_local(const date::time_zone* zone, WallTime time) {
  if (zone == nullptr) return Local(time.time_since_epoch());
  return zone->to_local(time);
}

WallTime to_wall(const date::time_zone* zone, Local time) {
  if (zone == nullptr) return WallTime(time.time_since_epoch());
  return std::chrono::time_point_cast<Duration>(zone->to_sys(time, date::choose::earliest));
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
  const auto words = split(expand(text));
  if (!words) {
    return fail(ErrorKind::invalid_input,
                "it needs five fields (minute, hour, day of month, month, day of week), such as \"0 8 * * 1-5\"");
  }
  Cron out;
  const auto& [minute, hour, day, month, weekday] = *words;
  if (auto read = read_field(kMinute, minute, out.minutes_); !read) return fail(std::move(read).error());
  if (auto read = read_field(kHour, hour, out.hours_); !read) return fail(std::move(read).error());
  if (auto read = read_field(kDay, day, out.days_); !read) return fail(std::move(read).error());
  if (auto read = read_field(kMonth, month, out.months_); !read) return fail(std::move(read).error());
  if (auto read = read_field(kWeekday, weekday, out.weekdays_); !read) return fail(std::move(read).error());
  out.any_day_ = day.starts_with('*');
  out.any_weekday_ = weekday.starts_with('*');
  if (!ever(out)) return fail(ErrorKind::invalid_input, "no date ever matches it");
  out.text_ = text;
  return out;
}

bool Cron::on_day(int month, int day, int weekday) const {
  if (!months_[static_cast<std::size_t>(month)]) return false;
  const bool by_day = days_[static_cast<std::size_t>(day)];
  const bool by_weekday = weekdays_[static_cast<std::size_t>(weekday)];
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

bool is_time_zone(const std::string& name) {
  return name == "UTC" || zone_of(name) != nullptr;
}

std::optional<Window> window_at(const Cron& start, Duration duration, const std::string& time_zone, WallTime now) {
  using namespace std::chrono_literals;
  // A local time after this one may still be before `now` where clocks were put back: by less than this.
  constexpr Duration kMostPutBack = 3h;
  const date::time_zone* const zone = zone_of(time_zone);
  const Local latest = to_local(zone, now) + kMostPutBack;
  const auto first_day = date::floor<date::days>(latest - duration - 2 * kMostPutBack);
  std::optional<Window> found;
  for (auto day = date::floor<date::days>(latest); day >= first_day && !found; day -= date::days(1)) {
    const date::year_month_day ymd(day);
    const int weekday = static_cast<int>(date::weekday(day).c_encoding());
    if (!start.on_day(static_cast<int>(unsigned(ymd.month())), static_cast<int>(unsigned(ymd.day())), weekday))
      continue;
    for (int hour = 23; hour >= 0 && !found; --hour) {
      if (!start.at_hour(hour)) continue;
      for (int minute = 59; minute >= 0 && !found; --minute) {
        const Local local = day + std::chrono::hours(hour) + std::chrono::minutes(minute);
        if (!start.at_minute(minute) || local > latest) continue;
        const WallTime begin = to_wall(zone, local);
        if (begin <= now) found = Window{begin, begin + duration};
      }
    }
  }
  return found && now < found->end ? found : std::nullopt;
}

}  // namespace stackscaler::policy
