// SPDX-License-Identifier: Apache-2.0
//
// The query client against a scripted server: credentials, back-off, sharing, and what is said of odd answers.
#include "metrics/query_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <fstream>

#include "support/certificates.hpp"
#include "support/fake_clock.hpp"
#include "support/run.hpp"
#include "support/scripted_http.hpp"
#include "support/temp_dir.hpp"
#include "support/tls_server.hpp"

namespace stackscaler::metrics {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Each test sees by its result that a coroutine has ended.
void ended(const std::exception_ptr& failure) {
  if (failure) std::rethrow_exception(failure);
}

const std::string kOne =
    R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}})";
constexpr std::size_t kLimit = 1U << 20U;

class QueryTest : public testing::Test {
 protected:
  QueryTest() : endpoint(http::parse_url(server.url()).value()) {}
  ~QueryTest() override {
    client.close();
    pool.join();
  }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  }
  QueryAnswer ask(const std::string& query, Duration deadline = 5s) {
    return test::run(io, queries.instant(endpoint, query, deadline, kLimit));
  }
  std::string sent(const std::string& header) { return std::string(server.requests().back().headers.get(header)); }

  asio::io_context io;
  BlockingPool pool{1};
  test::TempDir folder;
  test::FakeClock clock{io};
  test::MemoryLog log;
  test::ScriptedHttp server{io};
  http::Client client{io.get_executor()};
  QueryClient queries{client, clock, log, &pool};
  Endpoint endpoint;
};

// Credentials.

TEST_F(QueryTest, NothingIsSentThatWasNotAskedFor) {
  server.answer("x", 200, kOne);

  EXPECT_EQ(ask("x").value, 1.0);

  EXPECT_EQ(sent("Authorization"), "");
  EXPECT_EQ(sent("X-Scope-OrgID"), "");
  EXPECT_EQ(sent("Accept-Encoding"), "identity");
}

TEST_F(QueryTest, TheTenantIsSent) {
  server.answer("x", 200, kOne);
  endpoint.tenant = "team-a|team-b";

  EXPECT_EQ(ask("x").value, 1.0);

  EXPECT_EQ(sent("X-Scope-OrgID"), "team-a|team-b");
}

TEST_F(QueryTest, ABearerTokenIsReadAnewForEveryRequest) {
  server.answer("x", 200, kOne);
  endpoint.bearer_file = file("token", "first\n");
  EXPECT_EQ(ask("x").value, 1.0);
  EXPECT_EQ(sent("Authorization"), "Bearer first");

  file("token", "second\r\n");

  EXPECT_EQ(ask("x").value, 1.0);
  EXPECT_EQ(sent("Authorization"), "Bearer second");
}

TEST_F(QueryTest, BasicIsNameAndPasswordInBase64) {
  server.answer("x", 200, kOne);
  endpoint.basic_user = "Aladdin";
  endpoint.basic_password_file = file("password", "open sesame");

  EXPECT_EQ(ask("x").value, 1.0);

  EXPECT_EQ(sent("Authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617, section 2
}

TEST_F(QueryTest, ACredentialFileThatCannotBeUsedIsNamedAndNothingIsSent) {
  server.answer("x", 200, kOne);
  endpoint.bearer_file = (folder / "none").string();
  EXPECT_NE(ask("x").missing.find("auth: "), std::string::npos);
  EXPECT_NE(ask("x").missing.find("none"), std::string::npos);

  endpoint.bearer_file = file("empty", "\n");
  EXPECT_NE(ask("x").missing.find("empty: is empty"), std::string::npos);

  endpoint.bearer_file = file("lines", "hunter2\nhunter3");
  EXPECT_NE(ask("x").missing.find("lines: holds more than one line"), std::string::npos);
  EXPECT_EQ(ask("x").missing.find("hunter"), std::string::npos);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(QueryTest, Law8AServerThatEchoesTheCredentialDoesNotGetItIntoAnAnswerOrTheLog) {
  endpoint.bearer_file = file("token", "hunter2-token");
  server.answer("x", 401, "bad token: hunter2-token");

  const QueryAnswer answer = ask("x");

  EXPECT_EQ(answer.missing, "Prometheus answered HTTP 401: bad token: *** (are auth and tenant right?)");
  EXPECT_FALSE(log.contains("hunter2"));
}

TEST_F(QueryTest, LoopbackWithoutEncryptionIsNotWarnedAboutAndAnotherMachineIsOnce) {
  server.answer("x", 200, kOne);
  endpoint.bearer_file = file("token", "t0ken");
  EXPECT_EQ(ask("x").value, 1.0);
  EXPECT_FALSE(log.contains("without encryption"));

  endpoint.base = http::parse_url("http://mimir.invalid:1/").value();
  EXPECT_FALSE(ask("x", 200ms).value);
  EXPECT_FALSE(ask("y", 200ms).value);

  int warned = 0;
  for (const std::string& line : log.lines()) warned += line.find("without encryption") != std::string::npos ? 1 : 0;
  EXPECT_EQ(warned, 1);
}

TEST_F(QueryTest, HttpsWithTheEndpointsAuthorityAnswers) {
  test::Authority authority(folder.path(), "test");
  test::TlsServer secure(io, authority.issue("server"), test::TlsServer::answering(kOne));
  http::TlsOptions tls;
  tls.ca_file = authority.file();
  endpoint.base = http::parse_url(secure.url()).value();
  endpoint.base.path.clear();
  endpoint.tls = std::make_shared<const http::TlsOptions>(tls);

  const QueryAnswer answer = ask("x");

  EXPECT_EQ(answer.value, 1.0) << answer.missing;
}

// Servers that want to be left alone.

TEST_F(QueryTest, RetryAfterIsRespectedAndEnds) {
  server.answer("x", 429, "too many");
  server.header("x", "Retry-After", "30");
  EXPECT_EQ(ask("x").missing, "Prometheus answered HTTP 429: too many");
  server.answer("x", 200, kOne);
  server.answer("y", 200, kOne);

  clock.advance(29s);
  EXPECT_NE(ask("y").missing.find("wants to be left alone for 1s more"), std::string::npos) << ask("y").missing;
  EXPECT_EQ(server.requests().size(), 1U);

  clock.advance(2s);
  EXPECT_EQ(ask("x").value, 1.0);
}

TEST_F(QueryTest, OneTenantsLimitIsNotAnothers) {
  endpoint.tenant = "a";
  server.answer("x", 429, "");
  server.header("x", "Retry-After", "30");
  EXPECT_FALSE(ask("x").value);
  server.answer("x", 200, kOne);

  endpoint.tenant = "b";

  EXPECT_EQ(ask("x").value, 1.0);
}

TEST_F(QueryTest, A503WithoutRetryAfterIsAskedAgainAtOnce) {
  server.answer("x", 503, "starting");
  EXPECT_EQ(ask("x").missing, "Prometheus answered HTTP 503: starting");
  server.answer("x", 200, kOne);

  EXPECT_EQ(ask("x").value, 1.0);
}

TEST(RetryAfterTest, ReadsSecondsAndDatesAndBoundsThem) {
  const WallTime now = parse_rfc3339("2026-11-24T10:00:00Z").value();

  EXPECT_EQ(retry_after("7", now), 7s);
  EXPECT_EQ(retry_after("Tue, 24 Nov 2026 10:00:20 GMT", now), 20s);
  EXPECT_EQ(retry_after("Tue, 24 Nov 2026 09:00:00 GMT", now), 0s);
  EXPECT_EQ(retry_after("86400", now), 5min);
  EXPECT_EQ(retry_after("99999999999999999999999", now), 5min);
  for (const char* odd : {"", "soon", "-5", "1.5", "7 "}) EXPECT_EQ(retry_after(odd, now), 0s) << odd;
}

// Sharing.

TEST_F(QueryTest, EqualQueriesInFlightAreSentOnce) {
  server.answer("x", 200, kOne);
  server.delay("x", 50ms);
  std::vector<QueryAnswer> answers;
  auto one = [&](Endpoint where) -> asio::awaitable<void> {
    QueryAnswer answer = co_await queries.instant(std::move(where), "x", 5s, kLimit);
    answers.push_back(std::move(answer));
  };
  Endpoint other = endpoint;
  other.tenant = "b";
  for (int i = 0; i < 3; ++i) asio::co_spawn(io, one(endpoint), ended);
  asio::co_spawn(io, one(other), ended);
  while (answers.size() < 4 && io.run_one() != 0) {
  }

  ASSERT_EQ(answers.size(), 4U);
  for (const QueryAnswer& answer : answers) EXPECT_EQ(answer.value, 1.0) << answer.missing;
  EXPECT_EQ(server.times_asked("x"), 2U) << "another tenant's is not the same query";
  EXPECT_EQ(queries.stats().shared, 2U);
}

TEST_F(QueryTest, WhoWaitsForAnAskerThatRunsOutOfTimeAsksAgain) {
  server.answer("x", 200, kOne);
  server.delay("x", 120ms);
  QueryAnswer hurried;
  std::optional<QueryAnswer> patient;
  auto first = [&]() -> asio::awaitable<void> { hurried = co_await queries.instant(endpoint, "x", 30ms, kLimit); };
  auto second = [&]() -> asio::awaitable<void> { patient = co_await queries.instant(endpoint, "x", 5s, kLimit); };
  asio::co_spawn(io, first(), ended);
  asio::co_spawn(io, second(), ended);
  while (!patient && io.run_one() != 0) {
  }

  EXPECT_FALSE(hurried.value);
  EXPECT_EQ(patient->value, 1.0) << patient->missing;
  EXPECT_EQ(server.times_asked("x"), 2U);
}

TEST_F(QueryTest, WhoWaitsKeepsItsOwnDeadline) {
  server.hang("x");
  std::optional<QueryAnswer> hurried;
  std::optional<QueryAnswer> slow;
  auto first = [&]() -> asio::awaitable<void> { slow = co_await queries.instant(endpoint, "x", 150ms, kLimit); };
  auto second = [&]() -> asio::awaitable<void> { hurried = co_await queries.instant(endpoint, "x", 30ms, kLimit); };
  asio::co_spawn(io, first(), ended);
  asio::co_spawn(io, second(), ended);
  while (!hurried && io.run_one() != 0) {
  }
  EXPECT_EQ(hurried->missing, "no answer within 30ms");
  EXPECT_FALSE(slow);
  while (!slow && io.run_one() != 0) {
  }
}

// What the server remarks.

TEST_F(QueryTest, RemarksAreLoggedOncePerChange) {
  const auto with = [](const std::string& remark) {
    return R"({"status":"success","warnings":[)" + remark +
           R"(],"infos":["info one"],"data":{"resultType":"scalar","result":[1,"2"]}})";
  };
  const auto lines = [&] { return log.lines().size(); };
  server.answer("x", 200, with(R"("store a failed")"));
  ask("x");
  EXPECT_TRUE(log.contains("store a failed"));
  EXPECT_TRUE(log.contains("info one"));
  const auto before = lines();

  ask("x");
  EXPECT_EQ(lines(), before) << "said already";

  server.answer("x", 200, with(R"("store b failed")"));
  ask("x");
  EXPECT_TRUE(log.contains("store b failed"));
}

// Answers that are none.

struct OddCase {
  std::string name;
  int status;
  std::string body;
  std::string header;
  std::string value;
  std::string missing;
};

class OddAnswerTest : public QueryTest, public testing::WithParamInterface<OddCase> {};

TEST_P(OddAnswerTest, SaysWhatItIs) {
  server.answer("x", GetParam().status, GetParam().body);
  if (!GetParam().header.empty()) server.header("x", GetParam().header, GetParam().value);

  EXPECT_EQ(ask("x").missing, GetParam().missing);
}

INSTANTIATE_TEST_SUITE_P(
    Query, OddAnswerTest,
    testing::Values(
        OddCase{"Login", 200, "<!doctype html><p>log in", "Content-Type", "text/html; charset=utf-8",
                "this is not Prometheus: the answer is an HTML page; is the URL right, is there a login before it?"},
        OddCase{
            "Redirect", 302, "", "Location", "https://login.example.com/start?token=s3cret",
            "Prometheus answered HTTP 302: a redirect to login.example.com, which is not followed; give the final URL"},
        OddCase{
            "RedirectWithUser", 302, "", "Location", "https://me:s3cret@login.example.com/",
            "Prometheus answered HTTP 302: a redirect to login.example.com, which is not followed; give the final URL"},
        OddCase{"RelativeRedirect", 301, "", "Location", "/prometheus/",
                "Prometheus answered HTTP 301: a redirect to another path, which is not followed; give the final URL"},
        OddCase{"Gzip", 200, "\x1f\x8b", "Content-Encoding", "gzip",
                "the answer is compressed (gzip), which was not asked for"},
        OddCase{"NotFound", 404, "404 page not found", "", "",
                "Prometheus answered HTTP 404: 404 page not found (the URL must be what stands before /api/v1/query)"},
        OddCase{"Unprocessable", 422, R"({"status":"error","errorType":"execution","error":"too many samples"})", "",
                "", "Prometheus answered HTTP 422: execution: too many samples"},
        OddCase{"NotJson", 200, "ok", "", "", "the answer is not JSON"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace stackscaler::metrics
