// SPDX-License-Identifier: Apache-2.0
//
// Streamed answers, TLS, and who is let in when it is full.
#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>

#include "http/client.hpp"
#include "http/server.hpp"
#include "support/certificates.hpp"
#include "support/memory_log.hpp"
#include "support/raw_server.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;

asio::awaitable<tcp::socket> dial(std::uint16_t port) {
  tcp::socket socket(co_await asio::this_coro::executor);
  const tcp::endpoint to(asio::ip::make_address("127.0.0.1"), port);
  co_await socket.async_connect(to, asio::use_awaitable);
  co_return socket;
}

asio::awaitable<std::string> read_all(tcp::socket& socket) {
  std::string got;
  boost::system::error_code ec;
  co_await asio::async_read(socket, asio::dynamic_buffer(got), asio::redirect_error(asio::use_awaitable, ec));
  co_return got;
}

asio::awaitable<std::string> talk(std::uint16_t port, std::string bytes) {
  tcp::socket socket = co_await dial(port);
  co_await test::send_bytes(socket, std::move(bytes));
  co_return co_await read_all(socket);
}

constexpr const char* kGet = "GET /peer HTTP/1.1\r\nHost: x\r\n\r\n";

// Writes so many pieces, then waits for ever if it is told to.
class Pieces final : public BodyStream {
 public:
  Pieces(asio::any_io_executor executor, int count, bool forever)
      : timer_(std::move(executor), asio::steady_timer::time_point::max()), count_(count), forever_(forever) {}
  asio::awaitable<void> run(BodyWriter& writer) override {
    for (int i = 0; i < count_; ++i) {
      if (!co_await writer.write("piece " + std::to_string(i) + "\n")) co_return;
    }
    boost::system::error_code ec;
    if (forever_) co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    ended = true;
  }
  bool ended = false;

 private:
  asio::steady_timer timer_;
  int count_;
  bool forever_;
};

class ServerStreamTest : public testing::Test {
 public:
  ServerStreamTest() { limits.stop_grace = 50ms; }
  void start() {
    auto handler = [this](IncomingRequest request) -> asio::awaitable<Response> {
      Response out(200, "text/plain", "peer " + request.peer);
      if (request.path == "/stream") {
        out.stream = stream;
        out.body.clear();
      }
      co_return out;
    };
    server.emplace(io.get_executor(), log, std::move(handler), limits);
    if (tls) {
      ASSERT_TRUE(server->use_tls(*tls));
    }
    ASSERT_TRUE(server->start("127.0.0.1", 0));
  }
  ~ServerStreamTest() override {
    if (server) test::run(io, server->stop());
  }

  asio::io_context io;
  test::MemoryLog log;
  ServerLimits limits;
  std::shared_ptr<Pieces> stream;
  std::optional<ServerTls> tls;
  std::optional<Server> server;
};

TEST_F(ServerStreamTest, AStreamedAnswerEndsWithItsConnection) {
  stream = std::make_shared<Pieces>(io.get_executor(), 3, false);
  start();

  const std::string got = test::run(io, talk(server->port(), "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"));

  EXPECT_NE(got.find("Connection: close"), std::string::npos);
  EXPECT_EQ(got.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(got.ends_with("\r\n\r\npiece 0\npiece 1\npiece 2\n")) << got;
}

TEST_F(ServerStreamTest, AClientThatGoesEndsItsStream) {
  stream = std::make_shared<Pieces>(io.get_executor(), 1, true);
  start();
  auto leave = [](std::uint16_t port) -> asio::awaitable<void> {
    tcp::socket socket = co_await dial(port);
    co_await test::send_bytes(socket, std::string("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"));
    std::array<char, 16> some{};
    co_await asio::async_read(socket, asio::buffer(some), asio::use_awaitable);
  };

  test::run(io, leave(server->port()));
  while (!stream->ended && io.run_one_for(2s) != 0) {
  }

  EXPECT_TRUE(stream->ended);
}

TEST_F(ServerStreamTest, AStopEndsStreamsAtOnce) {
  limits.stop_grace = 60s;
  stream = std::make_shared<Pieces>(io.get_executor(), 1, true);
  start();
  auto stop = [](ServerStreamTest& test) -> asio::awaitable<std::string> {
    tcp::socket socket = co_await dial(test.server->port());
    co_await test::send_bytes(socket, std::string("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"));
    std::array<char, 16> some{};
    co_await asio::async_read(socket, asio::buffer(some), asio::use_awaitable);
    co_await test.server->stop();
    co_return co_await read_all(socket);
  };
  const auto begin = std::chrono::steady_clock::now();

  const std::string rest = test::run(io, stop(*this));

  EXPECT_TRUE(rest.ends_with("piece 0\n")) << rest;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST_F(ServerStreamTest, TheHandlerLearnsWhoAsks) {
  start();

  EXPECT_TRUE(test::run(io, talk(server->port(), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                  .ends_with("peer 127.0.0.1"));
}

TEST_F(ServerStreamTest, WhenItIsFullTheIdleConnectionMakesRoom) {
  limits.connections = 1;
  limits.evict_idle = true;
  start();
  auto both = [](std::uint16_t port) -> asio::awaitable<std::string> {
    tcp::socket idle = co_await dial(port);
    const std::string got = co_await talk(port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    co_return got + "|" + co_await read_all(idle);
  };

  const std::string got = test::run(io, both(server->port()));

  EXPECT_TRUE(got.starts_with("HTTP/1.1 200")) << got;
  EXPECT_TRUE(got.ends_with("|"));
  EXPECT_EQ(server->stats().evicted, 1U);
}

Result<Response> get_over_tls(asio::io_context& io, const Server& server, const std::string& authority) {
  Client client(io.get_executor());
  auto url = parse_url("https://localhost:" + std::to_string(server.port()) + "/");
  Request request(Method::get, *url);
  auto options = std::make_shared<TlsOptions>();
  options->ca_file = authority;
  request.tls = options;
  auto got = test::run(io, client.send(std::move(request)));
  client.close();
  return got;
}

TEST_F(ServerStreamTest, AnswersOverTlsWithItsOwnCertificate) {
  const test::TempDir dir;
  test::Authority authority(dir.path(), "ours");
  const auto files = authority.issue("server");
  tls = ServerTls{files.certificate, files.key};
  start();

  const auto got = get_over_tls(io, *server, authority.file());

  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->body, "peer 127.0.0.1");
  EXPECT_EQ(test::run(io, talk(server->port(), kGet)).find("HTTP/1.1 200"), std::string::npos) << "no plain answer";
}

TEST_F(ServerStreamTest, AReplacedCertificateIsTakenAndABadOneIsNot) {
  const test::TempDir dir;
  test::Authority first(dir.path(), "first");
  test::Authority second(dir.path(), "second");
  const auto files = first.issue("server");
  tls = ServerTls{files.certificate, files.key};
  start();
  ASSERT_TRUE(get_over_tls(io, *server, first.file()));
  const auto eventually = [&](const std::string& authority) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < end) {
      if (get_over_tls(io, *server, authority)) return true;
    }
    return false;
  };

  (void)second.issue("server");
  EXPECT_TRUE(eventually(second.file()));
  std::ofstream(files.certificate) << "no certificate\n";
  while (!log.contains("stays in force") && get_over_tls(io, *server, second.file())) {
  }

  EXPECT_TRUE(log.contains("stays in force"));
  EXPECT_TRUE(get_over_tls(io, *server, second.file()));
}

TEST_F(ServerStreamTest, FilesThatCantBeUsedAreNamed) {
  const test::TempDir dir;
  test::Authority authority(dir.path(), "ours");
  const auto one = authority.issue("one");
  const auto two = authority.issue("two");
  Server plain(io.get_executor(), log, [](IncomingRequest) -> asio::awaitable<Response> { co_return Response(200); });

  const auto missing = plain.use_tls(ServerTls{(dir / "none.pem").string(), one.key});
  const auto foreign = plain.use_tls(ServerTls{one.certificate, two.key});

  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find("none.pem"), std::string::npos);
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().message().find("two.key"), std::string::npos) << foreign.error().message();
}

}  // namespace
}  // namespace stackscaler::http
