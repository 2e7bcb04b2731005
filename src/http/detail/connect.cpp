// SPDX-License-Identifier: Apache-2.0
#include "http/detail/connect.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <vector>

#include "http/detail/stream.hpp"
#include "http/detail/tls.hpp"

namespace stackscaler::http::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

std::string server_name(const Request& request) {
  return request.tls && !request.tls->server_name.empty() ? request.tls->server_name : request.url.host;
}

}  // namespace

Error describe(const error_code& ec, const Connection& connection, const Request& request) {
  if (connection.watchdog.fired()) {
    return Error(ErrorKind::timeout, "no answer within " + format_duration(request.deadline));
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
  if (connection.tls && ec.category() == asio::error::get_ssl_category()) {
    return Error(ErrorKind::unavailable, describe_tls(connection.tls->native_handle(), ec, server_name(request), {}));
  }
  return Error(ErrorKind::unavailable, ec.message());
}

namespace {

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

// After it the connection is proven, or an error says what is wrong.
asio::awaitable<Result<void>> handshake(std::shared_ptr<Pool> pool, Connection& connection, const Request& request) {
  auto context = co_await pool->tls_context(request.tls);
  if (connection.watchdog.fired()) co_return fail(describe(asio::error::operation_aborted, connection, request));
  if (!context) co_return fail(std::move(context).error());
  connection.context = std::move(*context);
  connection.tls = std::make_unique<asio::ssl::stream<tcp::socket&>>(connection.socket, *connection.context);
  SSL* const ssl = connection.tls->native_handle();
  const std::string name = server_name(request);
  const auto names = std::make_shared<std::string>();
  connection.tls->set_verify_callback(keep_names(names));
  if (auto ok = expect_server(ssl, name); !ok) co_return ok;
  error_code ec;
  co_await connection.tls->async_handshake(asio::ssl::stream_base::client,
                                           asio::redirect_error(asio::use_awaitable, ec));
  if (!ec) co_return Result<void>();
  if (connection.watchdog.fired() || ec == asio::error::operation_aborted) {
    co_return fail(describe(ec, connection, request));
  }
  co_return fail(ErrorKind::unavailable, describe_tls(ssl, ec, name, *names));
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<Connection>>> connect(std::shared_ptr<Pool> pool, const Request& request,
                                                             SteadyTime deadline) {
  const asio::any_io_executor executor = pool->executor();
  auto endpoints = co_await resolve(executor, request.url.host, request.url.port, deadline);
  if (!endpoints) co_return fail(std::move(endpoints).error());
  auto connection = std::make_unique<Connection>(executor);
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
  if (ec) co_return fail(describe(ec, *connection, request));
  connection->made = std::chrono::steady_clock::now();
  if (request.url.secure) {
    auto proven = co_await handshake(pool, *connection, request);
    if (!proven) co_return fail(std::move(proven).error());
  }
  connection->input.reserve(kReadChunk);
  co_return std::move(connection);
}

}  // namespace stackscaler::http::detail
