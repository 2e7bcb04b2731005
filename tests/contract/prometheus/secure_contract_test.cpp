// SPDX-License-Identifier: Apache-2.0
//
// A real Prometheus behind TLS, a password and client certificates (its --web.config.file), and range queries with it.
// Prometheus checks no bearer tokens: those are the unit tests' matter.
#include <gtest/gtest.h>

#include <fstream>

#include "metrics/prometheus_source.hpp"
#include "metrics/range_reader.hpp"
#include "support/certificates.hpp"
#include "support/memory_log.hpp"
#include "support/prometheus_process.hpp"
#include "support/run.hpp"

namespace stackscaler::metrics {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// bcrypt of "open sesame", cost 4.
constexpr const char* kHash = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy";

class SecureTest : public testing::Test {
 protected:
  SecureTest() : server_files(authority.issue("server")) {}
  ~SecureTest() override {
    client.close();
    pool.join();
  }
  void start(const std::string& web_config) {
    if (!test::PrometheusProcess::installed()) GTEST_SKIP() << test::PrometheusProcess::kHowToInstall;
    std::ofstream(folder / "web.yml") << web_config;
    prometheus.use_web_config((folder / "web.yml").string());
    auto started = prometheus.start({}, 1s);
    ASSERT_TRUE(started) << started.error().message();
  }
  std::string tls_config(const std::string& more = "") const {
    return "tls_server_config:\n  cert_file: " + server_files.certificate + "\n  key_file: " + server_files.key + "\n" +
           more;
  }
  policy::Source source() const {
    policy::Source out;
    out.url = "https" + prometheus.url().substr(4);
    out.ca_file = authority.file();
    return out;
  }
  QueryAnswer ask(const policy::Source& where) {
    return test::run(io, queries.instant(make_endpoint(where).value(), "6 * 7", 10s, 1U << 20U));
  }
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  }

  asio::io_context io;
  BlockingPool pool{1};
  test::TempDir folder;
  test::Authority authority{folder.path(), "test"};
  test::CertificateFiles server_files;
  test::PrometheusProcess prometheus;
  SystemClock clock{io.get_executor()};
  test::MemoryLog log;
  http::Client client{io.get_executor()};
  QueryClient queries{client, clock, log, &pool};
};

TEST_F(SecureTest, TlsWithItsAuthorityAndNotWithout) {
  ASSERT_NO_FATAL_FAILURE(start(tls_config()));
  if (IsSkipped()) return;

  const QueryAnswer trusted = ask(source());
  EXPECT_EQ(trusted.value, 42.0) << trusted.missing;

  policy::Source other = source();
  other.ca_file.clear();
  EXPECT_NE(ask(other).missing.find("authority that is not trusted"), std::string::npos) << ask(other).missing;

  policy::Source plain = source();
  plain.url = prometheus.url();
  plain.ca_file.clear();
  EXPECT_NE(ask(plain).missing.find("HTTP request to an HTTPS server"), std::string::npos) << ask(plain).missing;
}

TEST_F(SecureTest, APasswordIsAskedForAndTaken) {
  ASSERT_NO_FATAL_FAILURE(start(tls_config("basic_auth_users:\n  reader: '" + std::string(kHash) + "'\n")));
  if (IsSkipped()) return;
  policy::Source where = source();

  EXPECT_EQ(ask(where).missing, "Prometheus answered HTTP 401: Unauthorized (are auth and tenant right?)");

  where.basic_user = "reader";
  where.basic_password_file = file("password", "wrong\n");
  EXPECT_NE(ask(where).missing.find("HTTP 401"), std::string::npos);

  file("password", "open sesame\n");
  const QueryAnswer right = ask(where);
  EXPECT_EQ(right.value, 42.0) << right.missing;
}

TEST_F(SecureTest, AClientCertificateIsAskedForAndTaken) {
  ASSERT_NO_FATAL_FAILURE(start(
      tls_config("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: " + authority.file() + "\n")));
  if (IsSkipped()) return;
  policy::Source where = source();

  EXPECT_NE(ask(where).missing.find("client certificate"), std::string::npos) << ask(where).missing;

  const auto ours = authority.issue("client");
  where.certificate_file = ours.certificate;
  where.key_file = ours.key;
  const QueryAnswer right = ask(where);
  EXPECT_EQ(right.value, 42.0) << right.missing;
}

TEST_F(SecureTest, ARangeLongerThanOneAnswerIsPutTogether) {
  ASSERT_NO_FATAL_FAILURE(start(tls_config()));
  if (IsSkipped()) return;
  RangeReader reader(queries);
  const WallTime start{std::chrono::seconds(1'700'000'000)};

  const auto got = test::run(
      io, reader.read(make_endpoint(source()).value(), RangeQuery("vector(time())", start, start + 24'999s, 1s)));

  ASSERT_TRUE(got) << got.error().message();
  ASSERT_EQ(got->series.size(), 1U);
  const auto& samples = got->series[0].samples;
  ASSERT_EQ(samples.size(), 25'000U);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    ASSERT_EQ(samples[i].time, start + std::chrono::seconds(i));
    ASSERT_EQ(samples[i].value, 1'700'000'000.0 + static_cast<double>(i));
  }
}

TEST_F(SecureTest, TheServersOwnLimitIsTheOneThatIsKept) {
  ASSERT_NO_FATAL_FAILURE(start(tls_config()));
  if (IsSkipped()) return;
  RangeSettings settings;
  settings.points_per_part = 11'002;
  RangeReader reader(queries, settings);
  const WallTime start{std::chrono::seconds(1'700'000'000)};

  const auto got =
      test::run(io, reader.read(make_endpoint(source()).value(), RangeQuery("vector(1)", start, start + 11'001s, 1s)));

  ASSERT_FALSE(got) << "then the parts may be larger";
  EXPECT_NE(got.error().message().find("exceeded maximum resolution of 11,000 points"), std::string::npos)
      << got.error().message();
}

TEST_F(SecureTest, AQueryThatIsNoneIsSaidWithItsPosition) {
  ASSERT_NO_FATAL_FAILURE(start(tls_config()));
  if (IsSkipped()) return;
  RangeReader reader(queries);
  const WallTime start{std::chrono::seconds(1'700'000'000)};

  const auto got =
      test::run(io, reader.read(make_endpoint(source()).value(), RangeQuery("sum(", start, start + 10s, 1s)));

  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message().find("parse error"), std::string::npos) << got.error().message();
}

}  // namespace
}  // namespace stackscaler::metrics
