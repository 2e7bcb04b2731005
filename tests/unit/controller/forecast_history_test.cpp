// SPDX-License-Identifier: Apache-2.0
//
// The past of a forecast, from a scripted Prometheus.
#include "controller/forecast_history.hpp"

#include <gtest/gtest.h>

#include "http/url.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"
#include "support/scripted_http.hpp"

namespace stackscaler::controller {
namespace {

using namespace std::chrono_literals;

class ForecastHistoryTest : public testing::Test {
 protected:
  ForecastHistoryTest() { policy.key.name = "web"; }
  static std::string matrix(const std::string& values) {
    return R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[)" + values + "]}]}}";
  }
  Result<std::vector<advisor::PastNeed>> read() {
    const advisor::PastNeeds past = past_needs(source, endpoint);
    auto out = test::run(io, past(policy, WallTime(600s), WallTime(900s)));
    client.close();
    io.restart();
    io.poll();
    return out;
  }

  boost::asio::io_context io;
  test::ScriptedHttp server{io};
  test::FakeClock clock{io};
  test::MemoryLog log;
  http::Client client{io.get_executor()};
  metrics::Endpoint endpoint{*http::parse_url(server.url())};
  metrics::PrometheusSource source{client, clock, log, endpoint};
  policy::ScalingPolicy policy;
};

TEST_F(ForecastHistoryTest, UtilizationTimesTheInstancesThatReported) {
  policy::Metric cpu;
  cpu.name = "cpu";
  cpu.preset = policy::Preset::cpu;
  cpu.query = "busy";
  cpu.target = policy::Target{policy::TargetType::utilization, 50};
  policy.spec.metrics = {cpu};
  policy.spec.behavior.scale_up.tolerance = 0.0;
  server.answer("busy", 200, matrix(R"([660,"40"],[720,"50"],[780,"60"])"));
  server.answer("count(up{stack=\"web\"} == 1)", 200, matrix(R"([660,"5"],[780,"10"])"));

  const auto needs = read();

  ASSERT_TRUE(needs) << needs.error().message();
  ASSERT_EQ(needs->size(), 2U);
  EXPECT_EQ((*needs)[0].time, WallTime(660s));
  EXPECT_DOUBLE_EQ((*needs)[0].need, 4);
  EXPECT_DOUBLE_EQ((*needs)[1].need, 12);
}

TEST_F(ForecastHistoryTest, ATotalNeedsNoCount) {
  policy::Metric requests;
  requests.name = "requests";
  requests.query = "rps";
  requests.target = policy::Target{policy::TargetType::per_instance, 100};
  policy.spec.metrics = {requests};
  policy.spec.behavior.scale_up.tolerance = 0.0;
  server.answer("rps", 200, matrix(R"([660,"450"])"));

  const auto needs = read();

  ASSERT_TRUE(needs) << needs.error().message();
  EXPECT_DOUBLE_EQ(needs->at(0).need, 4.5);
}

TEST_F(ForecastHistoryTest, NobodyKnowsTheCountOfThePastWithoutAPreset) {
  policy::Metric load;
  load.name = "load";
  load.query = "x";
  load.threshold = policy::Threshold{75, 30, {}};
  policy.spec.metrics = {load};

  const auto needs = read();

  ASSERT_FALSE(needs);
  EXPECT_EQ(needs.error().kind(), ErrorKind::not_found);
}

TEST_F(ForecastHistoryTest, AServerThatFailsIsNoEmptyPast) {
  policy::Metric wanted;
  wanted.name = "plan";
  wanted.query = "x";
  wanted.desired = true;
  policy.spec.metrics = {wanted};
  server.answer("x", 503, "busy");

  const auto needs = read();

  ASSERT_FALSE(needs);
  EXPECT_NE(needs.error().kind(), ErrorKind::not_found);
}

}  // namespace
}  // namespace stackscaler::controller
