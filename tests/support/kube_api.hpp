// SPDX-License-Identifier: Apache-2.0
//
// KubeApi: one kept-alive HTTPS connection to an API server, for tests: they set things up with it and look at what
// the code under test has left.
//
// What it is not: the product's client (kube/client.hpp), which must not be tested with itself. Blocking: call it
// outside of the loop. A connection that the server has closed is made anew once.
#pragma once

#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"

namespace stackscaler::test {

struct KubeAnswer {
  int status = 0;
  std::string body;
};

class KubeApi {
 public:
  // `token` goes into the header Authorization; empty: nobody.
  KubeApi(int port, std::string ca_file, std::string token);
  ~KubeApi();
  KubeApi(const KubeApi&) = delete;
  KubeApi& operator=(const KubeApi&) = delete;

  // An answer of any status; an error only where there is no answer within the patience.
  [[nodiscard]] Result<KubeAnswer> send(const std::string& verb, const std::string& target,
                                        const std::string& body = "",
                                        const std::string& content_type = "application/json");
  [[nodiscard]] Result<KubeAnswer> get(const std::string& target) { return send("GET", target); }
  void set_patience(Duration patience) { patience_ = patience; }

 private:
  struct Connection;
  [[nodiscard]] Result<KubeAnswer> attempt(const std::string& verb, const std::string& target, const std::string& body,
                                           const std::string& content_type);

  int port_;
  std::string ca_file_;
  std::string token_;
  Duration patience_ = std::chrono::seconds(30);
  std::unique_ptr<Connection> connection_;
};

}  // namespace stackscaler::test
