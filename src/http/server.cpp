// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include <fmt/core.h>

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "http/detail/server_context.hpp"
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
constexpr auto kFarewell = std::chrono::seconds(1);            // for the end of a TLS connection
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
  if (response.status != 204 && response.status != 304 && !response.stream) {
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

using TlsStream = asio::ssl::stream<tcp::socket&>;

asio::awaitable<error_code> write(TlsStream& stream, std::string_view bytes) {
  return detail::write_rest(stream, bytes);
}

template <class Stream>
class StreamWriter final : public BodyWriter {
 public:
  StreamWriter(Stream& stream, tcp::socket& socket, Duration deadline)
      : stream_(stream), watchdog_(socket), deadline_(deadline) {}

  asio::awaitable<bool> write(std::string bytes) override {
    watchdog_.start(after(deadline_));
    const error_code ec = co_await http::write(stream_, bytes);
    watchdog_.stop();
    co_return !ec;
  }

 private:
  Stream& stream_;
  detail::Watchdog watchdog_;
  Duration deadline_;
};

// An exception would be kept back until the client goes.
asio::awaitable<void> run_stream(BodyStream& body, BodyWriter& writer, Logger& logger) {
  co_await asio::this_coro::throw_if_cancelled(false);
  try {
    co_await body.run(writer);
  } catch (const std::exception& e) {
    logger.error("a streamed answer failed", kv("err", e.what()));
  }
}

// Until the other side ends, or the socket is closed here. What it sends meanwhile is thrown away.
template <class Stream>
asio::awaitable<void> until_closed(Stream& stream) {
  co_await asio::this_coro::throw_if_cancelled(false);
  std::array<char, 512> bytes{};
  error_code ec;
  while (!ec) {
    co_await stream.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
  }
}

}  // namespace

// Counts the connection for as long as the object lives.
struct Server::Registration {
  Registration(Server& owner, tcp::socket& socket) : server(owner), at(owner.sessions_.emplace(owner.sessions_.end())) {
    at->socket = &socket;
    ++server.stats_.open;
  }
  ~Registration() {
    server.sessions_.erase(at);
    --server.stats_.open;
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

  Server& server;
  std::list<Session>::iterator at;
};

Server::Server(asio::any_io_executor executor, Logger& logger, Handler handler, ServerLimits limits)
    : executor_(executor),
      logger_(logger),
      handler_(std::move(handler)),
      limits_(limits),
      acceptor_(executor),
      group_(std::move(executor), logger) {}

Server::~Server() = default;

Result<void> Server::use_tls(ServerTls tls) {
  auto context = detail::ServerContext::make(std::move(tls), logger_);
  if (!context) return fail(std::move(context).error());
  tls_ = std::move(*context);
  return {};
}

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
    if (stats_.open >= limits_.connections && !make_room()) {
      ++stats_.refused;
      const std::size_t ignored = detail::write_some_now(socket, kOverCap, ec);
      static_cast<void>(ignored);
      continue;
    }
    socket.set_option(tcp::no_delay(true), ec);
    group_.spawn("http connection", serve(std::move(socket)));
  }
}

// Closes the connection that has been idle for longest; its coroutine ends by that. False: all are at work.
bool Server::make_room() {
  if (!limits_.evict_idle) return false;
  for (Session& session : sessions_) {
    if (session.busy || !session.socket->is_open()) continue;
    error_code ignored;
    session.socket->close(ignored);
    ++stats_.evicted;
    return true;
  }
  return false;
}

asio::awaitable<void> Server::serve(tcp::socket socket) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const Registration registration(*this, socket);
  error_code ec;
  const auto remote = socket.remote_endpoint(ec);
  std::string peer = ec ? std::string() : remote.address().to_string();
  if (tls_ == nullptr) {
    co_await exchange(socket, *registration.at, std::move(peer));
    co_return;
  }
  const auto context = tls_->current();
  TlsStream stream(socket, *context);
  {
    detail::Watchdog watchdog(socket);
    watchdog.start(after(limits_.read_deadline));
    co_await stream.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, ec));
  }
  if (ec || stopping_) co_return;
  co_await exchange(stream, *registration.at, std::move(peer));
  // TLS' closing word, so that an answer that ends with its connection is known to be whole.
  detail::Watchdog watchdog(socket);
  watchdog.start(after(kFarewell));
  co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
}

template <class Stream>
asio::awaitable<void> Server::exchange(Stream& stream, Session& session, std::string peer) {
  detail::Watchdog watchdog(*session.socket);
  beast::flat_buffer input;
  std::string output;
  bool keep_alive = true;
  while (keep_alive && !stopping_) {
    error_code ec;
    if (input.size() == 0) {
      watchdog.start(after(limits_.idle_timeout));
      input.commit(co_await stream.async_read_some(input.prepare(detail::kReadChunk),
                                                   asio::redirect_error(asio::use_awaitable, ec)));
      if (ec) co_return;
    }
    session.busy = true;
    watchdog.start(after(limits_.read_deadline));
    std::optional<Parser> parser(std::in_place);
    parser->eager(true);
    parser->header_limit(limits_.header_bytes);
    parser->body_limit(limits_.body_bytes);
    ec = co_await detail::read_message(stream, input, *parser);
    if (ec) {
      const auto answer = refusal(ec);
      if (!answer) co_return;
      write_response(output, *answer, false, false);
      watchdog.start(after(limits_.write_deadline));
      ec = co_await write(stream, output);
      co_return;
    }
    keep_alive = parser->keep_alive();
    watchdog.stop();
    IncomingRequest request = to_request(parser->release());
    request.peer = peer;
    const bool head = request.method == Method::head;
    ++stats_.requests;
    const Response response = co_await handler_(std::move(request));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    keep_alive = keep_alive && !stopping_ && !response.stream;
    write_response(output, response, head, keep_alive);
    watchdog.start(after(limits_.write_deadline));
    ec = co_await write(stream, output);
    if (ec) co_return;
    if (response.stream && !head) {
      watchdog.stop();
      co_await send_stream(stream, session, response);
    }
    session.busy = false;
  }
}

template <class Stream>
asio::awaitable<void> Server::send_stream(Stream& stream, Session& session, const Response& response) {
  using asio::experimental::awaitable_operators::operator||;
  if (stopping_) co_return;
  session.streaming = true;
  StreamWriter<Stream> writer(stream, *session.socket, limits_.write_deadline);
  auto body = run_stream(*response.stream, writer, logger_);
  auto gone = until_closed(stream);
  co_await (std::move(body) || std::move(gone));
}

asio::awaitable<void> Server::stop() {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  for (Session& session : sessions_) {
    if (!session.busy || session.streaming) session.socket->close(ignored);
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
