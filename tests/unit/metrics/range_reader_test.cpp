// SPDX-License-Identifier: Apache-2.0
//
// Range queries against a scripted server that answers what Prometheus would for the span asked for.
#include "metrics/range_reader.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/run.hpp"
#include "support/scripted_http.hpp"

namespace stackscaler::metrics {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

WallTime at(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}
std::string matrix(const std::string& series) {
  return R"({"status":"success","data":{"resultType":"matrix","result":[)" + series + "]}}";
}

class RangeTest : public testing::Test {
 protected:
  RangeTest() : endpoint(http::parse_url(server.url()).value()) {}

  // A point at every step of the span, its value the time; none inside the gap.
  void script_steps() {
    server.compute("x", [this](const http::IncomingRequest& request) {
      const std::string& form = request.query.empty() ? request.body : request.query;
      const auto number = [&](const char* name) { return std::stoll(http::query_parameter(form, name)); };
      std::string values;
      for (auto t = number("start"); t <= number("end"); t += number("step")) {
        if (t >= gap_begin && t < gap_end) continue;
        values += fmt::format("{}[{},\"{}\"]", values.empty() ? "" : ",", t, t);
      }
      return matrix(values.empty() ? "" : R"({"metric":{"job":"b","a":"1"},"values":[)" + values + "]}");
    });
  }
  Result<RangeAnswer> read(WallTime start, WallTime end, Duration step) {
    RangeReader reader(queries, settings);
    return test::run(io, reader.read(endpoint, RangeQuery("x", start, end, step)));
  }
  std::string failure(WallTime start, WallTime end, Duration step) {
    const auto got = read(start, end, step);
    return got ? "it was read" : got.error().message();
  }

  asio::io_context io;
  test::FakeClock clock{io};
  test::MemoryLog log;
  test::ScriptedHttp server{io};
  http::Client client{io.get_executor()};
  QueryClient queries{client, clock, log, nullptr};
  RangeSettings settings;
  Endpoint endpoint;
  std::int64_t gap_begin = 0;
  std::int64_t gap_end = 0;
};

TEST_F(RangeTest, AShortSpanIsOneQuery) {
  script_steps();

  const auto got = read(at(1000), at(1060), 15s);

  ASSERT_TRUE(got) << got.error().message();
  ASSERT_EQ(got->series.size(), 1U);
  EXPECT_EQ(got->series[0].labels, R"({a="1", job="b"})");
  ASSERT_EQ(got->series[0].samples.size(), 5U);
  EXPECT_EQ(got->series[0].samples[4], (Sample{at(1060), 1060.0}));
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].path, "/api/v1/query_range");
}

TEST_F(RangeTest, ALongSpanIsReadInPartsWithoutALostOrADoubledPoint) {
  script_steps();
  settings.points_per_part = 10;

  const auto got = read(at(1000), at(1000 + 15 * 34), 15s);

  ASSERT_TRUE(got) << got.error().message();
  ASSERT_EQ(got->series.size(), 1U);
  const auto& samples = got->series[0].samples;
  ASSERT_EQ(samples.size(), 35U);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(samples[i].time, at(1000 + 15 * static_cast<std::int64_t>(i)));
  }
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(RangeTest, AGapStaysAGap) {
  script_steps();
  settings.points_per_part = 4;
  gap_begin = 1030;
  gap_end = 1090;

  const auto got = read(at(1000), at(1100), 10s);

  ASSERT_TRUE(got);
  std::vector<double> values;
  for (const Sample& sample : got->series.at(0).samples) values.push_back(sample.value);
  EXPECT_EQ(values, (std::vector<double>{1000, 1010, 1020, 1090, 1100}));
}

TEST_F(RangeTest, NaNAndInfinityAreGaps) {
  server.answer("x", 200, matrix(R"({"metric":{},"values":[[1000,"1"],[1010,"NaN"],[1020,"+Inf"],[1030,"4"]]})"));

  const auto got = read(at(1000), at(1030), 10s);

  ASSERT_TRUE(got);
  EXPECT_EQ(got->series.at(0).labels, "{}");
  EXPECT_EQ(got->series.at(0).samples, (std::vector<Sample>{{at(1000), 1}, {at(1030), 4}}));
}

TEST_F(RangeTest, NothingFoundIsNoFailure) {
  server.answer("x", 200, matrix(""));

  const auto got = read(at(1000), at(1030), 10s);

  ASSERT_TRUE(got);
  EXPECT_TRUE(got->series.empty());
}

TEST_F(RangeTest, APartThatFailsFailsTheWhole) {
  int asked = 0;
  server.compute("x", [&](const http::IncomingRequest&) {
    return ++asked == 1 ? matrix("") : std::string(R"({"status":"error","errorType":"timeout","error":"too slow"})");
  });
  settings.points_per_part = 2;

  EXPECT_EQ(failure(at(1000), at(1030), 10s), "Prometheus reports an error: timeout: too slow");
}

TEST_F(RangeTest, SpansThatMakeNoSenseAreRefusedWithoutAQuestion) {
  EXPECT_NE(failure(at(1030), at(1000), 10s).find("ends before it begins"), std::string::npos);
  EXPECT_NE(failure(at(1000), at(1030), 10ms).find("shorter than 1s"), std::string::npos);
  EXPECT_NE(failure(at(0), at(2'000'000), 1s).find("2000001 points are too many"), std::string::npos);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(RangeTest, SeriesAndSamplesAreBounded) {
  settings.limits.series = 1;
  server.answer("x", 200, matrix(R"({"metric":{"i":"1"},"values":[[1,"1"]]},{"metric":{"i":"2"},"values":[[1,"1"]]})"));
  EXPECT_NE(failure(at(0), at(1), 1s).find("2 series, at most 1 are read"), std::string::npos);

  settings.limits.samples = 1;
  server.answer("x", 200, matrix(R"({"metric":{},"values":[[1,"1"],[2,"1"]]})"));
  EXPECT_NE(failure(at(0), at(1), 1s).find("more than 1 samples"), std::string::npos);
}

struct BadRange {
  std::string name;
  std::string body;
  std::string why;
};

class BadRangeTest : public RangeTest, public testing::WithParamInterface<BadRange> {};

TEST_P(BadRangeTest, IsANamedFailure) {
  server.answer("x", 200, GetParam().body);

  EXPECT_NE(failure(at(0), at(1), 1s).find(GetParam().why), std::string::npos) << failure(at(0), at(1), 1s);
}

INSTANTIATE_TEST_SUITE_P(
    Range, BadRangeTest,
    testing::Values(
        BadRange{"Vector", R"({"status":"success","data":{"resultType":"vector","result":[]}})", "not that of"},
        BadRange{"NoData", R"({"status":"success"})", "not that of"}, BadRange{"Text", "hello", "not JSON"},
        BadRange{"BadSample", matrix(R"({"metric":{},"values":[[1]]})"), "not that of"},
        BadRange{"BadTime", matrix(R"({"metric":{},"values":[[1e300,"1"]]})"), "not that of"},
        BadRange{"Histograms", matrix(R"({"metric":{},"histograms":[]})"), "histograms"},
        BadRange{"Streams", R"({"status":"success","data":{"resultType":"streams","result":[]}})", "log query"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace stackscaler::metrics
