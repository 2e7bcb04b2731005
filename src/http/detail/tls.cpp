// SPDX-License-Identifier: Apache-2.0
#include "http/detail/tls.hpp"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/system_error.hpp>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace stackscaler::http::detail {

namespace ssl = boost::asio::ssl;

namespace {

constexpr off_t kMaxFile = off_t{4} << 20U;

// What tells a changed file: a symbolic link's target counts, as mounted secrets are replaced that way.
Result<std::string> stamp_of(const std::string& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) {
    return fail(ErrorKind::invalid_input, file + ": " + std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return fail(ErrorKind::invalid_input, file + ": not a regular file");
  if (info.st_size > kMaxFile) return fail(ErrorKind::invalid_input, file + ": larger than 4 MiB");
  return fmt::format("{}:{}:{}:{}.{}\n", info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec);
}

Result<std::string> stamp_of(const TlsOptions& options) {
  std::string out;
  const std::string* const files[] = {
      options.ca_pem.empty() ? &options.ca_file : nullptr,
      options.certificate_pem.empty() ? &options.certificate_file : nullptr,
      options.key_pem.empty() ? &options.key_file : nullptr,
  };
  for (const std::string* file : files) {
    if (file == nullptr || file->empty()) continue;
    auto one = stamp_of(*file);
    if (!one) return one;
    out += *one;
  }
  // The system's authorities change with updates. Without the file there is the folder, which OpenSSL reads anew.
  if (options.ca_file.empty() && options.ca_pem.empty()) {
    const char* const named = std::getenv(::X509_get_default_cert_file_env());
    if (auto one = stamp_of(named != nullptr ? named : ::X509_get_default_cert_file())) out += *one;
  }
  return out;
}

// OpenSSL's newest word on this thread.
std::string openssl_reason() {
  const unsigned long code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  const char* const text = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return text != nullptr ? text : "unknown error";
}

// Instead of OpenSSL's own, which asks on the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

Result<void> use_certificate(ssl::context& context, const TlsOptions& options) {
  const bool certificate = !options.certificate_pem.empty() || !options.certificate_file.empty();
  const bool key = !options.key_pem.empty() || !options.key_file.empty();
  if (certificate != key) return fail(ErrorKind::invalid_input, "a client certificate needs both itself and its key");
  if (!certificate) return {};
  const std::string its_name = options.certificate_pem.empty() ? options.certificate_file : "the certificate given";
  const std::string key_name = options.key_pem.empty() ? options.key_file : "the key given";
  boost::system::error_code ec;
  if (options.certificate_pem.empty()) {
    context.use_certificate_chain_file(options.certificate_file, ec);
  } else {
    context.use_certificate_chain(boost::asio::buffer(options.certificate_pem), ec);
  }
  if (ec) {
    return fail(ErrorKind::invalid_input, fmt::format("{}: not a certificate in PEM ({})", its_name, ec.message()));
  }
  if (options.key_pem.empty()) {
    context.use_private_key_file(options.key_file, ssl::context::pem, ec);
  } else {
    context.use_private_key(boost::asio::buffer(options.key_pem.reveal()), ssl::context::pem, ec);
  }
  if (ec) {
    return fail(ErrorKind::invalid_input, fmt::format("{}: not an unencrypted key in PEM that belongs to {} ({})",
                                                      key_name, its_name, ec.message()));
  }
  return {};
}

Result<void> use_authorities(ssl::context& context, const TlsOptions& options) {
  SSL_CTX* const native = context.native_handle();
  if (options.ca_pem.empty() && options.ca_file.empty()) {
    ::SSL_CTX_set_default_verify_paths(native);
    return {};
  }
  if (!options.ca_pem.empty()) {
    boost::system::error_code ec;
    if (options.ca_pem.find("-----BEGIN") == std::string::npos) ec = boost::asio::error::invalid_argument;
    if (!ec) context.add_certificate_authority(boost::asio::buffer(options.ca_pem), ec);
    if (ec) {
      return fail(ErrorKind::invalid_input, "the authority given: no certificates in PEM (" + ec.message() + ")");
    }
  } else if (::SSL_CTX_load_verify_file(native, options.ca_file.c_str()) != 1) {
    return fail(ErrorKind::invalid_input,
                fmt::format("{}: no certificates in PEM ({})", options.ca_file, openssl_reason()));
  }
  // Whoever names a certificate trusts it, be it an authority's or the server's own.
  ::X509_VERIFY_PARAM_set_flags(::SSL_CTX_get0_param(native), X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

std::string names_in(X509* certificate) {
  std::string out;
  auto* const names =
      static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names) && out.size() < 120; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    std::string text;
    if (name->type == GEN_DNS) {
      const auto* const bytes = reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName));
      text.assign(bytes, static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      const unsigned char* const b = ::ASN1_STRING_get0_data(name->d.iPAddress);
      const bool v4 = ::ASN1_STRING_length(name->d.iPAddress) == 4;
      text = v4 ? fmt::format("{}.{}.{}.{}", b[0], b[1], b[2], b[3]) : std::string("an IPv6 address");
    }
    // The other side chose these bytes.
    for (char& c : text) {
      if (c <= 0x20 || c >= 0x7f) c = '?';
    }
    if (!text.empty()) out.append(out.empty() ? "" : ", ").append(text.substr(0, 80));
  }
  ::GENERAL_NAMES_free(names);
  return out.empty() ? "no name at all" : out;
}

std::string describe_certificate(long verdict, const std::string& name, const std::string& names) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the server's certificate has expired: renew it on the server (or this machine's clock is wrong)";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the server's certificate is not valid yet: compare the clocks of both machines";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the server's certificate is self-signed and not trusted: name it, or the authority that should have "
             "signed it, as the CA file";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "the server's certificate is signed by an authority that is not trusted: name the authority's "
             "certificate as the CA file (or the server leaves out its intermediate certificates)";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format(
          "the server's certificate is not for '{}' but for {}: use that name in the URL, or set it as "
          "the server name",
          name, names.empty() ? "another name" : names);
    default: return fmt::format("the server's certificate was refused: {}", ::X509_verify_cert_error_string(verdict));
  }
}

}  // namespace

Result<TlsContext> load_context(const TlsOptions& options, const TlsContext& known) {
  auto stamp = stamp_of(options);
  if (!stamp) return fail(std::move(stamp).error().with_context("TLS"));
  if (known.context && known.stamp == *stamp) return known;
  ::ERR_clear_error();
  TlsContext out;
  out.stamp = std::move(*stamp);
  try {
    out.context = std::make_shared<ssl::context>(ssl::context::tls_client);
  } catch (const boost::system::system_error& e) {
    return fail(ErrorKind::internal, std::string("TLS: ") + e.what());
  }
  SSL_CTX* const context = out.context->native_handle();
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (auto trusted = use_authorities(*out.context, options); !trusted) {
    return fail(std::move(trusted).error().with_context("TLS"));
  }
  if (auto ours = use_certificate(*out.context, options); !ours) {
    return fail(std::move(ours).error().with_context("TLS"));
  }
  return out;
}

Result<void> expect_server(SSL* ssl, const std::string& name) {
  X509_VERIFY_PARAM* const wanted = ::SSL_get0_param(ssl);
  boost::system::error_code ec;
  static_cast<void>(boost::asio::ip::make_address(name, ec));
  bool ok = false;
  if (!ec) {
    ok = ::X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1;
  } else {
    ::X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ok = ::X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) == 1 &&
         ::SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str())) == 1;
  }
  ::ERR_clear_error();
  if (!ok) return fail(ErrorKind::invalid_input, "TLS: '" + name + "' is not a server's name");
  return {};
}

std::function<bool(bool, ssl::verify_context&)> keep_names(std::shared_ptr<std::string> names) {
  return [names = std::move(names)](bool good, ssl::verify_context& context) {
    X509* const certificate = ::X509_STORE_CTX_get0_cert(context.native_handle());
    if (!good && certificate != nullptr) *names = names_in(certificate);
    return good;
  };
}

std::string describe_tls(SSL* ssl, const boost::system::error_code& ec, const std::string& name,
                         const std::string& names) {
  const long verdict = ::SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) return "TLS: " + describe_certificate(verdict, name, names);
  if (ec.category() == boost::asio::error::get_ssl_category()) {
    switch (ERR_GET_REASON(static_cast<unsigned long>(ec.value()))) {
      case SSL_R_WRONG_VERSION_NUMBER:
      case SSL_R_HTTP_REQUEST: return "TLS: the server does not speak TLS on this port; is it an http:// URL?";
      case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return "TLS: the server ended the handshake; it may want a client certificate (certificate and key files)";
      case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "TLS: the server refuses the client certificate (or wants one): is it from its authority, and valid?";
      case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      case SSL_R_UNSUPPORTED_PROTOCOL: return "TLS: the server speaks only versions older than TLS 1.2";
      default: break;
    }
  }
  if (ec == boost::asio::error::eof || ec == ssl::error::stream_truncated) {
    return "TLS: the server closed the connection during the handshake";
  }
  return "TLS: " + ec.message();
}

}  // namespace stackscaler::http::detail
