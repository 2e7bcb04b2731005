// SPDX-License-Identifier: Apache-2.0
#include "policy/cron.hpp"

#include <gtest/gtest.h>

namespace stackscaler::policy {
namespace {

using namespace std::chrono_literals;

WallTime at(const char* text) {
  return *parse_rfc3339(text);
}

// "begin/end" of the window, or "-".
std::string window(const char* start, Duration duration, const char* zone, const char* now) {
  const auto cron = Cron::parse(start);
  if (!cron) return "bad: " + cron.error().message();
  const auto found = window_at(*cron, duration, zone, at(now));
  return found ? format_rfc3339(found->begin) + "/" + format_rfc3339(found->end) : "-";
}

struct Bad {
  const char* text;
  const char* says;
};
class BadCron : public testing::TestWithParam<Bad> {};

TEST_P(BadCron, SaysWhatIsWrong) {
  const auto cron = Cron::parse(GetParam().text);

  ASSERT_FALSE(cron) << GetParam().text;
  EXPECT_EQ(cron.error().message(), GetParam().says) << GetParam().text;
}

constexpr const char* kFive =
    "it needs five fields (minute, hour, day of month, month, day of week), such as \"0 8 * * 1-5\"";
INSTANTIATE_TEST_SUITE_P(
    All, BadCron,
    testing::Values(Bad{"", kFive}, Bad{"0 8 * *", kFive}, Bad{"0 0 8 * * 1", kFive}, Bad{"@reboot", kFive},
                    Bad{"60 8 * * *", "its minute must be from 0 to 59"},
                    Bad{"0 24 * * *", "its hour must be from 0 to 23"},
                    Bad{"0 8 0 * *", "its day of month must be from 1 to 31"},
                    Bad{"0 8 * 13 *", "its month must be from 1 to 12"},
                    Bad{"0 8 * * 8", "its day of week must be from 0 to 7"},
                    Bad{"0 8 * * MOO", "its day of week is not made of numbers, '*', '-', '/' and ','"},
                    Bad{"-1 8 * * *", "its minute is not made of numbers, '*', '-', '/' and ','"},
                    Bad{"0, 8 * * *", "its minute is not made of numbers, '*', '-', '/' and ','"},
                    Bad{"5-1 8 * * *", "its minute has a range that ends before it begins"},
                    Bad{"*/0 8 * * *", "its minute has a step that is not a number above 0"},
                    Bad{"*/99999999999 8 * * *", "its minute has a step that is not a number above 0"},
                    Bad{"0 8 30 2 *", "no date ever matches it"}, Bad{"0 8 31 4,6 *", "no date ever matches it"}));

TEST(CronTest, LinesMeanWhatCrontabSays) {
  EXPECT_EQ(window("0 8 * * 1-5", 10h, "UTC", "2026-11-24T12:00:00Z"), "2026-11-24T08:00:00Z/2026-11-24T18:00:00Z");
  EXPECT_EQ(window("0 8 * * 1-5", 10h, "UTC", "2026-11-22T12:00:00Z"), "-");  // a Sunday
  EXPECT_EQ(window("0 8 * * SUN", 10h, "UTC", "2026-11-22T12:00:00Z"), "2026-11-22T08:00:00Z/2026-11-22T18:00:00Z");
  EXPECT_EQ(window("0 8 * * 7", 10h, "UTC", "2026-11-22T12:00:00Z"), "2026-11-22T08:00:00Z/2026-11-22T18:00:00Z");
  EXPECT_EQ(window("0 8 * nov tue", 1h, "UTC", "2026-11-24T08:30:00Z"), "2026-11-24T08:00:00Z/2026-11-24T09:00:00Z");
  EXPECT_EQ(window("*/20 * * * *", 5min, "UTC", "2026-11-24T12:44:59Z"), "2026-11-24T12:40:00Z/2026-11-24T12:45:00Z");
  EXPECT_EQ(window("5/20 * * * *", 5min, "UTC", "2026-11-24T12:46:00Z"), "2026-11-24T12:45:00Z/2026-11-24T12:50:00Z");
  EXPECT_EQ(window("0 22-23,1 * * *", 1h, "UTC", "2026-11-24T01:59:59Z"), "2026-11-24T01:00:00Z/2026-11-24T02:00:00Z");
  EXPECT_EQ(window("@monthly", 24h, "UTC", "2026-12-01T23:00:00Z"), "2026-12-01T00:00:00Z/2026-12-02T00:00:00Z");
  EXPECT_EQ(window("0 0 29 2 *", 24h, "UTC", "2028-02-29T10:00:00Z"), "2028-02-29T00:00:00Z/2028-03-01T00:00:00Z");
}

TEST(CronTest, TwoRestrictedDayFieldsAreEither) {
  EXPECT_EQ(window("0 0 13 * 5", 24h, "UTC", "2026-11-27T10:00:00Z"), "2026-11-27T00:00:00Z/2026-11-28T00:00:00Z");
  EXPECT_EQ(window("0 0 13 * 5", 24h, "UTC", "2026-10-13T10:00:00Z"), "2026-10-13T00:00:00Z/2026-10-14T00:00:00Z");
  EXPECT_EQ(window("0 0 13 * 5", 24h, "UTC", "2026-11-25T10:00:00Z"), "-");
  // "*/2" begins with a star: both must match.
  EXPECT_EQ(window("0 0 */2 * 5", 24h, "UTC", "2026-11-20T10:00:00Z"), "-");
  EXPECT_EQ(window("0 0 */2 * 5", 24h, "UTC", "2026-11-27T10:00:00Z"), "2026-11-27T00:00:00Z/2026-11-28T00:00:00Z");
}

TEST(CronTest, AWindowHoldsItsBeginAndNotItsEnd) {
  EXPECT_EQ(window("0 8 * * *", 1h, "UTC", "2026-11-24T07:59:59Z"), "-");
  EXPECT_EQ(window("0 8 * * *", 1h, "UTC", "2026-11-24T08:00:00Z"), "2026-11-24T08:00:00Z/2026-11-24T09:00:00Z");
  EXPECT_EQ(window("0 8 * * *", 1h, "UTC", "2026-11-24T09:00:00Z"), "-");
}

TEST(CronTest, ALongWindowIsFoundFromItsLastDay) {
  EXPECT_EQ(window("0 0 1 * *", 31 * 24h, "UTC", "2026-11-30T23:59:00Z"), "2026-11-01T00:00:00Z/2026-12-02T00:00:00Z");
  EXPECT_EQ(window("0 20 24 12 *", 31 * 24h, "UTC", "2027-01-24T19:59:00Z"),
            "2026-12-24T20:00:00Z/2027-01-24T20:00:00Z");
}

TEST(CronTest, TimesAreTheZones) {
  EXPECT_EQ(window("0 8 * * 1-5", 10h, "Europe/Berlin", "2026-11-24T07:00:00Z"),
            "2026-11-24T07:00:00Z/2026-11-24T17:00:00Z");
  EXPECT_EQ(window("0 8 * * 1-5", 10h, "Europe/Berlin", "2026-07-24T06:00:00Z"),
            "2026-07-24T06:00:00Z/2026-07-24T16:00:00Z");
  EXPECT_EQ(window("0 8 * * 1", 1h, "Pacific/Auckland", "2026-11-22T19:30:00Z"),
            "2026-11-22T19:00:00Z/2026-11-22T20:00:00Z");  // Monday there
  EXPECT_EQ(window("15 8 * * *", 1h, "Asia/Kathmandu", "2026-11-24T02:30:00Z"),
            "2026-11-24T02:30:00Z/2026-11-24T03:30:00Z");
}

TEST(DaylightSaving, AnHourThatIsLeftOutBeginsAtTheChange) {
  // 2026-03-29 in Berlin: 02:00 becomes 03:00 at 01:00 UTC.
  EXPECT_EQ(window("30 2 * * *", 1h, "Europe/Berlin", "2026-03-29T01:10:00Z"),
            "2026-03-29T01:00:00Z/2026-03-29T02:00:00Z");
  EXPECT_EQ(window("30 2 * * *", 1h, "Europe/Berlin", "2026-03-29T00:59:00Z"), "-");
}

TEST(DaylightSaving, AnHourThatComesTwiceBeginsOnce) {
  // 2026-10-25 in Berlin: 03:00 becomes 02:00 at 01:00 UTC.
  EXPECT_EQ(window("30 2 * * *", 20min, "Europe/Berlin", "2026-10-25T00:40:00Z"),
            "2026-10-25T00:30:00Z/2026-10-25T00:50:00Z");
  EXPECT_EQ(window("30 2 * * *", 20min, "Europe/Berlin", "2026-10-25T01:40:00Z"), "-");
  EXPECT_EQ(window("45 2 * * *", 2h, "Europe/Berlin", "2026-10-25T01:35:00Z"),
            "2026-10-25T00:45:00Z/2026-10-25T02:45:00Z");
}

TEST(DaylightSaving, ADurationIsElapsedTime) {
  EXPECT_EQ(window("0 0 * * 0", 24h, "Europe/Berlin", "2026-10-25T21:59:00Z"),
            "2026-10-24T22:00:00Z/2026-10-25T22:00:00Z");
  EXPECT_EQ(window("0 0 * * 0", 24h, "Europe/Berlin", "2026-10-25T22:30:00Z"), "-");  // 23:30 there: the day had 25 h
}

TEST(DaylightSaving, ADayThatIsLeftOutBeginsAtTheNext) {
  // Samoa went over the date line: no 2011-12-30 there.
  EXPECT_EQ(window("0 12 30 12 *", 1h, "Pacific/Apia", "2011-12-30T10:30:00Z"),
            "2011-12-30T10:00:00Z/2011-12-30T11:00:00Z");
}

TEST(CronTest, ZonesAreKnownByTheirNamesAlone) {
  EXPECT_TRUE(is_time_zone("UTC"));
  EXPECT_TRUE(is_time_zone("America/Argentina/Buenos_Aires"));
  EXPECT_FALSE(is_time_zone(""));
  EXPECT_FALSE(is_time_zone("Europe/Atlantis"));
  EXPECT_FALSE(is_time_zone("../../etc/passwd"));
  EXPECT_FALSE(is_time_zone("CET+1"));
}

}  // namespace
}  // namespace stackscaler::policy
