// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler metrics` against a scripted server.
#include <gtest/gtest.h>

#include "command_fixture.hpp"
#include "controller/commands.hpp"

namespace stackscaler::controller {
namespace {

using namespace std::chrono_literals;

std::string answer_of(const std::string& type, const std::string& result) {
  return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + result + "}}";
}

class MetricsCommandTest : public CommandTest {
 protected:
  MetricsCommandTest() {
    options.prometheus_url = server.url();
    options.paths = {file("web.yaml")};
    write("web.yaml",
          "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: {name: web}\nspec:\n"
          "  stack: {id: web}\n"
          "  metrics: [{name: load, query: x, threshold: {scaleUp: 2, scaleDown: 1}}]\n");
  }
  int run() {
    return run_beside_server([&] { return show_metrics(options); });
  }

  Options options;
};

TEST_F(MetricsCommandTest, PrintsValueAndAge) {
  server.answer("x", 200, answer_of("scalar", R"([1,"81.25"])"));

  EXPECT_EQ(run(), 0) << err;

  EXPECT_NE(out.find("default/web"), std::string::npos) << out;
  EXPECT_NE(out.find("81.25  unknown"), std::string::npos) << out;
}

TEST_F(MetricsCommandTest, AMissingOneIsSaidAndTheExitCodeTells) {
  server.answer("x", 200, answer_of("vector", "[]"));

  EXPECT_EQ(run(), 1);

  EXPECT_NE(out.find("missing: no data"), std::string::npos) << out;
}

TEST_F(MetricsCommandTest, SincePrintsTheRangeAsCsv) {
  options.since = 1h;
  server.answer(
      "x", 200,
      answer_of("matrix", R"([{"metric":{"a":"1","b":"2"},"values":[[1700000000,"4"],[1700000015,"5.5"]]}])"));

  EXPECT_EQ(run(), 0) << err;

  EXPECT_EQ(out,
            "policy,metric,series,time,value\n"
            "default/web,load,\"{a=\"\"1\"\", b=\"\"2\"\"}\",2023-11-14T22:13:20Z,4\n"
            "default/web,load,\"{a=\"\"1\"\", b=\"\"2\"\"}\",2023-11-14T22:13:35Z,5.5\n");
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(http::query_parameter(server.requests()[0].query, "step"), "15.000");
}

TEST_F(MetricsCommandTest, AUrlThatIsNoneIsSaid) {
  options.prometheus_url = "http://h:0";

  EXPECT_EQ(run(), 1);

  EXPECT_NE(err.find("--prometheus-url"), std::string::npos) << err;
}

TEST_F(MetricsCommandTest, CertificatesWithoutHttpsAreRefused) {
  options.prometheus.ca_file = "/ca.pem";

  EXPECT_EQ(run(), 1);

  EXPECT_NE(err.find("--prometheus-url is not https"), std::string::npos) << err;
}

}  // namespace
}  // namespace stackscaler::controller
