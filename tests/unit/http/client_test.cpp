// SPDX-License-Identifier: Apache-2.0
//
// The client against the project's own server, both real, on loopback.
#include "http/client.hpp"

#include <gtest/gtest.h>

#include "async/task_group.hpp"
#include "support/run.hpp"
#include "support/scripted_http.hpp"

namespace stackscaler::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class ClientTest : public testing::Test {
 protected:
  Request get(const std::string& path) { return Request(Method::get, Url("127.0.0.1", server.port(), path)); }
  Result<Response> send(Request request) { return test::run(io, client.send(std::move(request))); }

  asio::io_context io;
  test::ScriptedHttp server{io};
  Client client{io.get_executor()};
};

TEST_F(ClientTest, OneHundredRequestsShareOneConnection) {
  server.answer("/x", 200, "hello");

  for (int i = 0; i < 100; ++i) {
    const auto answer = send(get("/x"));
    ASSERT_TRUE(answer) << answer.error().message();
    ASSERT_EQ(answer->body, "hello");
  }

  EXPECT_EQ(server.stats().connections, 1U);
  EXPECT_EQ(server.stats().requests, 100U);
  EXPECT_EQ(client.stats().connections, 1U);
}

TEST_F(ClientTest, GivesStatusHeadersAndBodyOfAnErrorAnswerToo) {
  server.answer("/no", 401, "who are you?");

  const auto answer = send(get("/no"));

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(answer->headers.get("content-type"), "application/json");
  EXPECT_EQ(answer->body, "who are you?");
}

TEST_F(ClientTest, SendsHeadersQueryAndBody) {
  server.answer("/p", 200, "{}");
  Request request(Method::post, Url("127.0.0.1", server.port(), "/p", "a=1"));
  request.headers.add("X-Scope-OrgID", "tenant");
  request.body = std::string(300'000, 'b');

  const auto answer = send(std::move(request));

  ASSERT_TRUE(answer) << answer.error().message();
  ASSERT_EQ(server.requests().size(), 1U);
  const IncomingRequest& seen = server.requests().front();
  EXPECT_EQ(seen.method, Method::post);
  EXPECT_EQ(seen.query, "a=1");
  EXPECT_EQ(seen.headers.get("x-scope-orgid"), "tenant");
  EXPECT_EQ(seen.headers.get("host"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(seen.body, std::string(300'000, 'b'));
}

TEST_F(ClientTest, ReadsALargeBodyAndAnEmptyOneAndKeepsTheConnection) {
  server.answer("/large", 200, std::string(3'000'000, 'x'));
  server.answer("/empty", 204, "");
  Request head(Method::head, Url("127.0.0.1", server.port(), "/large"));

  const auto large = send(get("/large"));
  const auto empty = send(get("/empty"));
  const auto only_head = send(std::move(head));
  const auto again = send(get("/empty"));

  ASSERT_TRUE(large);
  EXPECT_EQ(large->body.size(), 3'000'000U);
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->status, 204);
  ASSERT_TRUE(only_head);
  EXPECT_EQ(only_head->body, "");
  EXPECT_EQ(only_head->headers.get("Content-Length"), "3000000");
  EXPECT_TRUE(again);
  EXPECT_EQ(server.stats().connections, 1U);
}

TEST_F(ClientTest, ABodyOverTheLimitIsAnErrorAndItsConnectionIsNotUsedAgain) {
  server.answer("/large", 200, std::string(10'000, 'x'));
  server.answer("/x", 200, "ok");
  Request request = get("/large");
  request.body_limit = 9'999;

  const auto large = send(std::move(request));
  const auto next = send(get("/x"));

  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind(), ErrorKind::invalid_input);
  EXPECT_NE(large.error().message().find("larger than the limit"), std::string::npos);
  EXPECT_TRUE(next);
  EXPECT_EQ(server.stats().connections, 2U);
}

TEST_F(ClientTest, AHeaderThatWouldSplitTheRequestIsNeverSent) {
  Request request = get("/x");
  request.headers.add("X-Token", "secret\r\nX-Other: 1");

  const auto answer = send(std::move(request));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(answer.error().message().find("secret"), std::string::npos);
  EXPECT_EQ(server.stats().requests, 0U);
}

TEST_F(ClientTest, NoAnswerInTimeIsATimeoutThatNamesTheRequestWithoutItsQuery) {
  server.hang("/slow");
  Request request(Method::get, Url("127.0.0.1", server.port(), "/slow", "token=abc"));
  request.deadline = 50ms;

  const auto begun = std::chrono::steady_clock::now();
  const auto answer = send(std::move(request));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::timeout);
  EXPECT_EQ(answer.error().message(),
            "GET http://127.0.0.1:" + std::to_string(server.port()) + "/slow: no answer within 50ms");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 50ms);
}

TEST_F(ClientTest, ALongDeadlineDoesNotHideAShorterOneOnTheSameConnection) {
  server.answer("/x", 200, "ok");
  server.hang("/slow");
  ASSERT_TRUE(send(get("/x")));  // arms the watchdog for ten seconds
  Request request = get("/slow");
  request.deadline = 50ms;

  const auto begun = std::chrono::steady_clock::now();
  const auto answer = send(std::move(request));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST_F(ClientTest, NobodyListeningIsUnavailable) {
  std::uint16_t port = 0;
  {
    test::ScriptedHttp gone(io);
    port = gone.port();
  }

  const auto answer = send(Request(Method::get, Url("127.0.0.1", port)));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::unavailable);
  EXPECT_NE(answer.error().message().find("refused"), std::string::npos) << answer.error().message();
}

TEST_F(ClientTest, ResolvesAName) {
  server.answer("/x", 200, "ok");

  const auto answer = send(Request(Method::get, Url("localhost", server.port(), "/x")));

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "ok");
}

TEST_F(ClientTest, AnUnknownNameIsUnavailable) {
  const auto answer = send(Request(Method::get, Url("no-such-host.invalid", 80)));

  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().kind() == ErrorKind::unavailable || answer.error().kind() == ErrorKind::timeout);
}

// The pool's bound.

asio::awaitable<void> send_into(Client& client, Request request, std::vector<Result<Response>>& out) {
  auto answer = co_await client.send(std::move(request));
  out.push_back(std::move(answer));
}

class PoolTest : public ClientTest {
 protected:
  void spawn(Client& by, const std::string& path, Duration deadline = 10s) {
    Request request = get(path);
    request.deadline = deadline;
    group.spawn("send", send_into(by, std::move(request), answers));
  }
  void join() { test::run(io, group.join()); }

  test::MemoryLog log;
  TaskGroup group{io.get_executor(), log};
  std::vector<Result<Response>> answers;
};

TEST_F(PoolTest, FiftyRequestsAtOnceUseAtMostTheConnectionsAllowed) {
  server.answer("/x", 200, "ok");
  ClientLimits limits;
  limits.connections_per_host = 3;
  Client bounded(io.get_executor(), limits);

  for (int i = 0; i < 50; ++i) spawn(bounded, "/x");
  join();

  ASSERT_EQ(answers.size(), 50U);
  for (const auto& answer : answers) EXPECT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(server.stats().connections, 3U);
}

TEST_F(PoolTest, ARequestThatWaitsForAConnectionKeepsItsDeadline) {
  server.hang("/slow");
  server.answer("/x", 200, "ok");
  ClientLimits limits;
  limits.connections_per_host = 1;
  Client bounded(io.get_executor(), limits);

  spawn(bounded, "/slow", 300ms);
  spawn(bounded, "/x", 50ms);
  join();

  ASSERT_EQ(answers.size(), 2U);
  ASSERT_FALSE(answers[0]);
  EXPECT_EQ(answers[0].error().kind(), ErrorKind::timeout);
  EXPECT_NE(answers[0].error().message().find("became free"), std::string::npos) << answers[0].error().message();
  ASSERT_FALSE(answers[1]);
  EXPECT_EQ(server.times_asked("/x"), 0U);
}

TEST_F(PoolTest, TheSlotOfAFailedRequestGoesToTheNextInLine) {
  server.hang("/slow");
  server.answer("/x", 200, "ok");
  ClientLimits limits;
  limits.connections_per_host = 1;
  Client bounded(io.get_executor(), limits);

  spawn(bounded, "/slow", 50ms);
  spawn(bounded, "/x");
  spawn(bounded, "/x");
  join();

  ASSERT_EQ(answers.size(), 3U);
  EXPECT_FALSE(answers[0]);
  EXPECT_TRUE(answers[1]);
  EXPECT_TRUE(answers[2]);
  EXPECT_EQ(server.stats().connections, 2U);
}

TEST_F(PoolTest, TheQueueIsBounded) {
  server.hang("/slow");
  ClientLimits limits;
  limits.connections_per_host = 1;
  limits.waiting_per_host = 1;
  Client bounded(io.get_executor(), limits);

  spawn(bounded, "/slow", 100ms);
  spawn(bounded, "/slow", 100ms);
  spawn(bounded, "/slow", 100ms);
  join();

  ASSERT_EQ(answers.size(), 3U);
  ASSERT_FALSE(answers[0]);
  EXPECT_EQ(answers[0].error().kind(), ErrorKind::unavailable);
  EXPECT_NE(answers[0].error().message().find("wait for a connection"), std::string::npos);
}

TEST_F(PoolTest, CancellingEndsRequestsInProgressAndInLineAndLeavesTheClientUsable) {
  server.hang("/slow");
  server.answer("/x", 200, "ok");
  ClientLimits limits;
  limits.connections_per_host = 1;
  Client bounded(io.get_executor(), limits);
  spawn(bounded, "/slow");
  spawn(bounded, "/slow");
  while (server.times_asked("/slow") == 0) io.run_one();

  group.request_stop();
  join();

  ASSERT_EQ(answers.size(), 2U);
  for (const auto& answer : answers) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::cancelled);
  }
  const auto next = test::run(io, bounded.send(get("/x")));
  EXPECT_TRUE(next);
  EXPECT_TRUE(log.lines().empty());
}

TEST_F(PoolTest, AnIdleConnectionIsClosedAfterItsTime) {
  server.answer("/x", 200, "ok");
  ClientLimits limits;
  limits.idle_timeout = 30ms;
  Client brief(io.get_executor(), limits);
  ASSERT_TRUE(test::run(io, brief.send(get("/x"))));
  ASSERT_EQ(server.stats().open, 1U);

  const auto give_up = std::chrono::steady_clock::now() + 10s;
  while (server.stats().open != 0 && std::chrono::steady_clock::now() < give_up) io.run_one_for(100ms);

  EXPECT_EQ(server.stats().open, 0U);
  EXPECT_TRUE(test::run(io, brief.send(get("/x"))));
  EXPECT_EQ(server.stats().connections, 2U);
}

}  // namespace
}  // namespace stackscaler::http
