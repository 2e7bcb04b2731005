// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include <fmt/core.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>

#include "http/detail/stream.hpp"
#include "http/detail/watchdog.hpp"

namespace stackscaler::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using Parser = beast::http::request_parser<beast::http::string_body>;

namespace {

constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // after an accept failed, e.g. out of descriptors
constexpr std::string_view kOverCap =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

SteadyTime after(Duration duration) {
  return std::chrono::steady_clock::now() + duration;
}

Method to_method(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get: return Method::get;
    case beast::http::verb::head: return Method::head;
    case beast::http::verb::post: return Method::post;
    case beast::http::verb::put: return Method::put;
    case beast::http::verb::patch: return Method::patch;
    case beast::http::verb::delete_: return Method::delete_;
    default: return Method::other;
  }
}

IncomingRequest to_request(beast::http::request<beast::http::string_body>&& message) {
  const std::string_view target(message.target().data(), message.target().size());
  const std::size_t mark = target.find('?');
  std::string query(mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1));
  IncomingRequest request(to_method(message.method()), std::string(target.substr(0, mark)), std::move(query));
  for (const auto& field : message) {
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

void write_response(std::string& out, const Response& response, bool head, bool keep_alive) {
  const auto reason = beast::http::obsolete_reason(beast::http::int_to_status(static_cast<unsigned>(response.status)));
  out.clear();
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason.data(), reason.size()).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    if (valid_header(name, value)) out.append(name).append(": ").append(value).append("\r\n");
  }
  if (response.status != 204 && response.status != 304) {
    out.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  if (!keep_alive) out.append("Connection: close\r\n");
  out.append("\r\n");
  if (!head && response.status != 204 && response.status != 304) out.append(response.body);
}

// The answer to a request that could not be read; nothing when the connection is simply over.
std::optional<Response> refusal(const error_code& ec) {
  if (ec == beast::http::error::body_limit) return Response(413);
  if (ec == beast::http::error::header_limit) return Response(431);
  if (ec == beast::http::error::partial_message) return std::nullopt;
  if (ec.category() == beast::http::make_error_code(beast::http::error::bad_version).category()) return Response(400);
  return std::nullopt;
}

asio::awaitable<error_code> write(tcp::socket& socket, std::string_view bytes) {
  error_code ec;
  bytes.remove_prefix(detail::write_some_now(socket, bytes, ec));
  if (ec || bytes.empty()) co_return ec;
  co_return co_await detail::write_rest(socket, bytes);
}

}  // namespace

Server::Server(asio::any_io_executor executor, Logger& logger, Handler handler, ServerLimits limits)
    : executor_(executor),
      handler_(std::move(handler)),
      limits_(limits),
      acceptor_(executor),
      group_(std::move(executor), logger) {}

Result<void> Server::start(const std::string& address, std::uint16_t port) {
  error_code ec;
  const auto failed = [&] {
    return fail(ErrorKind::unavailable, fmt::format("listen on {}:{}: {}", address, port, ec.message()));
  };
  const auto parsed = asio::ip::make_address(address, ec);
  if (ec) return fail(ErrorKind::invalid_input, fmt::format("listen on '{}': not an IP address", address));
  const tcp::endpoint endpoint(parsed, port);
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) port_ = acceptor_.local_endpoint(ec).port();
  if (ec) {
    error_code ignored;
    acceptor_.close(ignored);
    return failed();
  }
  group_.spawn("http accept", accept_loop());
  return {};
}

asio::awaitable<void> Server::accept_loop() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!stopping_) {
    error_code ec;
    tcp::socket socket(executor_);
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (stopping_ || state.cancelled() != asio::cancellation_type::none) co_return;
    if (ec) {
      asio::steady_timer pause(executor_, kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      continue;
    }
    ++stats_.connections;
    socket.non_blocking(true, ec);
    if (stats_.open >= limits_.connections) {
      ++stats_.refused;
      const std::size_t ignored = detail::write_some_now(socket, kOverCap, ec);
      static_cast<void>(ignored);
      continue;
    }
    socket.set_option(tcp::no_delay(true), ec);
    group_.spawn("http connection", serve(std::move(socket)));
  }
}

asio::awaitable<void> Server::serve(tcp::socket socket) {
  co_await asio::this_coro::throw_if_cancelled(false);
  // Counts the connection for as long as this frame lives.
  struct Registration {
    Server& server;
    std::list<Session>::iterator at;
    Registration(Server& owner, tcp::socket& socket_)
        : server(owner), at(server.sessions_.emplace(server.sessions_.end())) {
      at->socket = &socket_;
      ++server.stats_.open;
    }
    ~Registration() {
      server.sessions_.erase(at);
      --server.stats_.open;
    }
  };
  const Registration registration(*this, socket);
  detail::Watchdog watchdog(socket);
  beast::flat_buffer input;
  std::string output;
  bool keep_alive = true;
  while (keep_alive && !stopping_) {
    error_code ec;
    if (input.size() == 0) {
      watchdog.start(after(limits_.idle_timeout));
      input.commit(co_await socket.async_read_some(input.prepare(detail::kReadChunk),
                                                   asio::redirect_error(asio::use_awaitable, ec)));
      if (ec) co_return;
    }
    registration.at->busy = true;
    watchdog.start(after(limits_.read_deadline));
    std::optional<Parser> parser(std::in_place);
    parser->eager(true);
    parser->header_limit(limits_.header_bytes);
    parser->body_limit(limits_.body_bytes);
    ec = co_await detail::read_message(socket, input, *parser);
    if (ec) {
      const auto answer = refusal(ec);
      if (!answer) co_return;
      write_response(output, *answer, false, false);
      watchdog.start(after(limits_.write_deadline));
      ec = co_await write(socket, output);
      co_return;
    }
    keep_alive = parser->keep_alive();
    watchdog.stop();
    IncomingRequest request = to_request(parser->release());
    const bool head = request.method == Method::head;
    ++stats_.requests;
    const Response response = co_await handler_(std::move(request));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    keep_alive = keep_alive && !stopping_;
    write_response(output, response, head, keep_alive);
    watchdog.start(after(limits_.write_deadline));
    ec = co_await write(socket, output);
    if (ec) co_return;
    registration.at->busy = false;
  }
}

asio::awaitable<void> Server::stop() {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  for (Session& session : sessions_) {
    if (!session.busy) session.socket->close(ignored);
  }
  const auto waiting = std::make_shared<bool>(true);
  asio::steady_timer grace(executor_, limits_.stop_grace);
  grace.async_wait([this, waiting](const error_code& ec) {
    if (!ec && *waiting) group_.request_stop();
  });
  co_await group_.join();
  *waiting = false;
}

}  // namespace stackscaler::http
