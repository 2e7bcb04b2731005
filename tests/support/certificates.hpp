// SPDX-License-Identifier: Apache-2.0
//
// Authority: certificates and keys made at test time (EC P-256), for tests of TLS. PEM files in a folder of the test's.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace stackscaler::test {

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

struct CertificateWish {
  std::string alternative_names = "DNS:localhost,IP:127.0.0.1";  // as OpenSSL's subjectAltName
  std::chrono::seconds begins{-3600};                            // from now
  std::chrono::seconds ends{3600};
  bool self_signed = false;
  std::vector<std::string> organizations{};  // O: a Kubernetes user's groups
};

class Authority {
 public:
  // The authority's certificate is `<name>-ca.pem` in the folder.
  Authority(std::filesystem::path folder, const std::string& name);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  [[nodiscard]] std::string file() const;
  // Writes `<name>.pem` and `<name>.key`, over those that are there.
  [[nodiscard]] CertificateFiles issue(const std::string& name, const CertificateWish& wish = CertificateWish());

 private:
  struct Parts;
  std::filesystem::path folder_;
  std::string name_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace stackscaler::test
