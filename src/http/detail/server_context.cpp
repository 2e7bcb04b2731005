// SPDX-License-Identifier: Apache-2.0
#include "http/detail/server_context.hpp"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <boost/system/system_error.hpp>
#include <cstring>
#include <utility>

namespace stackscaler::http::detail {

namespace ssl = boost::asio::ssl;

namespace {

constexpr Duration kLook = std::chrono::seconds(1);

// What tells a changed file: a symbolic link's target counts, as mounted secrets are replaced that way.
Result<std::string> stamp_of(const std::string& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return fail(ErrorKind::invalid_input, file + ": " + std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return fail(ErrorKind::invalid_input, file + ": not a regular file");
  return fmt::format("{}:{}:{}:{}.{}\n", info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec);
}

Result<std::string> stamp_of(const ServerTls& files) {
  auto certificate = stamp_of(files.certificate_file);
  if (!certificate) return certificate;
  auto key = stamp_of(files.key_file);
  if (!key) return key;
  return *certificate + *key;
}

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

}  // namespace

Result<std::unique_ptr<ServerContext>> ServerContext::make(ServerTls files, Logger& logger) {
  std::unique_ptr<ServerContext> out(new ServerContext(std::move(files), logger));
  if (auto loaded = out->load(); !loaded) return fail(std::move(loaded).error().with_context("TLS"));
  return out;
}

Result<void> ServerContext::load() {
  auto stamp = stamp_of(files_);
  if (!stamp) return fail(std::move(stamp).error());
  if (context_ && *stamp == stamp_) return {};
  stamp_ = std::move(*stamp);  // also of a pair that can't be used: it is said once
  ::ERR_clear_error();
  std::shared_ptr<ssl::context> next;
  try {
    next = std::make_shared<ssl::context>(ssl::context::tls_server);
  } catch (const boost::system::system_error& e) {
    return fail(ErrorKind::internal, e.what());
  }
  SSL_CTX* const context = next->native_handle();
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  ::SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (::SSL_CTX_use_certificate_chain_file(context, files_.certificate_file.c_str()) != 1) {
    return fail(ErrorKind::invalid_input,
                fmt::format("{}: not a certificate in PEM ({})", files_.certificate_file, openssl_reason()));
  }
  if (::SSL_CTX_use_PrivateKey_file(context, files_.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail(ErrorKind::invalid_input, fmt::format("{}: not an unencrypted key in PEM that belongs to {} ({})",
                                                      files_.key_file, files_.certificate_file, openssl_reason()));
  }
  context_ = std::move(next);
  return {};
}

std::shared_ptr<ssl::context> ServerContext::current() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now - looked_ < kLook) return context_;
  looked_ = now;
  const auto before = context_;
  const std::string stamp = stamp_;
  auto loaded = load();
  if (!loaded && stamp != stamp_) {
    logger_.error("the changed TLS files can't be used; the certificate before stays in force",
                  kv("err", loaded.error().message()));
  } else if (loaded && context_ != before) {
    logger_.info("the TLS certificate was replaced", kv("file", files_.certificate_file));
  }
  return context_;
}

}  // namespace stackscaler::http::detail
