// SPDX-License-Identifier: Apache-2.0
//
// The source against a scripted server: what is asked, and what each answer comes to.
#include "metrics/prometheus_source.hpp"

#include <gtest/gtest.h>

#include "metrics/presets.hpp"
#include "support/fake_clock.hpp"
#include "support/run.hpp"
#include "support/scripted_http.hpp"

namespace stackscaler::metrics {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using policy::Preset;

std::string number(const std::string& value) {
  return R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,")" + value + "\"]}]}}";
}
const std::string kEmpty = R"({"status":"success","data":{"resultType":"vector","result":[]}})";

class SourceTest : public testing::Test {
 protected:
  SourceTest() { policy.key.name = "web"; }

  policy::Metric& add(const std::string& name, const std::string& query, const std::string& freshness = "") {
    policy::Metric metric;
    metric.name = name;
    metric.query = query;
    metric.freshness = freshness;
    policy.spec.metrics.push_back(metric);
    return policy.spec.metrics.back();
  }
  policy::Metric& add(const std::string& name, Preset preset) {
    policy::Metric& metric = add(name, "");
    metric.preset = preset;
    return metric;
  }
  // The time stamp of a sample of that age, as a query's answer.
  std::string sampled(Duration ago) {
    const auto at = (clock.wall_now() - ago).time_since_epoch();
    return number(std::to_string(std::chrono::duration<double>(at).count()));
  }
  ports::MetricsReading read() {
    const auto base = http::parse_url(server.url() + prefix);
    PrometheusSource source(client, clock, log, base.value(), settings);
    return test::run(io, source.read(policy));
  }

  asio::io_context io;
  test::FakeClock clock{io};
  test::MemoryLog log;
  test::ScriptedHttp server{io};
  http::Client client{io.get_executor()};
  std::string prefix;
  PrometheusSettings settings;
  policy::ScalingPolicy policy;
};

TEST_F(SourceTest, OneMetricIsOneQuery) {
  server.answer("sum(x)", 200, number("81.3"));
  add("load", "sum(x)");

  const auto reading = read();

  ASSERT_EQ(reading.metrics.size(), 1U);
  EXPECT_EQ(reading.metrics[0].name, "load");
  EXPECT_EQ(reading.metrics[0].value, 81.3);
  EXPECT_EQ(reading.metrics[0].missing, "");
  EXPECT_TRUE(reading.metrics[0].freshness_unknown);
  EXPECT_FALSE(reading.reporting);
  EXPECT_EQ(reading.reporting_missing, "");
  EXPECT_EQ(server.asked().size(), 1U);
}

TEST_F(SourceTest, RestingOnTooFewPointsIsMissing) {
  server.answer("avg(x)", 200, number("81"));
  server.answer("count(x)", 200, number("29"));
  add("load", "avg(x)").coverage = policy::Coverage{"count(x)", 30};

  const auto reading = read();

  EXPECT_FALSE(reading.metrics[0].value);
  EXPECT_EQ(reading.metrics[0].missing, "it rests on 29 points, fewer than coverage.atLeast (30)");
}

TEST_F(SourceTest, RestingOnJustEnoughPointsIsTaken) {
  server.answer("avg(x)", 200, number("81"));
  server.answer("count(x)", 200, number("30"));
  add("load", "avg(x)").coverage = policy::Coverage{"count(x)", 30};

  EXPECT_EQ(read().metrics[0].value, 81);
}

TEST_F(SourceTest, CoverageThatCanNotBeToldIsMissing) {
  server.answer("avg(x)", 200, number("81"));
  server.answer("count(x)", 200, kEmpty);
  add("load", "avg(x)").coverage = policy::Coverage{"count(x)", 30};

  const auto reading = read();

  EXPECT_FALSE(reading.metrics[0].value);
  EXPECT_TRUE(reading.metrics[0].missing.starts_with("what it rests on can't be told: coverage: "))
      << reading.metrics[0].missing;
}

TEST_F(SourceTest, KeepsThePathPrefixAndLeavesTimeOut) {
  server.answer("sum(x)", 200, number("1"));
  add("load", "sum(x)");
  prefix = "/prometheus/";

  ASSERT_TRUE(read().metrics[0].value);

  EXPECT_EQ(server.requests()[0].path, "/prometheus/api/v1/query");
  EXPECT_EQ(server.requests()[0].method, http::Method::get);
  EXPECT_EQ(server.requests()[0].query, "query=sum%28x%29");
}

TEST_F(SourceTest, AVeryLongQueryGoesAsAForm) {
  const std::string query = "sum(x{a=\"" + std::string(5000, 'a') + "\"})";
  server.answer(query, 200, number("1"));
  add("load", query);

  ASSERT_EQ(read().metrics[0].value, 1.0);

  EXPECT_EQ(server.requests()[0].method, http::Method::post);
  EXPECT_EQ(server.requests()[0].headers.get("content-type"), "application/x-www-form-urlencoded");
}

TEST_F(SourceTest, MetricsComeInThePolicysOrderEachWithItsOwnOutcome) {
  server.answer("a", 200, number("1"));
  server.answer("b", 200, kEmpty);
  server.answer("c", 422, R"({"status":"error","errorType":"execution","error":"too many samples"})");
  add("first", "a");
  add("second", "b");
  add("third", "c");

  const auto reading = read();

  ASSERT_EQ(reading.metrics.size(), 3U);
  EXPECT_EQ(reading.metrics[0].value, 1.0);
  EXPECT_EQ(reading.metrics[1].missing, "no data");
  EXPECT_EQ(reading.metrics[2].missing, "Prometheus answered HTTP 422: execution: too many samples");
}

TEST_F(SourceTest, NobodyListeningIsMissingWithTheCause) {
  add("load", "x");
  const auto base = http::parse_url("http://127.0.0.1:1/");
  PrometheusSource source(client, clock, log, base.value());

  const auto reading = test::run(io, source.read(policy));

  EXPECT_FALSE(reading.metrics[0].value);
  EXPECT_EQ(reading.metrics[0].missing, "GET http://127.0.0.1:1/api/v1/query: Connection refused");
}

TEST_F(SourceTest, NoAnswerInTimeIsMissing) {
  server.hang("x");
  add("load", "x");
  settings.query_deadline = 40ms;

  const auto reading = read();

  EXPECT_FALSE(reading.metrics[0].value);
  EXPECT_NE(reading.metrics[0].missing.find("no answer within 40ms"), std::string::npos) << reading.metrics[0].missing;
}

TEST_F(SourceTest, AnAnswerOverTheLimitIsMissing) {
  server.answer("x", 200, number("1") + std::string(2000, ' '));
  add("load", "x");
  settings.answer_limit = 1000;

  EXPECT_NE(read().metrics[0].missing.find("larger than the limit"), std::string::npos);
}

TEST_F(SourceTest, QueriesAfterTheBudgetAreNotAsked) {
  server.answer("x", 200, number("1"));
  add("load", "x");
  settings.read_budget = 0s;

  EXPECT_NE(read().metrics[0].missing.find("not asked"), std::string::npos);
  EXPECT_TRUE(server.asked().empty());
}

TEST_F(SourceTest, EqualQueriesAreSentOnce) {
  server.answer("x", 200, number("1"));
  server.answer("ts", 200, sampled(1s));
  add("a", "x", "ts");
  add("b", "x", "ts");
  add("c", "x");

  const auto reading = read();

  for (const auto& metric : reading.metrics) EXPECT_EQ(metric.value, 1.0);
  EXPECT_EQ(server.times_asked("x"), 1U);
  EXPECT_EQ(server.times_asked("ts"), 1U);
}

TEST_F(SourceTest, AWarningIsLoggedAndMarksTheValueAsPartial) {
  server.answer("x", 200,
                R"({"status":"success","warnings":["partial"],"data":{"resultType":"scalar","result":[1,"2"]}})");
  add("load", "x");

  const auto reading = read();

  EXPECT_EQ(reading.metrics[0].value, 2.0);
  EXPECT_EQ(reading.metrics[0].partial, "partial");
  EXPECT_TRUE(log.contains("warning=partial"));
}

TEST_F(SourceTest, ARemarkOnTheExpressionIsNoSignOfMissingData) {
  server.answer(
      "x", 200,
      R"({"status":"success","warnings":["PromQL warning: quantile value should be between 0 and 1"],"data":{"resultType":"scalar","result":[1,"2"]}})");
  add("load", "x");

  EXPECT_EQ(read().metrics[0].partial, "");
}

TEST_F(SourceTest, EachMetricIsAskedOfItsOwnSource) {
  test::ScriptedHttp other(io);
  server.answer("x", 200, number("1"));
  other.answer("x", 200, number("2"));
  add("here", "x");
  add("there", "x").source.emplace().url = other.url() + "/mimir/";
  add("nowhere", "x").source.emplace().url = "http://h:0/";

  const auto reading = read();

  EXPECT_EQ(reading.metrics[0].value, 1.0);
  EXPECT_EQ(reading.metrics[1].value, 2.0);
  EXPECT_EQ(other.requests().at(0).path, "/mimir/api/v1/query");
  EXPECT_NE(reading.metrics[2].missing.find("port"), std::string::npos);
}

TEST_F(SourceTest, WhoReportsIsAskedWhereThePresetIs) {
  test::ScriptedHttp other(io);
  const PresetQueries cpu = preset_queries(Preset::cpu, "web");
  other.answer(cpu.query, 200, number("50"));
  other.answer(cpu.freshness, 200, sampled(2s));
  other.answer(cpu.reporting, 200, number("3"));
  add("cpu", Preset::cpu).source.emplace().url = other.url();

  const auto reading = read();

  EXPECT_EQ(reading.reporting, 3);
  EXPECT_TRUE(server.requests().empty());
}

// Staleness. max_age is two minutes.

struct AgeCase {
  std::string name;
  Duration age;
  std::string missing;
};

class AgeTest : public SourceTest, public testing::WithParamInterface<AgeCase> {};

TEST_P(AgeTest, DecidesWhetherTheValueCounts) {
  server.answer("x", 200, number("7"));
  server.answer("ts", 200, sampled(GetParam().age));
  add("load", "x", "ts");

  const auto reading = read();

  EXPECT_EQ(reading.metrics[0].missing, GetParam().missing);
  EXPECT_EQ(reading.metrics[0].value.has_value(), GetParam().missing.empty());
  EXPECT_FALSE(reading.metrics[0].freshness_unknown);
}

INSTANTIATE_TEST_SUITE_P(Source, AgeTest,
                         testing::Values(AgeCase{"New", 3s, ""}, AgeCase{"JustWithin", 119s, ""},
                                         AgeCase{"Old", 252s, "newest sample is 4m12s old (maxAge 2m)"},
                                         AgeCase{"SlightlyInTheFuture", -30s, ""},
                                         AgeCase{"FarInTheFuture", -300s,
                                                 "newest sample is 5m in the future: clocks differ (maxAge 2m)"}),
                         [](const auto& one) { return one.param.name; });

struct CompanionCase {
  std::string name;
  int status;
  std::string body;
  std::string missing;
};

class CompanionTest : public SourceTest, public testing::WithParamInterface<CompanionCase> {};

TEST_P(CompanionTest, ThatFailsMakesTheMetricMissing) {
  server.answer("x", 200, number("7"));
  server.answer("ts", GetParam().status, GetParam().body);
  add("load", "x", "ts");

  const auto reading = read();

  EXPECT_FALSE(reading.metrics[0].value);
  EXPECT_EQ(reading.metrics[0].missing, "the age of its samples can't be told: " + GetParam().missing);
}

INSTANTIATE_TEST_SUITE_P(Source, CompanionTest,
                         testing::Values(CompanionCase{"Empty", 200, kEmpty, "no data"},
                                         CompanionCase{"NaN", 200, number("NaN"), "the value is NaN"},
                                         CompanionCase{"Failed", 503, "busy", "Prometheus answered HTTP 503: busy"}),
                         [](const auto& one) { return one.param.name; });

TEST_F(SourceTest, ATimeStampOfNineteenSeventyIsOldAndAnAbsurdOneIsInTheFuture) {
  server.answer("x", 200, number("7"));
  server.answer("zero", 200, number("0"));
  server.answer("huge", 200, number("1e300"));
  add("a", "x", "zero");
  add("b", "x", "huge");

  const auto reading = read();

  EXPECT_NE(reading.metrics[0].missing.find(" old (maxAge 2m)"), std::string::npos) << reading.metrics[0].missing;
  EXPECT_NE(reading.metrics[1].missing.find("in the future"), std::string::npos) << reading.metrics[1].missing;
}

TEST_F(SourceTest, TheCompanionIsNotAskedForAMissingValue) {
  server.answer("x", 200, kEmpty);
  add("load", "x", "ts");

  EXPECT_EQ(read().metrics[0].missing, "no data");
  EXPECT_EQ(server.times_asked("ts"), 0U);
}

// Presets.

TEST_F(SourceTest, APresetBringsQueryFreshnessAndReporting) {
  const PresetQueries cpu = preset_queries(Preset::cpu, "web");
  server.answer(cpu.query, 200, number("50"));
  server.answer(cpu.freshness, 200, sampled(2s));
  server.answer(cpu.reporting, 200, number("3"));
  add("cpu", Preset::cpu);

  const auto reading = read();

  EXPECT_EQ(reading.metrics[0].value, 50.0);
  EXPECT_FALSE(reading.metrics[0].freshness_unknown);
  EXPECT_EQ(reading.reporting, 3);
  EXPECT_EQ(reading.reporting_missing, "");
}

TEST_F(SourceTest, TheStacksIdIsTheLabelWhereThereIsOne) {
  policy.spec.stack.id = "frontend";
  const PresetQueries instances = preset_queries(Preset::instances, "frontend");
  server.answer(instances.query, 200, number("2"));
  server.answer(instances.freshness, 200, sampled(2s));
  add("instances", Preset::instances);

  const auto reading = read();

  EXPECT_EQ(reading.metrics[0].value, 2.0);
  EXPECT_EQ(reading.reporting, 2);
  EXPECT_EQ(server.times_asked(instances.query), 1U) << "the reporting query is the same one";
}

TEST_F(SourceTest, AReplacedQueryLosesThePresetsFreshnessButStillAsksWhoReports) {
  const PresetQueries cpu = preset_queries(Preset::cpu, "web");
  server.answer("my_cpu", 200, number("50"));
  server.answer(cpu.reporting, 200, number("3"));
  add("cpu", Preset::cpu).query = "my_cpu";

  const auto reading = read();

  EXPECT_EQ(reading.metrics[0].value, 50.0);
  EXPECT_TRUE(reading.metrics[0].freshness_unknown);
  EXPECT_EQ(reading.reporting, 3);
  EXPECT_EQ(server.times_asked(cpu.freshness), 0U);
}

TEST_F(SourceTest, AReplacedFreshnessKeepsThePresetsQuery) {
  const PresetQueries cpu = preset_queries(Preset::cpu, "web");
  server.answer(cpu.query, 200, number("50"));
  server.answer("my_ts", 200, sampled(2s));
  add("cpu", Preset::cpu).freshness = "my_ts";

  const auto reading = read();

  EXPECT_EQ(reading.metrics[0].value, 50.0);
  EXPECT_EQ(server.times_asked(cpu.freshness), 0U);
}

struct ReportingCase {
  std::string name;
  std::string body;
  std::string missing;
};

class ReportingTest : public SourceTest, public testing::WithParamInterface<ReportingCase> {};

TEST_P(ReportingTest, ThatCannotBeToldIsNamed) {
  server.answer("my_cpu", 200, number("50"));
  server.answer(preset_queries(Preset::cpu, "web").reporting, 200, GetParam().body);
  add("cpu", Preset::cpu).query = "my_cpu";

  const auto reading = read();

  EXPECT_FALSE(reading.reporting);
  EXPECT_EQ(reading.reporting_missing, GetParam().missing);
}

INSTANTIATE_TEST_SUITE_P(Source, ReportingTest,
                         testing::Values(ReportingCase{"Nobody", kEmpty, "no data"},
                                         ReportingCase{"Fraction", number("2.5"), "2.5 is not a number of instances"},
                                         ReportingCase{"Negative", number("-1"), "-1 is not a number of instances"}),
                         [](const auto& one) { return one.param.name; });

TEST_F(SourceTest, AMetricWithoutAnyQueryIsMissing) {
  add("odd", "");

  EXPECT_EQ(read().metrics[0].missing, "no query");
}

}  // namespace
}  // namespace stackscaler::metrics
