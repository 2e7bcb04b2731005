// SPDX-License-Identifier: Apache-2.0
//
// The metrics page and the values of the last turns.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "unit/api/fakes.hpp"

namespace stackscaler::api {
namespace {

policy::PolicyKey named(const std::string& name) {
  policy::PolicyKey key;
  key.name = name;
  return key;
}

HistoryPoint point(WallTime time, double value) {
  HistoryPoint out;
  out.time = time;
  out.count = 2;
  out.values.emplace_back("cpu", value);
  return out;
}

TEST(RecentTest, KeepsTheNewestValuesOfEachPolicy) {
  Recent recent;
  const WallTime begin{1h};
  for (std::size_t i = 0; i < Recent::kPoints + 5; ++i) {
    recent.add(named("web"), point(begin + std::chrono::seconds(i), 81.3));
  }

  const auto all = recent.points(named("web"), WallTime{}, begin + 24h, 10'000);

  ASSERT_EQ(all.size(), Recent::kPoints);
  EXPECT_EQ(all.front().time, begin + 5s);
  EXPECT_EQ(all.back().values.at(0).second, 81.3);
  EXPECT_EQ(recent.points(named("web"), begin + 10s, begin + 20s, 5).size(), 5U);
  EXPECT_TRUE(recent.points(named("other"), WallTime{}, begin + 24h, 5).empty());
}

TEST(RecentTest, OtherMetricsBeginAnew) {
  Recent recent;
  recent.add(named("web"), point(WallTime{1s}, 1));
  HistoryPoint other = point(WallTime{2s}, 2);
  other.values[0].first = "memory";
  recent.add(named("web"), other);

  const auto all = recent.points(named("web"), WallTime{}, WallTime{1h}, 10);

  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].values[0].first, "memory");
}

std::set<std::string> families(const std::string& page) {
  std::set<std::string> out;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) out.insert(line.substr(7, line.find(' ', 7) - 7));
  }
  return out;
}

TEST(TelemetryTest, SeriesExistAtZero) {
  const Telemetry telemetry;
  FakeFleet fleet;

  const std::string page = telemetry.page(fleet, {});

  for (const char* line : {"stackscaler_reconciles_total{outcome=\"scaled\"} 0",
                           "stackscaler_decisions_total{action=\"scale_up\",reason=\"DesiredWithinRange\"} 0",
                           "stackscaler_advisor_consultations_total{advisor=\"gemini\",outcome=\"fallback\"} 0",
                           "stackscaler_operations_total{outcome=\"failed\"} 0",
                           "stackscaler_terraform_step_seconds_count{step=\"apply\"} 0",
                           "stackscaler_policies{ready=\"false\"} 0", "stackscaler_paused 0"}) {
    EXPECT_NE(page.find(std::string(line) + "\n"), std::string::npos) << line;
  }
}

TEST(TelemetryTest, ThePageIsPrometheusTextWithHelpAndTypeOnce) {
  Rig rig;
  rig.fleet.add("web");
  rig.fleet.entries.begin()->second.policy.spec.stack.id = "we\"b\\";
  (void)rig.get("/metrics");

  const auto answer = rig.get("/metrics");

  EXPECT_EQ(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const std::regex sample(R"(^[a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)+\})? [0-9.e+-]+$)");
  std::set<std::string> typed;
  std::set<std::string> series;
  std::istringstream lines(answer.body);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) continue;
    if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(typed.insert(line).second) << line;
      continue;
    }
    EXPECT_TRUE(std::regex_match(line, sample)) << line;
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
  EXPECT_TRUE(series.contains("stackscaler_http_requests_total{route=\"/metrics\",status=\"200\"}"));
}

TEST(TelemetryTest, LabelsAreBounded) {
  Telemetry telemetry;
  FakeFleet fleet;
  for (int i = 0; i < 100; ++i) {
    telemetry.decided("scale_up", "word " + std::to_string(i));
    telemetry.consulted("somebody " + std::to_string(i), "ok");
  }

  const std::string page = telemetry.page(fleet, {});

  EXPECT_NE(page.find("{action=\"scale_up\",reason=\"other\"} 100\n"), std::string::npos);
  EXPECT_NE(page.find("{advisor=\"other\",outcome=\"ok\"} 100\n"), std::string::npos);
  EXPECT_EQ(page.find("word"), std::string::npos);
}

TEST(TelemetryTest, StepsOfTerraformAreSummedUp) {
  Telemetry telemetry;
  FakeFleet fleet;
  ports::OperationRecord record;
  record.phase = ports::Phase::succeeded;
  record.plan_ms = 1500;
  telemetry.operation_ended(record);

  const std::string page = telemetry.page(fleet, {});

  EXPECT_NE(page.find("stackscaler_terraform_step_seconds_sum{step=\"plan\"} 1.5\n"), std::string::npos);
  EXPECT_NE(page.find("stackscaler_terraform_step_seconds_count{step=\"apply\"} 0\n"), std::string::npos);
  EXPECT_NE(page.find("stackscaler_operations_total{outcome=\"succeeded\"} 1\n"), std::string::npos);
}

TEST(TelemetryTest, TheReferencePageHasEveryFamilyAndNoOther) {
  const Telemetry telemetry;
  FakeFleet fleet;
  std::ifstream file(std::string(STK_SOURCE_DIR) + "/docs/reference/metrics.md");
  std::set<std::string> documented;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `stackscaler_")) documented.insert(line.substr(3, line.find('`', 3) - 3));
  }

  EXPECT_EQ(documented, families(telemetry.page(fleet, {})));
}

}  // namespace
}  // namespace stackscaler::api
