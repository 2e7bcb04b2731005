// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler simulate`: its options, what it says about bad input, and a load from a scripted Prometheus.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "command_fixture.hpp"
#include "controller/commands.hpp"

namespace stackscaler::controller {
namespace {

class SimulateCommandTest : public CommandTest {
 protected:
  SimulateCommandTest() {
    write("web.yaml",
          "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: {name: web}\nspec:\n"
          "  stack: {id: web}\n  interval: 1m\n"
          "  metrics: [{name: cpu, preset: cpu, target: {type: Utilization, value: 60}}]\n");
    write("load.csv", "time,value\n0,100\n300,200\n600,100\n");
  }

  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"simulate", "--policy", file("web.yaml")});
    const ParsedOptions parsed = parse_options(arguments, {});
    if (!parsed.options) {
      err = parsed.text;
      return parsed.exit_code;
    }
    return run_beside_server([&] { return simulate_policies(*parsed.options); });
  }
};

TEST_F(SimulateCommandTest, TheJsonHasTheMeasuresByTheirNames) {
  ASSERT_EQ(run({"--trace", file("load.csv"), "--capacity-per-instance", "100", "--price-per-hour", "6", "-o", "json"}),
            0)
      << err;

  const auto row = nlohmann::json::parse(out).at(0);
  for (const char* name : {"instanceHours", "minutesAbove80", "minutesAbove90", "actions", "flaps", "thetaU", "thetaO",
                           "tauU", "tauO", "upsilon", "lostLoad", "cost"}) {
    EXPECT_TRUE(row.contains(name)) << name;
  }
  EXPECT_EQ(row.at("ticks"), 15);
  EXPECT_NEAR(row.at("cost").get<double>(), 6 * row.at("instanceHours").get<double>(), 1e-5);
}

TEST_F(SimulateCommandTest, ComparesTwoVersionsOfOnePolicy) {
  write("again.yaml", *read_file(folder / "web.yaml", 10000));

  ASSERT_EQ(run({"--policy", file("again.yaml"), "--trace", file("load.csv")}), 0) << err;

  EXPECT_NE(out.find("web.yaml)"), std::string::npos) << out;
  EXPECT_NE(out.find("again.yaml)"), std::string::npos) << out;
}

TEST_F(SimulateCommandTest, WritesEveryTickAndAPage) {
  ASSERT_EQ(run({"--trace", file("load.csv"), "--steps", file("s.csv"), "--html", file("p.html")}), 0) << err;

  const std::string steps = *read_file(folder / "s.csv", 100000);
  EXPECT_EQ(steps.find("time,load,serving,total,utilization,desired,action,reason"), 0U);
  EXPECT_EQ(std::count(steps.begin(), steps.end(), '\n'), 16);
  EXPECT_NE(read_file(folder / "p.html", 1000000)->find("default/web"), std::string::npos);
}

TEST_F(SimulateCommandTest, AFileThatCannotBeWrittenIsAnError) {
  EXPECT_EQ(run({"--trace", file("load.csv"), "--steps", file("no/s.csv")}), 1);
  EXPECT_NE(err.find("cannot write"), std::string::npos) << err;
}

TEST_F(SimulateCommandTest, ABadTraceIsSaidWithItsLine) {
  write("bad.csv", "0,1\n60,NaN\n");

  EXPECT_EQ(run({"--trace", file("bad.csv")}), 1);

  EXPECT_NE(err.find("bad.csv:2: 'NaN' is not a number"), std::string::npos) << err;
  EXPECT_EQ(out, "");
}

struct Refused {
  std::string name;
  std::vector<std::string> arguments;
  std::string message;
};
class RefusedSimulationTest : public SimulateCommandTest, public testing::WithParamInterface<Refused> {};

TEST_P(RefusedSimulationTest, SaysWhatIsWrong) {
  EXPECT_EQ(run(GetParam().arguments), 1);
  EXPECT_NE(err.find(GetParam().message), std::string::npos) << err;
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedSimulationTest,
    testing::Values(
        Refused{"no_load", {}, "give the load: --trace CSV, or --from TIME"},
        Refused{"two_loads", {"--trace", "x", "--from", "1d"}, "leave --trace out"},
        Refused{"two_scales",
                {"--trace", "x", "--capacity-per-instance", "1", "--peak-instances", "3"},
                "exclude one another"},
        Refused{"boot_delay", {"--trace", "x", "--boot-delay", "soon"}, "--boot-delay: 'soon' is not a duration"},
        Refused{"tick", {"--trace", "x", "--tick", "0s"}, "--tick: '0s' is not a duration from 1s"},
        Refused{"slo", {"--trace", "x", "--slo", "80"}, "--slo"},
        Refused{"no_file", {"--trace", "/nowhere.csv"}, "nowhere"},
        Refused{"from", {"--from", "yesterday"}, "--from: 'yesterday' is neither a time"}),
    [](const auto& p) { return p.param.name; });

TEST_F(SimulateCommandTest, AsksPrometheusForTheLoadOfAPreset) {
  const std::string query =
      "(100 * (1 - sum(rate(node_cpu_seconds_total{stack=\"web\",mode=\"idle\"}[2m])) / "
      "sum(rate(node_cpu_seconds_total{stack=\"web\"}[2m])))) / 100 * (count(up{stack=\"web\"} == 1))";
  std::string values;
  for (int i = 0; i < 30; ++i) {
    values += (values.empty() ? "" : ",") + std::string("[") + std::to_string(1700000000 + 60 * i) + ",\"1.5\"]";
  }
  server.answer(
      query, 200,
      R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[)" + values + "]}]}}");

  ASSERT_EQ(run({"--prometheus-url", server.url(), "--from", "2023-11-14T22:13:20Z", "--to", "2023-11-14T22:43:20Z",
                 "-o", "json"}),
            0)
      << err;

  const auto row = nlohmann::json::parse(out).at(0);
  EXPECT_EQ(row.at("ticks"), 30);
  EXPECT_EQ(row.at("capacityPerInstance"), 1);
  EXPECT_NEAR(row.at("offeredLoad").get<double>(), 0.75, 1e-6);
}

TEST_F(SimulateCommandTest, SeveralSeriesAreNoLoad) {
  server.answer("x", 200,
                R"({"status":"success","data":{"resultType":"matrix","result":[)"
                R"({"metric":{"i":"a"},"values":[[1,"1"]]},{"metric":{"i":"b"},"values":[[1,"1"]]}]}})");

  EXPECT_EQ(run({"--prometheus-url", server.url(), "--from", "1h", "--query", "x"}), 1);
  EXPECT_NE(err.find("2 series instead of one"), std::string::npos) << err;
}

}  // namespace
}  // namespace stackscaler::controller
