// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include <fmt/core.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <vector>

#include "http/detail/pool.hpp"
#include "http/detail/stream.hpp"

namespace stackscaler::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::uint32_t kHeaderLimit = 64 * 1024;
constexpr int kMaxInterim = 8;  // 1xx answers before the real one

// What one attempt found out beside its result.
struct Attempt {
  bool answered = false;    // a byte of the answer came
  bool keep_alive = false;  // the connection can be used again
};

Error describe(const error_code& ec, const detail::Connection& connection, Duration deadline) {
  if (connection.watchdog.fired()) {
    return Error(ErrorKind::timeout, "no answer within " + format_duration(deadline));
  }
  if (ec == asio::error::operation_aborted) return Error(ErrorKind::cancelled, "stopping");
  if (ec == beast::http::error::body_limit) {
    return Error(ErrorKind::invalid_input, "the answer is larger than the limit of its size");
  }
  if (ec == beast::http::error::partial_message) {
    return Error(ErrorKind::unavailable, "the connection was closed in the middle of the answer");
  }
  if (ec == asio::error::eof) return Error(ErrorKind::unavailable, "the connection was closed without an answer");
  if (ec.category() == beast::http::make_error_code(beast::http::error::bad_version).category()) {
    return Error(ErrorKind::unavailable, "the answer is not HTTP: " + ec.message());
  }
  return Error(ErrorKind::unavailable, ec.message());
}

std::string context(const Request& request) {
  return fmt::format("{} {}", to_string(request.method), request.url.display());
}

Result<void> check(const Request& request) {
  if (request.method == Method::other) return fail(ErrorKind::invalid_input, "no method given");
  for (const auto& [name, value] : request.headers) {
    // The value may be a credential: only the name is said.
    if (!valid_header(name, value)) return fail(ErrorKind::invalid_input, "header '" + name + "' can't be sent");
  }
  return {};
}

void write_head(std::string& out, const Request& request, const std::string& authority) {
  out.clear();
  out.append(to_string(request.method)).append(" ").append(request.url.path);
  if (!request.url.query.empty()) out.append("?").append(request.url.query);
  out.append(" HTTP/1.1\r\nHost: ").append(authority).append("\r\nUser-Agent: stackscaler\r\n");
  for (const auto& [name, value] : request.headers) out.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() || request.method == Method::post || request.method == Method::put ||
      request.method == Method::patch) {
    out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  out.append("\r\n").append(request.body);
}

// Name resolution can't be interrupted (getaddrinfo runs on a thread of Asio's), so it is not awaited itself: the
// coroutine waits on a timer that the resolution's end cancels, and an abandoned resolution touches only this state.
struct Resolution {
  explicit Resolution(const asio::any_io_executor& executor, SteadyTime deadline)
      : resolver(executor), done(executor, deadline) {}
  tcp::resolver resolver;
  asio::steady_timer done;
  bool finished = false;
  error_code ec;
  std::vector<tcp::endpoint> endpoints;
};

asio::awaitable<Result<std::vector<tcp::endpoint>>> resolve(asio::any_io_executor executor, std::string host,
                                                            std::uint16_t port, SteadyTime deadline) {
  error_code ec;
  const auto address = asio::ip::make_address(host, ec);
  if (!ec) {
    std::vector<tcp::endpoint> one(1, tcp::endpoint(address, port));
    co_return one;
  }
  const auto state = std::make_shared<Resolution>(executor, deadline);
  auto finish = [state](const error_code& failure, const tcp::resolver::results_type& results) {
    state->finished = true;
    state->ec = failure;
    for (const auto& entry : results) state->endpoints.push_back(entry.endpoint());
    state->done.cancel();
  };
  state->resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service, std::move(finish));
  error_code waited;
  co_await state->done.async_wait(asio::redirect_error(asio::use_awaitable, waited));
  if (!state->finished) {
    if (waited) co_return fail(ErrorKind::cancelled, "stopping");
    co_return fail(ErrorKind::timeout, "the name of the host was not resolved in time");
  }
  if (state->ec) co_return fail(ErrorKind::unavailable, "resolve " + host + ": " + state->ec.message());
  co_return std::move(state->endpoints);
}

asio::awaitable<Result<std::unique_ptr<detail::Connection>>> connect(asio::any_io_executor executor,
                                                                     const Request& request, SteadyTime deadline) {
  auto endpoints = co_await resolve(executor, request.url.host, request.url.port, deadline);
  if (!endpoints) co_return fail(std::move(endpoints).error());
  auto connection = std::make_unique<detail::Connection>(executor);
  connection->watchdog.start(deadline);
  error_code ec = asio::error::host_not_found;
  for (const tcp::endpoint& endpoint : *endpoints) {
    error_code ignored;
    if (connection->socket.is_open()) connection->socket.close(ignored);
    ec = {};
    co_await connection->socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, ec));
    if (!ec || ec == asio::error::operation_aborted || connection->watchdog.fired()) break;
  }
  if (!ec) connection->socket.set_option(tcp::no_delay(true), ec);
  if (!ec) connection->socket.non_blocking(true, ec);
  if (ec) co_return fail(describe(ec, *connection, request.deadline));
  connection->input.reserve(detail::kReadChunk);
  co_return std::move(connection);
}

Response to_response(beast::http::response<beast::http::string_body>&& message) {
  Response response(static_cast<int>(message.result_int()));
  response.headers.reserve(8);
  for (const auto& field : message) {
    response.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  response.body = std::move(message.body());
  return response;
}

// The referents live in send()'s frame, which awaits this.
asio::awaitable<Result<Response>> exchange(detail::Connection& connection, const Request& request, Attempt& attempt) {
  error_code ec;
  std::string_view rest = connection.output;
  rest.remove_prefix(detail::write_some_now(connection.socket, rest, ec));
  if (!ec && !rest.empty()) ec = co_await detail::write_rest(connection.socket, rest);
  // A server may answer and close before it has read a long body: the answer is then still there to be read.
  if (ec && (ec == asio::error::operation_aborted || rest.size() == connection.output.size())) {
    co_return fail(describe(ec, connection, request.deadline));
  }
  std::optional<beast::http::response_parser<beast::http::string_body>> parser;
  for (int interim = 0; interim <= kMaxInterim; ++interim) {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(kHeaderLimit);
    parser->body_limit(request.body_limit);
    parser->skip(request.method == Method::head);
    ec = co_await detail::read_message(connection.socket, connection.input, *parser);
    attempt.answered = attempt.answered || parser->got_some();
    if (ec) co_return fail(describe(ec, connection, request.deadline));
    if (parser->get().result_int() / 100 != 1) {
      // Bytes after the answer belong to nothing we asked for: such a connection is not trusted again.
      attempt.keep_alive = parser->keep_alive() && connection.input.size() == 0;
      co_return to_response(parser->release());
    }
  }
  co_return fail(ErrorKind::unavailable, "the answer is not HTTP: too many interim answers");
}

}  // namespace

Client::Client(asio::any_io_executor executor, ClientLimits limits)
    : pool_(std::make_shared<detail::Pool>(std::move(executor), limits)) {}

Client::~Client() {
  pool_->close();
}

void Client::close() {
  pool_->close();
}

const ClientStats& Client::stats() const {
  return pool_->stats;
}

asio::awaitable<Result<Response>> Client::send(Request request) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto at_entry = co_await asio::this_coro::cancellation_state;
  if (at_entry.cancelled() != asio::cancellation_type::none) co_return fail(ErrorKind::cancelled, "stopping");
  if (auto ok = check(request); !ok) co_return fail(std::move(ok).error().with_context(context(request)));

  const auto pool = pool_;
  ++pool->stats.requests;
  const SteadyTime deadline = std::chrono::steady_clock::now() + request.deadline;
  const std::string authority = request.url.authority();
  const bool repeatable = request.method == Method::get || request.method == Method::head;
  detail::Lease lease = pool->try_acquire(authority, !repeatable);
  if (!lease.holds()) {
    auto waited = co_await pool->wait(authority, deadline);
    if (!waited) co_return fail(std::move(waited).error().with_context(context(request)));
    lease = std::move(*waited);
  }
  for (;;) {
    const bool reused = lease.connection() != nullptr;
    if (!reused) {
      auto connection = co_await connect(pool->executor(), request, deadline);
      if (!connection) co_return fail(std::move(connection).error().with_context(context(request)));
      ++pool->stats.connections;
      lease.set(std::move(*connection));
    }
    detail::Connection& connection = *lease.connection();
    connection.watchdog.start(deadline);
    write_head(connection.output, request, authority);
    Attempt attempt;
    auto answer = co_await exchange(connection, request, attempt);
    if (answer) {
      if (attempt.keep_alive) lease.keep();
      co_return std::move(answer);
    }
    const bool stale = reused && !attempt.answered && answer.error().kind() == ErrorKind::unavailable;
    if (!stale || !repeatable) co_return fail(std::move(answer).error().with_context(context(request)));
    ++pool->stats.retries;
    lease.set(nullptr);
  }
}

}  // namespace stackscaler::http
