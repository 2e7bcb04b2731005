// SPDX-License-Identifier: Apache-2.0
#include "simulate/trace.hpp"

#include <gtest/gtest.h>

namespace stackscaler::simulate {
namespace {

using namespace std::chrono_literals;

TEST(TraceTest, ReadsCommentsAHeaderAndSamples) {
  const auto trace = parse_trace("# origin: x\n\ntimestamp_unix,value\n60,1.5\r\n120, 2\n180,0\n", "t.csv");

  ASSERT_TRUE(trace) << trace.error().message();
  ASSERT_EQ(trace->points.size(), 3U);
  EXPECT_EQ(trace->points[0], (Point{WallTime(60s), 1.5}));
  EXPECT_EQ(trace->points[2], (Point{WallTime(180s), 0}));
  EXPECT_EQ(trace->step, Duration(60s));
}

TEST(TraceTest, ReadsRfc3339AndFractionsOfASecond) {
  const auto trace = parse_trace("1970-01-01T00:01:00Z,1\n61.5,2", "t.csv");

  ASSERT_TRUE(trace) << trace.error().message();
  EXPECT_EQ(trace->points[1].time, WallTime(61500ms));
}

struct Bad {
  std::string name;
  std::string text;
  std::string message;
};

class BadTraceTest : public testing::TestWithParam<Bad> {};

TEST_P(BadTraceTest, SaysFileAndLine) {
  const auto trace = parse_trace(GetParam().text, "t.csv");

  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(trace.error().message().substr(0, GetParam().message.size()), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(All, BadTraceTest,
                         testing::Values(Bad{"empty", "", "t.csv: a trace needs at least two samples"},
                                         Bad{"one_sample", "60,1\n", "t.csv: a trace needs at least two samples"},
                                         Bad{"not_a_number", "60,1\n120,NaN\n", "t.csv:2: 'NaN' is not a number"},
                                         Bad{"infinite", "60,1\n120,inf\n", "t.csv:2: 'inf' is not a number"},
                                         Bad{"overflow", "60,1\n120,1e999\n", "t.csv:2: '1e999' is not a number"},
                                         Bad{"negative", "60,1\n120,-2\n", "t.csv:2: the load -2 is negative"},
                                         Bad{"unsorted", "60,1\n120,1\n90,1\n", "t.csv:3: the time 90 is before"},
                                         Bad{"twice", "60,1\n60,1\n", "t.csv:2: the time 60 is there twice"},
                                         Bad{"no_time", "60,1\nx,1\n", "t.csv:2: 'x' is no time"},
                                         Bad{"negative_time", "-60,1\n0,1\n", "t.csv:1: '-60' is no time"},
                                         Bad{"one_column", "60\n", "t.csv:1: '60' is not 'time,value'"},
                                         Bad{"three_columns", "60,1,2\n", "t.csv:1: '60,1,2' is not 'time,value'"},
                                         Bad{"second_header", "t,v\nt,v\n60,1\n", "t.csv:2: 't' is no time"},
                                         Bad{"gap", "0,1\n60,1\n120,1\n200000,1\n",
                                             "t.csv:4: no sample for 2d7h31m20s before this one"},
                                         Bad{"binary", std::string("\0\1\2,\3\n", 6), "t.csv:1: '"}),
                         [](const auto& p) { return p.param.name; });

TEST(TraceTest, AnEndlessLineIsRefusedByItsNumber) {
  const auto trace = parse_trace("60,1\n" + std::string(1 << 20, '7'), "t.csv");

  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().message(), "t.csv:2: the line has 1048576 bytes, at most 1024 are read");
}

TEST(TraceTest, DailySamplesAreNoGap) {
  EXPECT_TRUE(parse_trace("0,1\n86400,1\n172800,2\n", "t.csv"));
}

TEST(TraceTest, PointsFromElsewhereAreCheckedTheSame) {
  EXPECT_TRUE(make_trace({{WallTime(0s), 1}, {WallTime(60s), 2}}, "q"));
  EXPECT_FALSE(make_trace({{WallTime(0s), 1}}, "q"));
  EXPECT_EQ(make_trace({{WallTime(0s), 1}, {WallTime(60s), -2}}, "q").error().message(),
            "q: the load at 1970-01-01T00:01:00Z is -2: it must be a number that is not negative");
}

}  // namespace
}  // namespace stackscaler::simulate
