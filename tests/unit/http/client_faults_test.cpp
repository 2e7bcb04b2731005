// SPDX-License-Identifier: Apache-2.0
//
// The client against servers that break the rules.
#include <gtest/gtest.h>

#include "http/client.hpp"
#include "support/raw_server.hpp"
#include "support/run.hpp"

namespace stackscaler::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::RawServer;
using test::RawSocket;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class FaultTest : public testing::Test {
 protected:
  Result<Response> send(const RawServer& server, Method method = Method::get, Duration deadline = 5s) {
    Request request(method, Url("127.0.0.1", server.port()));
    request.deadline = deadline;
    return test::run(io, client.send(std::move(request)));
  }
  asio::io_context io;
  Client client{io.get_executor()};
};

// Answers each connection's requests with the given bytes; closes after each, or never.
RawServer::Behaviour replies(std::string bytes, bool close) {
  return [bytes, close](RawSocket& socket, int) -> asio::awaitable<void> {
    for (;;) {
      const std::string head = co_await test::read_request_head(socket);
      if (head.empty()) co_return;
      co_await test::send_bytes(socket, bytes);
      if (close) co_return;
    }
  };
}

struct BadAnswer {
  std::string name;
  std::string bytes;
  ErrorKind kind;
  std::string message;
};

class BadAnswerTest : public FaultTest, public testing::WithParamInterface<BadAnswer> {};

TEST_P(BadAnswerTest, IsANamedError) {
  RawServer server(io, replies(GetParam().bytes, true));

  const auto answer = send(server);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), GetParam().kind) << answer.error().message();
  EXPECT_NE(answer.error().message().find(GetParam().message), std::string::npos) << answer.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Client, BadAnswerTest,
    testing::Values(
        BadAnswer{"Garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", ErrorKind::unavailable, "not HTTP"},
        BadAnswer{"Nothing", "", ErrorKind::unavailable, "closed without an answer"},
        BadAnswer{"HalfAHead", "HTTP/1.1 200 OK\r\nContent-Le", ErrorKind::unavailable, "middle"},
        BadAnswer{"HalfABody", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", ErrorKind::unavailable, "middle"},
        BadAnswer{"BadLength", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ErrorKind::unavailable, "not HTTP"},
        BadAnswer{"BadChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ErrorKind::unavailable,
                  "not HTTP"},
        BadAnswer{"EndlessHead", "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n",
                  ErrorKind::unavailable, "not HTTP"},
        BadAnswer{"HugeLength", "HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\nx", ErrorKind::invalid_input,
                  "larger than the limit"},
        BadAnswer{"OnlyInterim",
                  [] {
                    std::string all;
                    for (int i = 0; i < 20; ++i) all += "HTTP/1.1 103 Early Hints\r\n\r\n";
                    return all;
                  }(),
                  ErrorKind::unavailable, "interim"}),
    [](const auto& one) { return one.param.name; });

TEST_F(FaultTest, InterimAnswersAreSkipped) {
  RawServer server(io, replies("HTTP/1.1 100 Continue\r\n\r\n" + kOk, false));

  const auto answer = send(server);

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ok");
}

TEST_F(FaultTest, ABodyThatEndsWithTheConnectionIsWhole) {
  RawServer server(io, replies("HTTP/1.0 200 OK\r\n\r\nuntil the end", true));

  const auto answer = send(server);

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "until the end");
}

TEST_F(FaultTest, AChunkedBodyIsPutTogether) {
  RawServer server(
      io, replies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", false));

  const auto first = send(server);
  const auto second = send(server);

  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->body, "abcde");
  EXPECT_TRUE(second);
  EXPECT_EQ(server.connections(), 1);
}

// The first request of each connection is answered; the connection is closed when the next one arrives.
asio::awaitable<void> one_answer_each(RawSocket& socket, int) {
  const std::string first = co_await test::read_request_head(socket);
  co_await test::send_bytes(socket, kOk);
  const std::string second = co_await test::read_request_head(socket);
}

TEST_F(FaultTest, AGetOnAConnectionThatTheServerHasGivenUpIsSentAgainOnANewOne) {
  RawServer server(io, one_answer_each);
  ASSERT_TRUE(send(server));

  const auto answer = send(server);

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "ok");
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(client.stats().retries, 1U);
}

TEST_F(FaultTest, APostThatMayHaveBeenSeenIsNotSentAgain) {
  RawServer server(io, one_answer_each);
  ASSERT_TRUE(send(server));

  const auto answer = send(server, Method::post);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::unavailable);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(FaultTest, APostDoesNotUseAConnectionThatIsKnownToBeClosed) {
  RawServer server(io, replies(kOk, true));
  ASSERT_TRUE(send(server));
  test::run(io, test::pause_for(20ms));  // lets the other side's close arrive

  const auto answer = send(server, Method::post);

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(FaultTest, AFreshConnectionThatFailsIsNotTriedAgain) {
  RawServer server(io, replies("", true));

  EXPECT_FALSE(send(server));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(FaultTest, BytesBehindTheAnswerAreNeverTakenForTheNextOne) {
  RawServer server(io, replies(kOk + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother", false));

  const auto first = send(server);
  const auto second = send(server);

  ASSERT_TRUE(first);
  EXPECT_EQ(first->body, "ok");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->body, "ok");
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(FaultTest, AServerThatTricklesForeverRunsIntoTheDeadline) {
  RawServer server(io, [](RawSocket& socket, int) -> asio::awaitable<void> {
    const std::string head = co_await test::read_request_head(socket);
    co_await test::send_bytes(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 1000 && socket.is_open(); ++i) {
      boost::system::error_code ec;
      co_await asio::async_write(socket, asio::buffer("x", 1), asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return;
      co_await test::pause_for(5ms);
    }
  });

  const auto answer = send(server, Method::get, 80ms);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::timeout);
}

TEST_F(FaultTest, AServerThatNeverReadsRunsIntoTheDeadlineOfALongPost) {
  RawServer server(io, [](RawSocket&, int) { return test::stay_silent(); });
  Request request(Method::post, Url("127.0.0.1", server.port()));
  request.body = std::string(32'000'000, 'x');
  request.deadline = 100ms;

  const auto answer = test::run(io, client.send(std::move(request)));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::timeout);
}

}  // namespace
}  // namespace stackscaler::http
