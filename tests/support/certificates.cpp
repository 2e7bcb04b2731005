// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <stdexcept>

namespace stackscaler::test {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&::X509_free)>;

Key make_key() {
  Key key(::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), ::EVP_PKEY_free);
  if (!key) throw std::runtime_error("no EC key");
  return key;
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = ::X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) throw std::runtime_error("not an extension: " + value);
  ::X509_add_ext(certificate, extension, -1);
  ::X509_EXTENSION_free(extension);
}

Certificate make_certificate(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                             const CertificateWish& wish, bool authority) {
  static long serial = 1;
  Certificate out(::X509_new(), ::X509_free);
  ::X509_set_version(out.get(), 2);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(out.get()), ++serial);
  ::X509_gmtime_adj(X509_getm_notBefore(out.get()), wish.begins.count());
  ::X509_gmtime_adj(X509_getm_notAfter(out.get()), wish.ends.count());
  ::X509_set_pubkey(out.get(), key);
  const auto add = [&](const char* field, const std::string& value) {
    const auto* const text = reinterpret_cast<const unsigned char*>(value.c_str());
    ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(out.get()), field, MBSTRING_UTF8, text, -1, -1, 0);
  };
  for (const std::string& organization : wish.organizations) add("O", organization);
  add("CN", name);
  X509* const by = issuer == nullptr ? out.get() : issuer;
  ::X509_set_issuer_name(out.get(), ::X509_get_subject_name(by));
  extend(out.get(), by, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
  extend(out.get(), by, NID_subject_key_identifier, "hash");
  if (!authority) extend(out.get(), by, NID_subject_alt_name, wish.alternative_names);
  if (::X509_sign(out.get(), issuer_key, ::EVP_sha256()) == 0) throw std::runtime_error("not signed");
  return out;
}

template <class Write>
void write_file(const std::filesystem::path& path, Write write) {
  // Renamed into place, as whoever replaces certificates should.
  const std::filesystem::path fresh = path.string() + ".new";
  std::FILE* const file = std::fopen(fresh.c_str(), "wb");
  if (file == nullptr || write(file) != 1) throw std::runtime_error("not written: " + path.string());
  std::fclose(file);
  std::filesystem::rename(fresh, path);
}

}  // namespace

struct Authority::Parts {
  Key key{nullptr, ::EVP_PKEY_free};
  Certificate certificate{nullptr, ::X509_free};
};

Authority::Authority(std::filesystem::path folder, const std::string& name)
    : folder_(std::move(folder)), name_(name), parts_(std::make_unique<Parts>()) {
  parts_->key = make_key();
  EVP_PKEY* const key = parts_->key.get();
  parts_->certificate = make_certificate(name + " authority", key, nullptr, key, CertificateWish(), true);
  write_file(file(), [&](std::FILE* out) { return ::PEM_write_X509(out, parts_->certificate.get()); });
}

Authority::~Authority() = default;

std::string Authority::file() const {
  return (folder_ / (name_ + "-ca.pem")).string();
}

CertificateFiles Authority::issue(const std::string& name, const CertificateWish& wish) {
  const Key key = make_key();
  X509* const issuer = wish.self_signed ? nullptr : parts_->certificate.get();
  EVP_PKEY* const issuer_key = wish.self_signed ? key.get() : parts_->key.get();
  const Certificate certificate = make_certificate(name, key.get(), issuer, issuer_key, wish, false);
  const CertificateFiles out{(folder_ / (name + ".pem")).string(), (folder_ / (name + ".key")).string()};
  write_file(out.certificate, [&](std::FILE* file) { return ::PEM_write_X509(file, certificate.get()); });
  write_file(out.key, [&](std::FILE* file) {
    return ::PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return out;
}

}  // namespace stackscaler::test
