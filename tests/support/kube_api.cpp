// SPDX-License-Identifier: Apache-2.0
#include "support/kube_api.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <optional>

namespace stackscaler::test {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::uint64_t kAnswerLimit = 256U << 20U;

}  // namespace

struct KubeApi::Connection {
  explicit Connection(const std::string& ca_file) {
    tls.load_verify_file(ca_file);
    stream.emplace(io, tls);
    stream->set_verify_mode(asio::ssl::verify_peer);
  }
  // Beast's time limits work for asynchronous operations only: each is started and waited for.
  template <class Start>
  void wait(Duration patience, Start start) {
    beast::error_code failure = asio::error::would_block;
    beast::get_lowest_layer(*stream).expires_after(patience);
    start([&failure](beast::error_code ec, auto&&...) { failure = ec; });
    io.restart();
    io.run();
    if (failure) throw beast::system_error(failure);
  }

  asio::io_context io;
  asio::ssl::context tls{asio::ssl::context::tls_client};
  std::optional<beast::ssl_stream<beast::tcp_stream>> stream;
  beast::flat_buffer buffer;
};

KubeApi::KubeApi(int port, std::string ca_file, std::string token)
    : port_(port), ca_file_(std::move(ca_file)), token_(std::move(token)) {}

KubeApi::~KubeApi() = default;

Result<KubeAnswer> KubeApi::send(const std::string& verb, const std::string& target, const std::string& body,
                                 const std::string& content_type) {
  const bool kept = connection_ != nullptr;
  auto answer = attempt(verb, target, body, content_type);
  return answer || !kept ? std::move(answer) : attempt(verb, target, body, content_type);
}

Result<KubeAnswer> KubeApi::attempt(const std::string& verb, const std::string& target, const std::string& body,
                                    const std::string& content_type) {
  try {
    if (!connection_) {
      connection_ = std::make_unique<Connection>(ca_file_);
      Connection& fresh = *connection_;
      const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port_));
      fresh.wait(patience_,
                 [&](auto done) { beast::get_lowest_layer(*fresh.stream).async_connect(server, std::move(done)); });
      beast::get_lowest_layer(*fresh.stream).socket().set_option(asio::ip::tcp::no_delay(true));
      fresh.wait(patience_,
                 [&](auto done) { fresh.stream->async_handshake(asio::ssl::stream_base::client, std::move(done)); });
    }
    Connection& with = *connection_;
    beast::http::request<beast::http::string_body> request(beast::http::string_to_verb(verb), target, 11);
    request.set("Host", "127.0.0.1:" + std::to_string(port_));
    request.set("Accept", "application/json");
    if (!token_.empty()) request.set("Authorization", "Bearer " + token_);
    if (!body.empty()) request.set("Content-Type", content_type);
    request.body() = body;
    request.prepare_payload();
    with.wait(patience_, [&](auto done) { beast::http::async_write(*with.stream, request, std::move(done)); });
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(kAnswerLimit);
    with.wait(patience_,
              [&](auto done) { beast::http::async_read(*with.stream, with.buffer, parser, std::move(done)); });
    const bool keep = parser.get().keep_alive();
    KubeAnswer out{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
    if (!keep) connection_.reset();
    return out;
  } catch (const std::exception& e) {
    connection_.reset();
    return fail(ErrorKind::unavailable, verb + " " + target + ": " + e.what());
  }
}

}  // namespace stackscaler::test
