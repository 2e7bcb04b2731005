// SPDX-License-Identifier: Apache-2.0
#include "http/stream.hpp"

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "http/detail/connect.hpp"
#include "http/detail/head.hpp"
#include "http/detail/pool.hpp"
#include "http/detail/stream.hpp"

namespace stackscaler::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

using BodyParser = beast::http::response_parser<beast::http::buffer_body>;

struct Stream::State {
  State(std::shared_ptr<detail::Pool> pool_, Request request_, StreamLimits limits_)
      : pool(std::move(pool_)), request(std::move(request_)), limits(limits_) {}

  [[nodiscard]] asio::awaitable<Result<void>> open();
  [[nodiscard]] asio::awaitable<Result<void>> read_head();
  // More of the body into `pending`, or `complete` at its end.
  [[nodiscard]] asio::awaitable<Result<void>> more();
  [[nodiscard]] asio::awaitable<error_code> read_socket();
  [[nodiscard]] error_code parse_body();
  [[nodiscard]] std::unexpected<Error> give_up(Error error);
  [[nodiscard]] std::string take_line(std::size_t end);

  std::shared_ptr<detail::Pool> pool;
  Request request;
  StreamLimits limits;
  std::unique_ptr<detail::Connection> connection;  // null: ended
  std::optional<BodyParser> parser;
  Headers headers;
  int status = 0;
  std::array<char, detail::kReadChunk> chunk{};
  std::string pending;      // of the body, from `start` on
  std::size_t start = 0;    // of the line that is being read
  std::size_t scanned = 0;  // no LF between start and here
  bool complete = false;    // the body has ended as it should
};

std::unexpected<Error> Stream::State::give_up(Error error) {
  connection.reset();
  pending.clear();
  start = scanned = 0;
  return fail(std::move(error).with_context(detail::context_of(request)));
}

asio::awaitable<error_code> Stream::State::read_socket() {
  const auto cancelled = co_await asio::this_coro::cancellation_state;
  if (cancelled.cancelled() != asio::cancellation_type::none) co_return asio::error::operation_aborted;
  error_code ec;
  std::size_t count = 0;
  const auto space = connection->input.prepare(detail::kReadChunk);
  if (connection->tls) {
    count = co_await connection->tls->async_read_some(space, asio::redirect_error(asio::use_awaitable, ec));
  } else {
    count = co_await connection->socket.async_read_some(space, asio::redirect_error(asio::use_awaitable, ec));
  }
  connection->input.commit(count);
  if (ec == asio::ssl::error::stream_truncated) {
    // The end without TLS' closing word: an end all the same, unless only the end tells that the body is whole.
    ec = parser->is_header_done() && parser->need_eof() ? error_code(beast::http::error::partial_message)
                                                        : error_code(asio::error::eof);
  }
  co_return ec;
}

asio::awaitable<Result<void>> Stream::State::read_head() {
  for (int interim = 0; interim <= detail::kMaxInterim; ++interim) {
    parser.emplace();
    parser->header_limit(detail::kHeaderLimit);
    parser->body_limit(boost::none);
    while (!parser->is_header_done()) {
      error_code ec = beast::http::error::need_more;
      if (connection->input.size() != 0) connection->input.consume(parser->put(connection->input.data(), ec));
      if (ec == beast::http::error::need_more) ec = co_await read_socket();
      if (ec == asio::error::eof && parser->got_some()) ec = beast::http::error::partial_message;
      if (ec) co_return give_up(detail::describe(ec, *connection, request));
    }
    if (parser->get().result_int() / 100 != 1) break;
  }
  status = static_cast<int>(parser->get().result_int());
  if (status / 100 == 1) {
    co_return give_up(Error(ErrorKind::unavailable, "the answer is not HTTP: too many interim answers"));
  }
  for (const auto& field : parser->get()) headers.add(std::string(field.name_string()), std::string(field.value()));
  parser->eager(true);
  connection->watchdog.stop();
  co_return Result<void>();
}

asio::awaitable<Result<void>> Stream::State::open() {
  const SteadyTime deadline = std::chrono::steady_clock::now() + request.deadline;
  auto made = co_await detail::connect(pool, request, deadline);
  if (!made) co_return give_up(std::move(made).error());
  ++pool->stats.connections;
  connection = std::move(*made);
  detail::write_head(connection->output, request, request.url.authority());
  error_code ec;
  if (connection->tls) {
    ec = co_await detail::write_rest(*connection->tls, connection->output);
  } else {
    ec = co_await detail::write_rest(connection->socket, connection->output);
  }
  connection->output.clear();
  connection->output.shrink_to_fit();  // it may hold a credential, and the connection lives long
  if (ec) co_return give_up(detail::describe(ec, *connection, request));
  co_return co_await read_head();
}

// What is in the connection's buffer, into `pending`. need_more: read on.
error_code Stream::State::parse_body() {
  error_code ec = beast::http::error::need_more;
  while (connection->input.size() != 0 && !parser->is_done()) {
    auto& body = parser->get().body();
    body.data = chunk.data();
    body.size = chunk.size();
    body.more = true;
    ec = {};
    const std::size_t used = parser->put(connection->input.data(), ec);
    connection->input.consume(used);
    pending.append(chunk.data(), chunk.size() - body.size);
    if (ec == beast::http::error::need_buffer) ec = {};
    if (ec) return ec;
    if (used == 0) return beast::http::error::need_more;
  }
  return parser->is_done() ? error_code() : error_code(beast::http::error::need_more);
}

asio::awaitable<Result<void>> Stream::State::more() {
  const std::size_t before = pending.size();
  connection->watchdog.start(std::chrono::steady_clock::now() + limits.idle);
  for (;;) {
    error_code ec = parse_body();
    if (!ec) {
      complete = true;
      connection.reset();
      co_return Result<void>();
    }
    if (ec == beast::http::error::need_more && pending.size() != before) {
      connection->watchdog.stop();  // the reader may take its time
      co_return Result<void>();
    }
    if (ec == beast::http::error::need_more) ec = co_await read_socket();
    if (ec == asio::error::eof) {
      error_code at_end;
      parser->put_eof(at_end);
      if (!at_end) continue;
      ec = at_end;
    }
    if (!ec) continue;
    if (connection->watchdog.fired()) {
      co_return give_up(Error(ErrorKind::timeout, "nothing came for " + format_duration(limits.idle)));
    }
    co_return give_up(detail::describe(ec, *connection, request));
  }
}

std::string Stream::State::take_line(std::size_t end) {
  std::size_t length = end - start;
  if (length > 0 && pending[end - 1] == '\r') --length;
  std::string line = pending.substr(start, length);
  start = scanned = std::min(end + 1, pending.size());
  // Moved to the front only when that is cheap for what was read meanwhile.
  if (start == pending.size() || start > pending.size() / 2) {
    pending.erase(0, start);
    start = scanned = 0;
  }
  return line;
}

Stream::Stream(std::unique_ptr<State> state) : state_(std::move(state)) {}
Stream::Stream(Stream&& other) noexcept = default;
Stream& Stream::operator=(Stream&& other) noexcept = default;
Stream::~Stream() = default;

int Stream::status() const {
  return state_->status;
}

const Headers& Stream::headers() const {
  return state_->headers;
}

asio::awaitable<Result<std::optional<std::string>>> Stream::next_line() {
  co_await asio::this_coro::throw_if_cancelled(false);
  State& s = *state_;
  for (;;) {
    const std::size_t at = s.pending.find('\n', s.scanned);
    const std::size_t length = (at == std::string::npos ? s.pending.size() : at) - s.start;
    if (length > s.limits.line) {
      co_return s.give_up(Error(ErrorKind::invalid_input,
                                "a line is longer than the limit of " + std::to_string(s.limits.line) + " bytes"));
    }
    if (at != std::string::npos) co_return std::optional<std::string>(s.take_line(at));
    s.scanned = s.pending.size();
    if (s.complete) {
      if (length == 0) co_return std::optional<std::string>();
      co_return std::optional<std::string>(s.take_line(s.pending.size()));
    }
    if (!s.connection) co_return s.give_up(Error(ErrorKind::unavailable, "the stream has ended already"));
    auto read = co_await s.more();
    if (!read) co_return fail(std::move(read).error());
  }
}

asio::awaitable<Result<std::string>> Stream::rest(std::size_t limit) {
  co_await asio::this_coro::throw_if_cancelled(false);
  State& s = *state_;
  while (!s.complete && s.pending.size() - s.start <= limit) {
    if (!s.connection) co_return s.give_up(Error(ErrorKind::unavailable, "the stream has ended already"));
    auto read = co_await s.more();
    if (!read) co_return fail(std::move(read).error());
  }
  if (s.pending.size() - s.start > limit) {
    co_return s.give_up(Error(ErrorKind::invalid_input, "the answer is larger than the limit of its size"));
  }
  std::string out = s.pending.substr(s.start);
  s.pending.clear();
  s.start = s.scanned = 0;
  co_return out;
}

asio::awaitable<Result<Stream>> Client::stream(Request request, StreamLimits limits) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto at_entry = co_await asio::this_coro::cancellation_state;
  if (at_entry.cancelled() != asio::cancellation_type::none) co_return fail(ErrorKind::cancelled, "stopping");
  if (auto ok = detail::check(request); !ok) {
    co_return fail(std::move(ok).error().with_context(detail::context_of(request)));
  }
  ++pool_->stats.requests;
  auto state = std::make_unique<Stream::State>(pool_, std::move(request), limits);
  auto opened = co_await state->open();
  if (!opened) co_return fail(std::move(opened).error());
  co_return Stream(std::move(state));
}

}  // namespace stackscaler::http
