// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <gtest/gtest.h>

namespace stackscaler {
namespace {

using namespace std::chrono_literals;

struct DurationCase {
  std::string text;
  Duration value;
  std::string shown;
};

class DurationTest : public testing::TestWithParam<DurationCase> {};

TEST_P(DurationTest, ParsesAndFormats) {
  const auto parsed = parse_duration(GetParam().text);

  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(*parsed, GetParam().value);
  EXPECT_EQ(format_duration(*parsed), GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(All, DurationTest,
                         testing::Values(DurationCase{"0", 0ms, "0s"}, DurationCase{"0s", 0ms, "0s"},
                                         DurationCase{"90s", 90s, "1m30s"}, DurationCase{"1h30m", 90min, "1h30m"},
                                         DurationCase{"14d", 336h, "14d"}, DurationCase{"1w", 168h, "7d"},
                                         DurationCase{"250ms", 250ms, "250ms"},
                                         DurationCase{"1s500ms", 1500ms, "1s500ms"}));

TEST(DurationTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "5", "m5", "-5m", "5m1h", "5m5m", "5 m", "1.5h", "999999999999999999h", "5min", "s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Rfc3339Test, RoundTripsAndReadsOffsetsAndFractions) {
  const auto time = parse_rfc3339("2026-11-23T10:00:00.250+01:00");

  ASSERT_TRUE(time) << time.error().message();
  EXPECT_EQ(format_rfc3339(*time), "2026-11-23T09:00:00Z");
  EXPECT_EQ(format_rfc3339_ms(*time), "2026-11-23T09:00:00.250Z");
}

TEST(Rfc3339Test, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2026-11-23", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z",
                           "2026-11-23T10:00:00", "2026-11-23T10:00:00Zx", "-026-11-23T10:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace stackscaler
