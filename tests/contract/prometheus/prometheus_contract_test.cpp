// SPDX-License-Identifier: Apache-2.0
//
// What PrometheusSource expects of Prometheus' query API, held by the scripted server of the unit tests and by a real
// Prometheus alike: so the scripts are known to be true. Then what only the real one can show.
#include <gtest/gtest.h>

#include <cmath>

#include "http/server.hpp"
#include "metrics/presets.hpp"
#include "metrics/prometheus_source.hpp"
#include "support/prometheus_process.hpp"
#include "support/raw_server.hpp"
#include "support/run.hpp"
#include "support/scripted_http.hpp"

namespace stackscaler::metrics {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using policy::Preset;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

struct Expectation {
  std::string name;
  std::string query;
  std::string freshness;
  std::optional<double> value;
  std::string missing;   // what the text begins with
  std::string scripted;  // what the scripted server says to the query
  int status = 200;
};

std::string result(const std::string& type, const std::string& json) {
  return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + json + "}}";
}
std::string one(const std::string& value) {
  return result("vector", R"([{"metric":{"__name__":"x"},"value":[1767607200.123,")" + value + "\"]}]");
}

const std::string kManyAnswer =
    R"([{"metric":{"i":"1"},"value":[1,"1"]},{"metric":{"i":"2"},"value":[1,"1"]},{"metric":{"i":"3"},"value":[1,"1"]}])";
const std::string kParseError =
    R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis"})";
const std::string kAmbiguous = R"({"status":"error","errorType":"execution","error":"found duplicate series"})";

std::vector<Expectation> expectations() {
  const std::string none;
  return {
      {"value", "demo_load", none, 7.5, none, one("7.5")},
      {"value of known age", "demo_load", "max(timestamp(demo_load))", 7.5, none, one("7.5")},
      {"zero", "demo_load * 0", none, 0.0, none, one("0")},
      {"scalar", "6 * 7", none, 42.0, none, result("scalar", R"([1767607200.123,"42"])")},
      {"empty", "no_such_series", none, {}, "no data", result("vector", "[]")},
      {"NaN", "0/0", none, {}, "the value is NaN", result("scalar", R"([1,"NaN"])")},
      {"NaN in a series", "demo_load / 0 - demo_load / 0", none, {}, "the value is NaN", one("NaN")},
      {"Inf", "1/0", none, {}, "the value is +Inf", result("scalar", R"([1,"+Inf"])")},
      {"-Inf", "-1/0", none, {}, "the value is -Inf", result("scalar", R"([1,"-Inf"])")},
      {"several series",
       "demo_many",
       none,
       {},
       "3 series, 1 expected; aggregate the query",
       result("vector", kManyAnswer)},
      {"string", "\"hello\"", none, {}, "the result is a string", result("string", R"([1,"hello"])")},
      {"range", "demo_load[1m]", none, {}, "the result is a range of samples", result("matrix", "[]")},
      {"parse error",
       "sum(",
       none,
       {},
       "Prometheus answered HTTP 400: bad_data: invalid parameter \"query\": 1:5: parse error",
       kParseError,
       400},
      {"execution error",
       "demo_load + on() demo_many",
       none,
       {},
       "Prometheus answered HTTP 422: execution: ",
       kAmbiguous,
       422},
      {"stale", "demo_old", "max(timestamp(demo_old))", {}, "newest sample is 1m", one("5")},
      {"age of nothing",
       "demo_load",
       "max(timestamp(no_such_series))",
       {},
       "the age of its samples can't be told: no data",
       one("7.5")},
  };
}

// A metric with everything that the expectations and presets read.
std::string exposition(double idle_share, double since_start, double old_at) {
  const std::string idle = std::to_string(since_start * idle_share);
  const std::string busy = std::to_string(since_start * (1 - idle_share));
  return "demo_load 7.5\ndemo_many{i=\"1\"} 1\ndemo_many{i=\"2\"} 1\ndemo_many{i=\"3\"} 1\n"
         "demo_old 5 " +
         std::to_string(static_cast<std::int64_t>(old_at * 1000)) +
         "\n"
         "node_memory_MemAvailable_bytes 250\nnode_memory_MemTotal_bytes 1000\n"
         "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} " +
         idle +
         "\n"
         "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} " +
         busy + "\n";
}

// What a policy reads its metrics from: the base URL of something that speaks the API.
class ContractTest : public testing::Test {
 protected:
  QueryAnswer ask(const std::string& query) {
    const auto base = http::parse_url(url + "/api/v1/query");
    http::Request request(http::Method::get, base.value());
    request.url.query = "query=" + http::percent_encode(query);
    const auto answer = test::run(io, client.send(std::move(request)));
    if (!answer) return QueryAnswer{{}, answer.error().message(), {}};
    return parse_query_answer(answer->status, answer->body);
  }
  ports::MetricsReading read(const policy::Metric& metric) {
    policy::ScalingPolicy policy;
    policy.key.name = "web";
    policy.spec.metrics.push_back(metric);
    const auto base = http::parse_url(url);
    PrometheusSource source(client, clock, log, base.value());
    return test::run(io, source.read(policy));
  }
  ports::MetricsReading read(Preset preset) {
    policy::Metric metric;
    metric.name = "m";
    metric.preset = preset;
    return read(metric);
  }
  void hold(const Expectation& expected) {
    SCOPED_TRACE(expected.name + ": " + expected.query);
    policy::Metric metric;
    metric.name = "m";
    metric.query = expected.query;
    metric.freshness = expected.freshness;
    metric.max_age = 50s;

    const decision::MetricReading got = read(metric).metrics.at(0);

    EXPECT_EQ(got.value, expected.value) << got.missing;
    EXPECT_TRUE(got.missing.starts_with(expected.missing)) << got.missing;
    EXPECT_EQ(got.missing.empty(), expected.missing.empty()) << got.missing;
  }

  asio::io_context io;
  SystemClock clock{io.get_executor()};
  test::MemoryLog log;
  http::Client client{io.get_executor()};
  std::string url;
};

TEST_F(ContractTest, TheScriptedServerKeepsTheContract) {
  test::ScriptedHttp server(io);
  url = server.url();
  for (const Expectation& expected : expectations()) server.answer(expected.query, expected.status, expected.scripted);
  server.answer("max(timestamp(demo_load))", 200, one(std::to_string(now_seconds() - 1)));
  server.answer("max(timestamp(demo_old))", 200, one(std::to_string(now_seconds() - 75)));
  server.answer("max(timestamp(no_such_series))", 200, result("vector", "[]"));

  for (const Expectation& expected : expectations()) {
    server.answer(expected.query, expected.status, expected.scripted);
    hold(expected);
  }
}

// A real Prometheus that scrapes an exporter of the test's own every second.
class RealPrometheusTest : public ContractTest {
 protected:
  void SetUp() override {
    if (!test::PrometheusProcess::installed()) GTEST_SKIP() << test::PrometheusProcess::kHowToInstall;
    ASSERT_TRUE(exporter.start("127.0.0.1", 0));
    exporting = true;
    test::ScrapeJob job;
    job.name = "web";
    // The second target is a port that nobody listens on: an instance that is down.
    job.targets = {"127.0.0.1:" + std::to_string(exporter.port()), "127.0.0.1:1"};
    job.labels["stack"] = "web";
    auto started = prometheus.start({job}, 1s);
    ASSERT_TRUE(started) << started.error().message();
    url = *started;
    ASSERT_TRUE(eventually("count(up{stack=\"web\"}) + count(demo_load) * 10", 12.0)) << prometheus.log();
  }
  void TearDown() override {
    prometheus.stop();
    if (exporting) test::run(io, exporter.stop());
  }

  // Asks until the query has that value (or, without one, no data); false when it has not within 20 s.
  bool eventually(const std::string& query, std::optional<double> value) {
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < give_up) {
      const QueryAnswer answer = ask(query);
      if (value ? answer.value == value : answer.missing == "no data") return true;
      test::run(io, test::pause_for(100ms));
    }
    return false;
  }
  static http::ServerLimits quick() {
    http::ServerLimits limits;
    limits.stop_grace = 100ms;
    return limits;
  }
  asio::awaitable<http::Response> expose(http::IncomingRequest request) {
    if (request.path != "/metrics") co_return http::Response(404);
    co_return http::Response(200, "text/plain; version=0.0.4",
                             exposition(0.25, now_seconds() - started_at, started_at - 61));
  }

  double started_at = now_seconds();
  http::Server exporter{io.get_executor(), log,
                        [this](http::IncomingRequest request) { return expose(std::move(request)); }, quick()};
  bool exporting = false;
  test::PrometheusProcess prometheus;
};

TEST_F(RealPrometheusTest, KeepsTheContract) {
  for (const Expectation& expected : expectations()) hold(expected);
}

TEST_F(RealPrometheusTest, PresetsReadTheStackAndCountOneTargetDown) {
  const auto instances = read(Preset::instances);
  const auto memory = read(Preset::memory);

  EXPECT_EQ(instances.metrics[0].value, 1.0) << instances.metrics[0].missing;
  EXPECT_FALSE(instances.metrics[0].freshness_unknown);
  EXPECT_EQ(instances.reporting, 1);
  EXPECT_EQ(memory.metrics[0].value, 75.0) << memory.metrics[0].missing;
  EXPECT_EQ(memory.reporting, 1);
}

TEST_F(RealPrometheusTest, TheCpuPresetGivesAPercentageOfKnownAge) {
  ASSERT_TRUE(eventually("max(count_over_time(node_cpu_seconds_total{mode=\"idle\"}[1m])) > bool 2", 1.0));

  const auto cpu = read(Preset::cpu);

  // The exporter is 75 % busy. rate() divides by its whole window, so a series younger than the window reads less idle
  // than it is: busier, never calmer.
  ASSERT_TRUE(cpu.metrics[0].value) << cpu.metrics[0].missing;
  EXPECT_GE(*cpu.metrics[0].value, 75.0);
  EXPECT_LE(*cpu.metrics[0].value, 100.0);
  EXPECT_FALSE(cpu.metrics[0].freshness_unknown);
  // The share of idle in all modes has no such bias.
  const QueryAnswer share =
      ask("100 * (1 - sum(rate(node_cpu_seconds_total{mode=\"idle\"}[2m])) / sum(rate(node_cpu_seconds_total[2m])))");
  ASSERT_TRUE(share.value) << share.missing;
  EXPECT_NEAR(*share.value, 75.0, 0.1);
}

TEST_F(RealPrometheusTest, TimestampGivesTheSamplesOwnTime) {
  const QueryAnswer old = ask("max(timestamp(demo_old))");
  const QueryAnswer fresh = ask("max(timestamp(demo_load))");

  ASSERT_TRUE(old.value) << old.missing;
  EXPECT_NEAR(*old.value, started_at - 61, 0.002) << "the time stamp that the exporter wrote";
  ASSERT_TRUE(fresh.value) << fresh.missing;
  EXPECT_NEAR(*fresh.value, now_seconds(), 5.0) << "the time of the last scrape";
}

TEST_F(RealPrometheusTest, ADeadExporterMakesMetricsMissingWithinAScrapeNotZero) {
  test::run(io, exporter.stop());
  exporting = false;

  // Prometheus marks the series stale at the first scrape that fails, so both queries come back empty.
  ASSERT_TRUE(eventually("demo_load", {}));
  EXPECT_EQ(ask("max(timestamp(demo_load))").missing, "no data");
  const auto memory = read(Preset::memory);
  const auto instances = read(Preset::instances);
  EXPECT_EQ(memory.metrics[0].missing, "no data");
  EXPECT_FALSE(memory.reporting);
  EXPECT_EQ(memory.reporting_missing, "no data") << "nobody reporting is unknown, not zero";
  EXPECT_EQ(instances.metrics[0].missing, "no data");
}

TEST_F(RealPrometheusTest, ARestartIsMissingAndThenComesBackOnTheSameClient) {
  policy::Metric metric;
  metric.name = "m";
  metric.query = "demo_load";
  prometheus.stop();

  const auto down = read(metric);
  const auto restarted = prometheus.restart();

  EXPECT_NE(down.metrics[0].missing.find("Connection refused"), std::string::npos) << down.metrics[0].missing;
  ASSERT_TRUE(restarted) << restarted.error().message();
  EXPECT_TRUE(eventually("demo_load", 7.5)) << prometheus.log();
}

}  // namespace
}  // namespace stackscaler::metrics
