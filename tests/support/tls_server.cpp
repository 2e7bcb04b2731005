// SPDX-License-Identifier: Apache-2.0
#include "support/tls_server.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "support/run.hpp"

namespace stackscaler::test {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

asio::awaitable<std::string> read_head(TlsSocket& socket) {
  std::string text;
  while (!text.ends_with("\r\n\r\n")) {
    char byte = 0;
    error_code ec;
    co_await socket.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return std::string();
    text += byte;
  }
  co_return text;
}

asio::awaitable<bool> send(TlsSocket& socket, std::string bytes) {
  error_code ec;
  co_await asio::async_write(socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
  co_return !ec;
}

}  // namespace

TlsServer::TlsServer(asio::io_context& io, const CertificateFiles& files, Behaviour behaviour, Wish wish)
    : io_(io),
      behaviour_(std::move(behaviour)),
      wish_(std::move(wish)),
      context_(asio::ssl::context::tls_server),
      acceptor_(io, {asio::ip::make_address("127.0.0.1"), 0}),
      group_(io.get_executor(), log_) {
  use(files);
  if (wish_.newest_version != 0) {
    ::SSL_CTX_set_security_level(context_.native_handle(), 0);
    ::SSL_CTX_set_min_proto_version(context_.native_handle(), 0);
    ::SSL_CTX_set_max_proto_version(context_.native_handle(), wish_.newest_version);
  }
  if (!wish_.client_ca.empty()) {
    context_.load_verify_file(wish_.client_ca);
    context_.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  }
  group_.spawn("accept", accept());
}

TlsServer::~TlsServer() {
  run(io_, stop());
}

// On the loop: a cancellation from outside would arrive after a connection that has just ended.
asio::awaitable<void> TlsServer::stop() {
  group_.request_stop();
  co_await group_.join();
}

void TlsServer::use(const CertificateFiles& files) {
  context_.use_certificate_chain_file(files.certificate);
  context_.use_private_key_file(files.key, asio::ssl::context::pem);
}

asio::awaitable<void> TlsServer::accept() {
  for (;;) {
    asio::ip::tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
    ++connections_;
    group_.spawn("connection", serve(std::move(socket)));
  }
}

asio::awaitable<void> TlsServer::serve(asio::ip::tcp::socket socket) {
  co_await asio::this_coro::throw_if_cancelled(false);
  error_code ec;
  if (wish_.no_handshake) {
    asio::steady_timer never(io_, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    co_return;
  }
  TlsSocket stream(std::move(socket), context_);
  co_await stream.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return;
  ++handshakes_;
  const char* const name = ::SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
  asked_name_ = name == nullptr ? "" : name;
  co_await behaviour_(stream);
}

TlsServer::Behaviour TlsServer::answering(std::string body) {
  return [body = std::move(body)](TlsSocket& socket) -> asio::awaitable<void> {
    const std::string text =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    for (;;) {
      const std::string head = co_await read_head(socket);
      if (head.empty()) co_return;
      const bool sent = co_await send(socket, text);
      if (!sent) co_return;
    }
  };
}

TlsServer::Behaviour TlsServer::cutting(std::string bytes) {
  return [bytes = std::move(bytes)](TlsSocket& socket) -> asio::awaitable<void> {
    const std::string head = co_await read_head(socket);
    static_cast<void>(co_await send(socket, bytes));
  };
}

}  // namespace stackscaler::test
