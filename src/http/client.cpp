// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "http/detail/connect.hpp"
#include "http/detail/head.hpp"
#include "http/detail/pool.hpp"
#include "http/detail/stream.hpp"

namespace stackscaler::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

namespace {

// What one attempt found out beside its result.
struct Attempt {
  bool answered = false;    // a byte of the answer came
  bool keep_alive = false;  // the connection can be used again
};

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
  if (connection.tls) {
    ec = co_await detail::write_rest(*connection.tls, rest);
  } else {
    rest.remove_prefix(detail::write_some_now(connection.socket, rest, ec));
    if (!ec && !rest.empty()) ec = co_await detail::write_rest(connection.socket, rest);
  }
  // A server may answer and close before it has read a long body: the answer is then still there to be read.
  if (ec && (ec == asio::error::operation_aborted || rest.size() == connection.output.size())) {
    co_return fail(detail::describe(ec, connection, request));
  }
  std::optional<beast::http::response_parser<beast::http::string_body>> parser;
  for (int interim = 0; interim <= detail::kMaxInterim; ++interim) {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(detail::kHeaderLimit);
    parser->body_limit(request.body_limit);
    parser->skip(request.method == Method::head);
    if (connection.tls) {
      ec = co_await detail::read_message(*connection.tls, connection.input, *parser);
    } else {
      ec = co_await detail::read_message(connection.socket, connection.input, *parser);
    }
    attempt.answered = attempt.answered || parser->got_some();
    if (ec) co_return fail(detail::describe(ec, connection, request));
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
  if (auto ok = detail::check(request); !ok)
    co_return fail(std::move(ok).error().with_context(detail::context_of(request)));

  const auto pool = pool_;
  ++pool->stats.requests;
  const SteadyTime deadline = std::chrono::steady_clock::now() + request.deadline;
  const std::string authority = request.url.authority();
  const std::string key = detail::pool_key(request.url, request.tls.get());
  const bool repeatable = request.method == Method::get || request.method == Method::head;
  detail::Lease lease = pool->try_acquire(key, !repeatable);
  if (!lease.holds()) {
    auto waited = co_await pool->wait(key, deadline);
    if (!waited) co_return fail(std::move(waited).error().with_context(detail::context_of(request)));
    lease = std::move(*waited);
  }
  for (;;) {
    const bool reused = lease.connection() != nullptr;
    if (!reused) {
      auto connection = co_await detail::connect(pool, request, deadline);
      if (!connection) co_return fail(std::move(connection).error().with_context(detail::context_of(request)));
      ++pool->stats.connections;
      lease.set(std::move(*connection));
    }
    detail::Connection& connection = *lease.connection();
    connection.watchdog.start(deadline);
    detail::write_head(connection.output, request, authority);
    Attempt attempt;
    auto answer = co_await exchange(connection, request, attempt);
    if (answer) {
      if (attempt.keep_alive) lease.keep();
      co_return std::move(answer);
    }
    const bool stale = reused && !attempt.answered && answer.error().kind() == ErrorKind::unavailable;
    if (!stale || !repeatable) co_return fail(std::move(answer).error().with_context(detail::context_of(request)));
    ++pool->stats.retries;
    lease.set(nullptr);
  }
}

}  // namespace stackscaler::http
