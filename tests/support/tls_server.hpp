// SPDX-License-Identifier: Apache-2.0
//
// TlsServer: an HTTPS server on loopback whose connections a test scripts: for what the client must notice in TLS.
//
// Each connection that passes the handshake runs the behaviour given; all end with the object. What a failed handshake
// was, and the name that the client asked for (SNI), are kept.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <functional>
#include <string>

#include "async/task_group.hpp"
#include "support/certificates.hpp"
#include "support/memory_log.hpp"

namespace stackscaler::test {

using TlsSocket = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

class TlsServer {
 public:
  using Behaviour = std::function<boost::asio::awaitable<void>(TlsSocket&)>;
  struct Wish {
    std::string client_ca;      // asks for a client certificate of that authority
    int newest_version = 0;     // of TLS; 0: the library's
    bool no_handshake = false;  // accepts and says nothing
  };

  TlsServer(boost::asio::io_context& io, const CertificateFiles& files, Behaviour behaviour, Wish wish);
  TlsServer(boost::asio::io_context& io, const CertificateFiles& files, Behaviour behaviour)
      : TlsServer(io, files, std::move(behaviour), Wish()) {}
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::string url(const std::string& host = "localhost") const {
    return "https://" + host + ":" + std::to_string(port()) + "/";
  }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int handshakes() const { return handshakes_; }
  [[nodiscard]] const std::string& asked_name() const { return asked_name_; }
  // For connections from now on.
  void use(const CertificateFiles& files);

  // Answers each request with that status line's rest and body, as long as the client asks.
  [[nodiscard]] static Behaviour answering(std::string body);
  // Says these bytes after the request's head, then cuts the TCP connection without TLS' closing word.
  [[nodiscard]] static Behaviour cutting(std::string bytes);

 private:
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> stop();
  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);

  boost::asio::io_context& io_;
  Behaviour behaviour_;
  Wish wish_;
  MemoryLog log_;
  boost::asio::ssl::context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  int connections_ = 0;
  int handshakes_ = 0;
  std::string asked_name_;
  TaskGroup group_;
};

}  // namespace stackscaler::test
