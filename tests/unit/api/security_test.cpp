// SPDX-License-Identifier: Apache-2.0
//
// Attacks, by raw bytes where a client library would not send them.
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "support/raw_server.hpp"
#include "unit/api/fakes.hpp"

namespace stackscaler::api {
namespace {

using asio::ip::tcp;

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

std::string get(const std::string& target, const std::string& headers) {
  return "GET " + target + " HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n";
}

std::string post(const std::string& target, const std::string& headers, const std::string& body = "{}") {
  return "POST " + target + " HTTP/1.1\r\n" + headers +
         "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

const std::string kBearer = std::string("Authorization: Bearer ") + kToken + "\r\n";

struct Attack {
  std::string name;
  std::string bytes;
  int status;
};

class AttackTest : public testing::TestWithParam<Attack> {};

TEST_P(AttackTest, IsRefusedAndDoesNothing) {
  Rig rig;
  rig.fleet.add("web");

  const std::string got = test::run(rig.io, talk(rig.server.port(), GetParam().bytes));

  EXPECT_TRUE(got.starts_with("HTTP/1.1 " + std::to_string(GetParam().status))) << got.substr(0, 400);
  EXPECT_TRUE(rig.actions.scaled.empty());
  EXPECT_EQ(rig.actions.recommended, 0);
  EXPECT_FALSE(rig.actions.state.paused);
  EXPECT_EQ(rig.get("/healthz").status, 200) << "and the server goes on";
}

const std::string kScale = R"({"stack_id":"web","instance_count":9})";

INSTANTIATE_TEST_SUITE_P(
    Security, AttackTest,
    testing::Values(
        Attack{"ReboundHost", get("/api/v1/policies", "Host: evil.example\r\n"), 403},
        Attack{"NoHost", get("/api/v1/policies", ""), 400},
        Attack{"TwoHosts", get("/api/v1/policies", "Host: localhost\r\nHost: evil.example\r\n"), 400},
        Attack{"AbsoluteTarget", get("http://evil.example/api/v1/policies", "Host: localhost\r\n"), 400},
        Attack{"CrossSitePost",
               post("/scaling/stack/scale", "Host: localhost\r\nOrigin: https://evil.example\r\n" + kBearer, kScale),
               403},
        Attack{"CrossSiteFetch",
               post("/scaling/stack/scale", "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n" + kBearer, kScale),
               403},
        Attack{"NoToken", post("/scaling/stack/scale", "Host: localhost\r\n", kScale), 401},
        Attack{"FalseToken", post("/scaling/stack/scale", "Host: localhost\r\nAuthorization: Bearer x\r\n", kScale),
               401},
        Attack{"TokenInTheQuery", post(std::string("/api/v1/pause?token=") + kToken, "Host: localhost\r\n"), 400},
        Attack{"DotsInTheId", get("/scaling/stack/../info", "Host: localhost\r\n"), 400},
        Attack{"EncodedDots", get("/scaling/stack/%2e%2e/info", "Host: localhost\r\n"), 400},
        Attack{"EncodedSlash", get("/scaling/stack/..%2f..%2fetc/info", "Host: localhost\r\n"), 400},
        Attack{"EncodedNul", get("/scaling/stack/web%00/info", "Host: localhost\r\n"), 400},
        Attack{"TwiceEncoded", get("/scaling/stack/%252e%252e/info", "Host: localhost\r\n"), 400},
        Attack{"LeadingDot", get("/scaling/stack/.ssh/info", "Host: localhost\r\n"), 400},
        Attack{"PolicyDots", get("/api/v1/policies/default/..", "Host: localhost\r\n"), 400},
        Attack{"PolicySlash", get("/api/v1/policies/default/a%2fb", "Host: localhost\r\n"), 400},
        Attack{"NamespaceDots", get("/api/v1/policies/%2e%2e/web", "Host: localhost\r\n"), 400},
        Attack{"AssetTraversal", get("/assets/../../../etc/passwd", "Host: localhost\r\n"), 404},
        Attack{"LongBody", post("/scaling/stack/scale", "Host: localhost\r\n" + kBearer, std::string(70'000, ' ')),
               413},
        Attack{"LongHead", get("/", "Host: localhost\r\nX: " + std::string(20'000, 'x') + "\r\n"), 431},
        Attack{"LongQuery", get("/api/v1/decisions?limit=" + std::string(4000, '1'), "Host: localhost\r\n"), 400},
        Attack{"Trace", "TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405},
        Attack{"DeepJson", post("/scaling/stack/scale", "Host: localhost\r\n" + kBearer, std::string(60'000, '[')),
               400}),
    [](const auto& one) { return one.param.name; });

TEST(SecurityTest, WithoutATokenAtTheServerNothingCanBeChanged) {
  Rig rig{AccessSettings()};

  EXPECT_EQ(rig.post("/scaling/stack/scale", kScale, "").status, 403);
  EXPECT_EQ(rig.post("/scaling/stack/web/recommend", "", "").status, 403);
  EXPECT_EQ(rig.get("/api/v1/policies").status, 200);
  EXPECT_TRUE(rig.actions.scaled.empty());
}

TEST(SecurityTest, TooManyChangesAreHeldBack) {
  Rig rig{Rig::with_token(5)};
  int refused = 0;
  for (int i = 0; i < 10; ++i) refused += rig.post("/api/v1/resume", "{}").status == 429 ? 1 : 0;

  EXPECT_GE(refused, 4);
  EXPECT_EQ(rig.get("/api/v1/policies").status, 200) << "reading goes on";
}

asio::awaitable<int> answered_among_idle(std::uint16_t port, std::size_t idle) {
  std::vector<tcp::socket> sockets;
  for (std::size_t i = 0; i < idle; ++i) sockets.push_back(co_await dial(port));
  const std::string got = co_await talk(port, get("/healthz", "Host: localhost\r\n"));
  co_return got.starts_with("HTTP/1.1 200") ? 200 : 0;
}

TEST(SecurityTest, AThousandIdleConnectionsKeepNobodyOut) {
  http::ServerLimits limits = Rig::quick();
  limits.connections = 512;
  Rig rig{Rig::with_token(), limits};

  EXPECT_EQ(test::run(rig.io, answered_among_idle(rig.server.port(), 1000)), 200);
  EXPECT_GE(rig.server.stats().evicted, 480U);
  EXPECT_LE(rig.server.stats().open, 600U);
}

asio::awaitable<int> answered_among_slow(std::uint16_t port, std::size_t slow) {
  std::vector<tcp::socket> sockets;
  for (std::size_t i = 0; i < slow; ++i) {
    sockets.push_back(co_await dial(port));
    co_await test::send_bytes(sockets.back(), std::string("GET / HTTP/1.1\r\nX-Slow: "));
  }
  std::string rest;
  boost::system::error_code ec;
  co_await asio::async_read(sockets.back(), asio::dynamic_buffer(rest), asio::redirect_error(asio::use_awaitable, ec));
  const std::string got = co_await talk(port, get("/healthz", "Host: localhost\r\n"));
  co_return got.starts_with("HTTP/1.1 200") ? 200 : 0;
}

TEST(SecurityTest, WhoSendsTooSlowlyIsCutOffAndMakesRoom) {
  http::ServerLimits limits = Rig::quick();
  limits.connections = 20;
  limits.read_deadline = 100ms;
  Rig rig{Rig::with_token(), limits};

  EXPECT_EQ(test::run(rig.io, answered_among_slow(rig.server.port(), 20)), 200);
}

}  // namespace
}  // namespace stackscaler::api
