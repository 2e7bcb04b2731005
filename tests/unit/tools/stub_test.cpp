// SPDX-License-Identifier: Apache-2.0
//
// The benchmark's stub, read by the real PrometheusSource.
#include "stub.hpp"

#include <gtest/gtest.h>

#include "metrics/prometheus_source.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"

namespace stackscaler::bench {
namespace {

namespace asio = boost::asio;

TEST(StubTest, AnswersAPresetsThreeQueriesAndCountsThem) {
  asio::io_context io;
  test::MemoryLog log;
  Stub stub(81.5, 3);
  http::Server server(io.get_executor(), log,
                      [&stub](http::IncomingRequest request) { return stub.answer(std::move(request)); });
  stub.watch(server);
  ASSERT_TRUE(server.start("127.0.0.1", 0));
  SystemClock clock(io.get_executor());
  http::Client client(io.get_executor());
  metrics::PrometheusSource source(client, clock, log, http::Url("127.0.0.1", server.port()));
  policy::ScalingPolicy policy;
  policy.key.name = "web";
  policy.spec.metrics.emplace_back().preset = policy::Preset::cpu;

  const auto reading = test::run(io, source.read(policy));
  const auto stats =
      test::run(io, client.send(http::Request(http::Method::get, http::Url("127.0.0.1", server.port(), "/stats"))));

  EXPECT_EQ(reading.metrics[0].value, 81.5) << reading.metrics[0].missing;
  EXPECT_EQ(reading.reporting, 3);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->body,
            "{\"queries\":3,\"requests\":4,\"connections\":1,\"open_connections\":1,\"per_second\":[3]}\n");
  test::run(io, server.stop());
}

}  // namespace
}  // namespace stackscaler::bench
