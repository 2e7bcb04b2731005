// SPDX-License-Identifier: Apache-2.0
#include "metrics/endpoint.hpp"

#include <gtest/gtest.h>

namespace stackscaler::metrics {
namespace {

Endpoint process() {
  policy::Source source;
  source.url = "https://mimir.example.com/prometheus/";
  source.tenant = "ops";
  source.bearer_file = "/run/token";
  source.ca_file = "/etc/ca.pem";
  return make_endpoint(source).value();
}

TEST(EndpointTest, KeepsThePathsPrefixAndAddsTheApi) {
  EXPECT_EQ(process().api(), "/prometheus/api/v1/");
  policy::Source loki;
  loki.type = policy::SourceType::loki;
  loki.url = "http://loki:3100";
  EXPECT_EQ(make_endpoint(loki)->api(), "/loki/api/v1/");
}

TEST(EndpointTest, AMetricWithoutASourceAsksTheProcesssServer) {
  const auto got = endpoint_of(policy::Metric(), process());

  ASSERT_TRUE(got);
  EXPECT_EQ(got->identity(), process().identity());
}

TEST(EndpointTest, Law8ASourceWithItsOwnUrlTakesNoCredentialOfTheProcess) {
  policy::Metric metric;
  metric.source.emplace().url = "http://elsewhere:9090";

  const auto got = endpoint_of(metric, process());

  ASSERT_TRUE(got);
  EXPECT_FALSE(got->has_credentials());
  EXPECT_EQ(got->tenant, "");
  EXPECT_EQ(got->tls, nullptr);
}

TEST(EndpointTest, ASourceWithoutAUrlReplacesWhatItNames) {
  policy::Metric metric;
  metric.source.emplace().tenant = "web";
  metric.source->basic_user = "reader";
  metric.source->basic_password_file = "/run/password";

  const auto got = endpoint_of(metric, process());

  ASSERT_TRUE(got);
  EXPECT_EQ(got->base.host, "mimir.example.com");
  EXPECT_EQ(got->tenant, "web");
  EXPECT_EQ(got->bearer_file, "") << "basic replaces bearer";
  EXPECT_EQ(got->basic_user, "reader");
  EXPECT_EQ(got->tls->ca_file, "/etc/ca.pem");
}

TEST(EndpointTest, IdentitiesDifferWhereEndpointsDo) {
  Endpoint other = process();
  other.tenant = "x";
  EXPECT_NE(other.identity(), process().identity());
  other = process();
  other.basic_user = "x";
  EXPECT_NE(other.identity(), process().identity());
  other = process();
  other.tls = nullptr;
  EXPECT_NE(other.identity(), process().identity());
  other = process();
  other.base.secure = false;
  EXPECT_NE(other.identity(), process().identity());
}

TEST(EndpointTest, AUrlThatIsNoneIsNamed) {
  policy::Metric metric;
  metric.source.emplace().url = "http://h:99999/";

  const auto got = endpoint_of(metric, process());

  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message().find("port"), std::string::npos);
}

}  // namespace
}  // namespace stackscaler::metrics
