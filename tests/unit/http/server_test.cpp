// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/read.hpp>

#include "http/client.hpp"
#include "support/raw_server.hpp"
#include "support/run.hpp"
#include "support/scripted_http.hpp"

namespace stackscaler::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;

class ServerTest : public testing::Test {
 protected:
  asio::io_context io;
};

asio::awaitable<tcp::socket> dial(std::uint16_t port) {
  tcp::socket socket(co_await asio::this_coro::executor);
  const tcp::endpoint to(asio::ip::make_address("127.0.0.1"), port);
  co_await socket.async_connect(to, asio::use_awaitable);
  co_return socket;
}

// Sends the bytes and gives all that comes back until the server closes.
asio::awaitable<std::string> talk(std::uint16_t port, std::string bytes) {
  tcp::socket socket = co_await dial(port);
  co_await test::send_bytes(socket, std::move(bytes));
  std::string got;
  boost::system::error_code ec;
  co_await asio::async_read(socket, asio::dynamic_buffer(got), asio::redirect_error(asio::use_awaitable, ec));
  co_return got;
}

struct Refusal {
  std::string name;
  std::string bytes;
  std::string status_line;
};

class RefusalTest : public ServerTest, public testing::WithParamInterface<Refusal> {};

TEST_P(RefusalTest, GetsItsStatusAndTheConnectionIsClosed) {
  test::ScriptedHttp server(io);

  const std::string got = test::run(io, talk(server.port(), GetParam().bytes));

  EXPECT_TRUE(got.starts_with(GetParam().status_line)) << got;
  EXPECT_NE(got.find("Connection: close"), std::string::npos);
  EXPECT_EQ(server.stats().requests, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Server, RefusalTest,
    testing::Values(Refusal{"Garbage", "hello there\r\n\r\n", "HTTP/1.1 400 "},
                    Refusal{"BadLength", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400 "},
                    Refusal{"BodyOverTheLimit", "POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n", "HTTP/1.1 413 "},
                    Refusal{"HeadOverTheLimit", "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
                            "HTTP/1.1 431 "}),
    [](const auto& one) { return one.param.name; });

TEST_F(ServerTest, AnswersPipelinedRequestsInOrderAndHonoursClose) {
  test::ScriptedHttp server(io);
  server.answer("/a", 200, "first");
  server.answer("/b", 200, "second");

  const std::string got = test::run(
      io,
      talk(server.port(),
           std::string("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")));

  const auto first = got.find("first");
  const auto second = got.find("second");
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_EQ(server.asked(), (std::vector<std::string>{"/a", "/b"}));
}

TEST_F(ServerTest, AClientThatSendsTooSlowlyIsCutOff) {
  ServerLimits limits = test::ScriptedHttp::quick();
  limits.read_deadline = 40ms;
  test::ScriptedHttp server(io, limits);

  const std::string got = test::run(io, talk(server.port(), "GET / HTTP/1.1\r\nX: "));

  EXPECT_EQ(got, "");
  EXPECT_EQ(server.stats().open, 0U);
}

TEST_F(ServerTest, AConnectionThatSaysNothingIsClosedAfterTheIdleTime) {
  ServerLimits limits = test::ScriptedHttp::quick();
  limits.idle_timeout = 40ms;
  test::ScriptedHttp server(io, limits);

  const std::string got = test::run(io, talk(server.port(), ""));

  EXPECT_EQ(got, "");
  EXPECT_EQ(server.stats().connections, 1U);
}

TEST_F(ServerTest, OneConnectionTooManyGets503AndTheOthersLive) {
  ServerLimits limits = test::ScriptedHttp::quick();
  limits.connections = 1;
  test::ScriptedHttp server(io, limits);
  server.answer("/x", 200, "ok");
  Client client(io.get_executor());
  ASSERT_TRUE(test::run(io, client.send(Request(Method::get, Url("127.0.0.1", server.port(), "/x")))));

  const std::string refused = test::run(io, talk(server.port(), ""));
  const auto again = test::run(io, client.send(Request(Method::get, Url("127.0.0.1", server.port(), "/x"))));

  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_TRUE(again);
  EXPECT_EQ(server.stats().refused, 1U);
  EXPECT_EQ(server.stats().open, 1U);
}

TEST_F(ServerTest, ATakenPortIsNamed) {
  test::ScriptedHttp first(io);
  test::MemoryLog log;
  Server second(io.get_executor(), log, [](IncomingRequest) -> asio::awaitable<Response> { co_return Response(200); });

  const auto started = second.start("127.0.0.1", first.port());

  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message(),
            "listen on 127.0.0.1:" + std::to_string(first.port()) + ": Address already in use");
  EXPECT_FALSE(second.start("localhost", 0)) << "only addresses are accepted";
}

TEST_F(ServerTest, AHandlerThatThrowsIsLoggedAndTheServerGoesOn) {
  test::MemoryLog log;
  int calls = 0;
  Server server(io.get_executor(), log, [&calls](IncomingRequest) -> asio::awaitable<Response> {
    if (++calls == 1) throw std::runtime_error("boom");
    co_return Response(200, "text/plain", "fine");
  });
  ASSERT_TRUE(server.start("127.0.0.1", 0));
  Client client(io.get_executor());

  const auto first = test::run(io, client.send(Request(Method::get, Url("127.0.0.1", server.port()))));
  const auto second = test::run(io, client.send(Request(Method::get, Url("127.0.0.1", server.port()))));

  EXPECT_FALSE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->body, "fine");
  EXPECT_TRUE(log.contains("boom"));
  test::run(io, server.stop());
}

asio::awaitable<void> send_into(Client& client, Request request, Result<Response>& out) {
  out = co_await client.send(std::move(request));
}

asio::awaitable<void> stop_into(Server& server, bool& stopped) {
  co_await server.stop();
  stopped = true;
}

TEST_F(ServerTest, StopLetsARequestInProgressEndAndClosesIdleConnections) {
  test::MemoryLog log;
  bool entered = false;
  Server server(io.get_executor(), log, [&entered](IncomingRequest) -> asio::awaitable<Response> {
    entered = true;
    co_await test::pause_for(50ms);
    co_return Response(200, "text/plain", "done");
  });
  ASSERT_TRUE(server.start("127.0.0.1", 0));
  Client client(io.get_executor());
  TaskGroup group(io.get_executor(), log);
  Result<Response> answer = fail(ErrorKind::internal, "not run");
  bool stopped = false;
  tcp::socket idle = test::run(io, dial(server.port()));
  group.spawn("send", send_into(client, Request(Method::get, Url("127.0.0.1", server.port())), answer));
  while (!entered) io.run_one();

  group.spawn("stop", stop_into(server, stopped));
  test::run(io, group.join());

  EXPECT_TRUE(stopped);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "done");
  EXPECT_EQ(answer->headers.get("Connection"), "close");
  EXPECT_EQ(server.stats().open, 0U);
}

TEST_F(ServerTest, StopCancelsAHandlerThatOutlivesTheGrace) {
  ServerLimits limits;
  limits.stop_grace = 20ms;
  test::MemoryLog log;
  bool entered = false;
  Server server(
      io.get_executor(), log,
      [&entered](IncomingRequest) -> asio::awaitable<Response> {
        entered = true;
        co_await test::stay_silent();
        co_return Response(200);
      },
      limits);
  ASSERT_TRUE(server.start("127.0.0.1", 0));
  Client client(io.get_executor());
  TaskGroup group(io.get_executor(), log);
  Result<Response> answer = fail(ErrorKind::internal, "not run");
  group.spawn("send", send_into(client, Request(Method::get, Url("127.0.0.1", server.port())), answer));
  while (!entered) io.run_one();

  test::run(io, server.stop());
  test::run(io, group.join());

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::unavailable);
}

}  // namespace
}  // namespace stackscaler::http
