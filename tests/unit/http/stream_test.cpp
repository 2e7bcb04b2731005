// SPDX-License-Identifier: Apache-2.0
//
// The streaming GET against a server that is scripted byte by byte.
#include "http/stream.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "async/task_group.hpp"
#include "support/raw_server.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"
#include "support/tls_server.hpp"

namespace stackscaler::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

std::string chunk(const std::string& bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

constexpr const char* kChunked =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

struct Outcome {
  int status = 0;
  std::vector<std::string> lines;
  std::optional<Error> error;  // unset: the body ended as it should
};

asio::awaitable<Outcome> read_all(Client& client, Request request, StreamLimits limits) {
  Outcome out;
  auto stream = co_await client.stream(std::move(request), limits);
  if (!stream) {
    out.error = stream.error();
    co_return out;
  }
  out.status = stream->status();
  for (;;) {
    auto line = co_await stream->next_line();
    if (!line) {
      out.error = line.error();
      co_return out;
    }
    if (!*line) co_return out;
    out.lines.push_back(**line);
  }
}

class StreamTest : public testing::Test {
 protected:
  // The pieces are sent one after another, then the connection is closed or kept open.
  Outcome read(std::vector<std::string> pieces, StreamLimits limits = StreamLimits(), bool keep_open = false) {
    test::RawServer server(io, [&](test::RawSocket& socket, int) -> asio::awaitable<void> {
      head = co_await test::read_request_head(socket);
      for (const std::string& piece : pieces) {
        co_await test::send_bytes(socket, piece);
        co_await test::pause_for(1ms);  // so that the pieces arrive apart
      }
      // A server that is being stopped must not begin to wait.
      const auto state = co_await asio::this_coro::cancellation_state;
      if (keep_open && state.cancelled() == asio::cancellation_type::none) co_await test::stay_silent();
    });
    Request request(Method::get, Url("127.0.0.1", server.port(), "/watch", "watch=1"));
    request.headers.add("X-Test", "yes");
    return test::run(io, read_all(client, std::move(request), limits));
  }

  asio::io_context io;
  Client client{io.get_executor()};
  std::string head;
};

TEST_F(StreamTest, GivesLinesWhateverTheChunksAndPacketsAre) {
  const std::string body = chunk("one\ntw") + chunk("o\r\n") + chunk("\nthree") + "0\r\n\r\n";

  const Outcome whole = read({kChunked + body});
  std::vector<std::string> bytes(1, kChunked);
  for (const char c : body) bytes.emplace_back(1, c);
  const Outcome torn = read(bytes);

  const std::vector<std::string> want = {"one", "two", "", "three"};
  EXPECT_FALSE(whole.error) << whole.error->message();
  EXPECT_EQ(whole.lines, want);
  EXPECT_FALSE(torn.error) << torn.error->message();
  EXPECT_EQ(torn.lines, want);
  EXPECT_EQ(whole.status, 200);
  EXPECT_NE(head.find("GET /watch?watch=1 HTTP/1.1\r\n"), std::string::npos);
  EXPECT_NE(head.find("X-Test: yes\r\n"), std::string::npos);
}

TEST_F(StreamTest, AConnectionThatBreaksInTheMiddleIsAnErrorAfterTheWholeLines) {
  const Outcome cut = read({kChunked + chunk("one\ntwo\nthr")});

  ASSERT_TRUE(cut.error);
  EXPECT_EQ(cut.error->kind(), ErrorKind::unavailable);
  EXPECT_EQ(cut.lines, (std::vector<std::string>{"one", "two"}));
}

TEST_F(StreamTest, ABodyThatOnlyTheEndEndsIsWhole) {
  const Outcome all = read({"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\none\n", "two"});

  EXPECT_FALSE(all.error) << all.error->message();
  EXPECT_EQ(all.lines, (std::vector<std::string>{"one", "two"}));
}

TEST_F(StreamTest, ALineOverTheLimitIsRefusedAndOneAtTheLimitIsNot) {
  StreamLimits limits;
  limits.line = 1000;

  const Outcome fits = read({kChunked + chunk(std::string(1000, 'x') + "\n") + "0\r\n\r\n"}, limits);
  const Outcome over = read({kChunked + chunk("a\n" + std::string(1001, 'x'))}, limits, true);

  EXPECT_FALSE(fits.error);
  ASSERT_TRUE(over.error);
  EXPECT_EQ(over.error->kind(), ErrorKind::invalid_input);
  EXPECT_NE(over.error->message().find("1000 bytes"), std::string::npos) << over.error->message();
  EXPECT_EQ(over.lines, std::vector<std::string>(1, "a"));
}

TEST_F(StreamTest, ReadsMoreThanAnyLimitOfABodyInLines) {
  std::vector<std::string> pieces(1, kChunked);
  for (int i = 0; i < 200; ++i) pieces.push_back(chunk(std::string(99'999, 'x') + "\n"));
  pieces.emplace_back("0\r\n\r\n");

  const Outcome all = read(std::move(pieces));

  EXPECT_FALSE(all.error) << all.error->message();
  ASSERT_EQ(all.lines.size(), 200U);
  EXPECT_EQ(all.lines.back().size(), 99'999U);
}

TEST_F(StreamTest, ASilentConnectionIsGivenUp) {
  StreamLimits limits;
  limits.idle = 50ms;

  const Outcome silent = read({kChunked + chunk("one\n")}, limits, true);

  ASSERT_TRUE(silent.error);
  EXPECT_EQ(silent.error->kind(), ErrorKind::timeout);
  EXPECT_NE(silent.error->message().find("nothing came for"), std::string::npos) << silent.error->message();
  EXPECT_EQ(silent.lines, std::vector<std::string>(1, "one"));
}

TEST_F(StreamTest, AHeadThatDoesNotComeIsATimeout) {
  test::RawServer server(io, [](test::RawSocket& socket, int) -> asio::awaitable<void> {
    static_cast<void>(co_await test::read_request_head(socket));
    co_await test::stay_silent();
  });
  Request request(Method::get, Url("127.0.0.1", server.port(), "/"));
  request.deadline = 50ms;

  const Outcome none = test::run(io, read_all(client, std::move(request), StreamLimits()));

  ASSERT_TRUE(none.error);
  EXPECT_EQ(none.error->kind(), ErrorKind::timeout);
}

TEST_F(StreamTest, WhatIsNoHttpIsRefused) {
  const Outcome garbage = read({"SSH-2.0-OpenSSH_9\r\n"}, StreamLimits(), true);
  const Outcome bad_chunk = read({kChunked + std::string("zz\r\nhello")}, StreamLimits(), true);

  ASSERT_TRUE(garbage.error);
  EXPECT_EQ(garbage.error->kind(), ErrorKind::unavailable);
  ASSERT_TRUE(bad_chunk.error);
  EXPECT_EQ(bad_chunk.error->kind(), ErrorKind::unavailable);
}

TEST_F(StreamTest, InterimAnswersAreSkipped) {
  const Outcome all = read({"HTTP/1.1 103 Early Hints\r\n\r\n", kChunked + chunk("one\n") + "0\r\n\r\n"});

  EXPECT_FALSE(all.error);
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.lines, std::vector<std::string>(1, "one"));
}

TEST_F(StreamTest, RestGivesTheWholeBodyAndHoldsItToItsLimit) {
  test::RawServer server(io, [](test::RawSocket& socket, int) -> asio::awaitable<void> {
    static_cast<void>(co_await test::read_request_head(socket));
    co_await test::send_bytes(socket, "HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\nover");
    co_await test::stay_silent();
  });
  auto ask = [&](std::size_t limit) -> asio::awaitable<Result<std::string>> {
    Request request(Method::get, Url("127.0.0.1", server.port(), "/"));
    auto stream = co_await client.stream(std::move(request), StreamLimits());
    if (!stream) co_return fail(stream.error());
    if (stream->status() != 410) co_return fail(ErrorKind::internal, "another status");
    co_return co_await stream->rest(limit);
  };

  const auto fits = test::run(io, ask(4));
  const auto over = test::run(io, ask(3));

  ASSERT_TRUE(fits) << fits.error().message();
  EXPECT_EQ(*fits, "over");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().kind(), ErrorKind::invalid_input);
}

TEST_F(StreamTest, CancellationEndsAWaitForALineAndClosesTheConnection) {
  bool closed = false;
  test::RawServer server(io, [&](test::RawSocket& socket, int) -> asio::awaitable<void> {
    static_cast<void>(co_await test::read_request_head(socket));
    co_await test::send_bytes(socket, kChunked + chunk("one\n"));
    closed = (co_await test::read_request_head(socket)).empty();
  });
  std::optional<ErrorKind> ended;
  bool reading = false;
  auto reader = [&]() -> asio::awaitable<void> {
    co_await asio::this_coro::throw_if_cancelled(false);
    Request request(Method::get, Url("127.0.0.1", server.port(), "/"));
    auto stream = co_await client.stream(std::move(request), StreamLimits());
    if (!stream) co_return;
    auto first = co_await stream->next_line();
    reading = first.has_value();
    auto second = co_await stream->next_line();
    if (!second) ended = second.error().kind();
  };
  test::MemoryLog log;
  TaskGroup group(io.get_executor(), log);
  group.spawn("reader", reader());
  while (!reading) io.run_one();

  group.request_stop();
  test::run(io, group.join());
  while (!closed) io.run_one();

  EXPECT_EQ(ended, ErrorKind::cancelled);
}

TEST_F(StreamTest, ReadsOverTlsAndTellsACutFromAnEnd) {
  const test::TempDir dir;
  test::Authority authority(dir.path(), "ours");
  const auto files = authority.issue("server");
  test::TlsServer server(io, files, test::TlsServer::cutting(kChunked + chunk("one\ntwo")));
  Request request(Method::get, *parse_url(server.url()));
  TlsOptions options;
  options.ca_file = authority.file();
  request.tls = std::make_shared<const TlsOptions>(options);

  const Outcome cut = test::run(io, read_all(client, std::move(request), StreamLimits()));

  ASSERT_TRUE(cut.error);
  EXPECT_EQ(cut.error->kind(), ErrorKind::unavailable) << cut.error->message();
  EXPECT_EQ(cut.lines, std::vector<std::string>(1, "one"));
}

}  // namespace
}  // namespace stackscaler::http
