// SPDX-License-Identifier: Apache-2.0
//
// Cron: the five fields "minute hour day-of-month month day-of-week" that say when something begins, and the windows of
// time that follow from them in a time zone.
//
// Fields take numbers, '*', ranges "1-5", steps "*/15" and "8-18/2", lists with commas, and the names JAN-DEC and
// SUN-SAT; Sunday is 0 or 7. Where both day fields are restricted a day needs to match only one of them. @hourly,
// @daily, @midnight, @weekly, @monthly, @yearly and @annually stand for their usual lines. Source: crontab(5), as
// Kubernetes' CronJob reads it. What it is not: a timer; nothing here reads a clock.
// A local time that a clock change leaves out begins at the change; one that comes twice begins at its first.
// Zones are those of the system's tz database; it is read when a zone is first named. Any thread.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace stackscaler::policy {

class Cron {
 public:
  Cron() = default;  // never
  // invalid_input says what is wrong, without the text itself. A line that no date ever matches is wrong too.
  [[nodiscard]] static Result<Cron> parse(std::string_view text);

  [[nodiscard]] bool on_day(int month, int day, int weekday) const;  // 1-12, 1-31, 0-6
  [[nodiscard]] bool at_hour(int hour) const { return hours_[static_cast<std::size_t>(hour)]; }
  [[nodiscard]] bool at_minute(int minute) const { return minutes_[static_cast<std::size_t>(minute)]; }
  [[nodiscard]] const std::string& text() const { return text_; }
  bool operator==(const Cron& other) const { return text_ == other.text_; }

 private:
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false;  // the field begins with '*'
  bool any_weekday_ = false;
  std::string text_;
};

// Whether the system's database has the zone. "UTC" is always known.
[[nodiscard]] bool is_time_zone(const std::string& name);

// [begin, end): the latest window that contains `now`, if any. An unknown zone counts as UTC.
struct Window {
  WallTime begin;
  WallTime end;
  bool operator==(const Window&) const = default;
};
[[nodiscard]] std::optional<Window> window_at(const Cron& start, Duration duration, const std::string& time_zone,
                                              WallTime now);

}  // namespace stackscaler::policy
