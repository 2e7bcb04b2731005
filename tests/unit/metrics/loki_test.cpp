// SPDX-License-Identifier: Apache-2.0
//
// Loki's metric queries, against a scripted server whose answers have the shapes that Loki's HTTP API documents. No
// real Loki was asked: Debian has none.
#include <gtest/gtest.h>

#include "metrics/prometheus_source.hpp"
#include "metrics/range_reader.hpp"
#include "support/fake_clock.hpp"
#include "support/run.hpp"
#include "support/scripted_http.hpp"

namespace stackscaler::metrics {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr const char* kQuery = R"(sum(rate({app="web"} |= "error" [5m])))";
// The documentation's vector, with Loki's statistics.
constexpr const char* kVector =
    R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1588889221,"1267.1266666666666"]}],)"
    R"("stats":{"summary":{"bytesProcessedPerSecond":0}}}})";

class LokiTest : public testing::Test {
 protected:
  LokiTest() {
    policy.key.name = "web";
    metric.name = "errors";
    metric.query = kQuery;
    metric.source.emplace().type = policy::SourceType::loki;
    metric.source->url = server.url() + "/gateway";
    metric.source->tenant = "team-a";
  }
  decision::MetricReading read() {
    policy.spec.metrics = {metric};
    PrometheusSource source(client, clock, log, http::parse_url("http://127.0.0.1:1/").value());
    return test::run(io, source.read(policy)).metrics.at(0);
  }

  asio::io_context io;
  test::FakeClock clock{io};
  test::MemoryLog log;
  test::ScriptedHttp server{io};
  http::Client client{io.get_executor()};
  policy::ScalingPolicy policy;
  policy::Metric metric;
};

TEST_F(LokiTest, AMetricQueryIsANumberOfUnknownAge) {
  server.answer(kQuery, 200, kVector);

  const auto reading = read();

  EXPECT_EQ(reading.value, 1267.1266666666666) << reading.missing;
  EXPECT_TRUE(reading.freshness_unknown) << "LogQL has no timestamp()";
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].path, "/gateway/loki/api/v1/query");
  EXPECT_EQ(server.requests()[0].headers.get("X-Scope-OrgID"), "team-a");
}

TEST_F(LokiTest, AFreshnessQueryIsAskedOfLokiToo) {
  const double now = std::chrono::duration<double>(clock.wall_now().time_since_epoch()).count();
  metric.freshness = "max(max_over_time({app=\"web\"} | logfmt | unwrap ts [5m]))";
  server.answer(kQuery, 200, kVector);
  server.answer(metric.freshness, 200,
                R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,")" +
                    std::to_string(now - 30) + "\"]}]}}");

  const auto reading = read();

  EXPECT_TRUE(reading.value) << reading.missing;
  EXPECT_FALSE(reading.freshness_unknown);
  ASSERT_TRUE(reading.age);
  EXPECT_NEAR(std::chrono::duration<double>(*reading.age).count(), 30, 1);
}

struct LokiCase {
  std::string name;
  int status;
  std::string type;
  std::string body;
  std::string missing;
};

class LokiAnswerTest : public LokiTest, public testing::WithParamInterface<LokiCase> {};

TEST_P(LokiAnswerTest, IsMissingForItsReason) {
  server.answer(kQuery, GetParam().status, GetParam().body);
  server.header(kQuery, "Content-Type", GetParam().type);

  const auto reading = read();

  EXPECT_FALSE(reading.value);
  EXPECT_EQ(reading.missing, GetParam().missing);
}

const std::string kLogQuery =
    "the result is log lines, not a number: it is a log query; wrap it, e.g. sum(rate(... [5m]))";

INSTANTIATE_TEST_SUITE_P(
    Loki, LokiAnswerTest,
    testing::Values(
        LokiCase{
            "Streams", 200, "application/json",
            R"({"status":"success","data":{"resultType":"streams","result":[{"stream":{"app":"web"},"values":[["1588889221000000000","line"]]}]}})",
            kLogQuery},
        LokiCase{
            "LogQueryRefused", 400, "text/plain; charset=utf-8",
            "log queries are not supported as an instant query type, please change your query to a range query type\n",
            kLogQuery},
        LokiCase{"ParseError", 400, "text/plain; charset=utf-8",
                 "parse error at line 1, col 5: syntax error: unexpected IDENTIFIER\n",
                 "Loki answered HTTP 400: parse error at line 1, col 5: syntax error: unexpected IDENTIFIER"},
        LokiCase{"NoTenant", 401, "text/plain", "no org id\n",
                 "Loki answered HTTP 401: no org id (are auth and tenant right?)"},
        LokiCase{"NoLines", 200, "application/json",
                 R"({"status":"success","data":{"resultType":"vector","result":[]}})", "no data"},
        LokiCase{"NotLoki", 404, "text/plain", "404 page not found",
                 "Loki answered HTTP 404: 404 page not found (the URL must be what stands before /loki/api/v1/query)"}),
    [](const auto& one) { return one.param.name; });

TEST_F(LokiTest, ARangeIsAMatrix) {
  server.answer(kQuery, 200,
                R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"level":"info"},)"
                R"("values":[[1588889221,"137.95"],[1588889236,"467.1"]]}],"stats":{}}})");
  QueryClient queries(client, clock, log, nullptr);
  RangeReader reader(queries);
  const auto endpoint = make_endpoint(*metric.source);
  const WallTime start{std::chrono::seconds(1588889221)};

  const auto got = test::run(io, reader.read(*endpoint, RangeQuery(kQuery, start, start + 15s, 15s)));

  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->series.at(0).labels, R"({level="info"})");
  EXPECT_EQ(got->series.at(0).samples.at(1).value, 467.1);
  EXPECT_EQ(server.requests().at(0).path, "/gateway/loki/api/v1/query_range");
}

}  // namespace
}  // namespace stackscaler::metrics
