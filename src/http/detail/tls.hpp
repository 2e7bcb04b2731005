// SPDX-License-Identifier: Apache-2.0
//
// TLS contexts out of files, and OpenSSL's failures in words. Private to src/http.
//
// load_context() blocks (it reads files): call it on a blocking thread. The rest: the loop's thread.
// Sources: OpenSSL 3.0, SSL_CTX_new(3), X509_VERIFY_PARAM_set_flags(3), SSL_get_verify_result(3).
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/verify_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "http/tls.hpp"

namespace stackscaler::http::detail {

struct TlsContext {
  std::string stamp;  // of the files it was made of
  std::shared_ptr<boost::asio::ssl::context> context;
};

// `known` again while its files are as they were, else a new one. invalid_input: a file that is missing, no PEM, or a
// key that is not the certificate's; the text names the file and never its content.
[[nodiscard]] Result<TlsContext> load_context(const TlsOptions& options, const TlsContext& known);

// Sets SNI and what the certificate must be for.
[[nodiscard]] Result<void> expect_server(SSL* ssl, const std::string& name);

// A verify callback that changes no verdict, and keeps the names of a refused server's certificate for describe_tls().
[[nodiscard]] std::function<bool(bool, boost::asio::ssl::verify_context&)> keep_names(
    std::shared_ptr<std::string> names);

// Why the handshake, or the first read after it, failed: what is wrong and what to do.
[[nodiscard]] std::string describe_tls(SSL* ssl, const boost::system::error_code& ec, const std::string& name,
                                       const std::string& names);

}  // namespace stackscaler::http::detail
