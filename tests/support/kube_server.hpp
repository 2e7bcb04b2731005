// SPDX-License-Identifier: Apache-2.0
//
// KubeServer: a real kube-apiserver with an etcd of its own, for tests: loopback, free ports, a temporary folder, RBAC.
//
// What it is not: a cluster. There is no node, and no controller manager: no namespace is emptied, no default
// ServiceAccount appears, aggregated roles such as `view` are empty. scripts/kubernetes-parts makes the programs. They
// are ended by their ids in the destructor and die with the test program. Starting takes some seconds, so a test
// program shares one (shared()) and its CTest entry is one process (stk_add_test with WHOLE); each test takes a
// namespace of its own. Blocking: call it outside of the loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "support/certificates.hpp"
#include "support/kube_api.hpp"
#include "support/server_process.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::test {

struct KubectlRun {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class KubeServer {
 public:
  // What is missing on this machine, for GTEST_SKIP, or "".
  [[nodiscard]] static std::string missing();
  // The path of a part (kubectl, etcd, kube-apiserver), or its name where the PATH has it.
  [[nodiscard]] static std::string program(const std::string& name);
  // The program's one server, started at the first call. Throws when it does not start.
  [[nodiscard]] static KubeServer& shared();

  KubeServer();
  ~KubeServer() = default;
  KubeServer(const KubeServer&) = delete;
  KubeServer& operator=(const KubeServer&) = delete;

  // Returns when /readyz answers and the namespace "default" is there.
  [[nodiscard]] Result<void> start();
  // The API server alone goes: by SIGTERM, or at once. The data stay.
  void stop() { apiserver_.stop(); }
  void kill() { apiserver_.kill(); }
  [[nodiscard]] pid_t pid() const { return apiserver_.pid(); }
  // Ends it if it runs, and starts it on the same port with the same data.
  [[nodiscard]] Result<void> restart();
  // Drops the history up to now: once restarted, the server answers older resource versions with 410 Gone.
  [[nodiscard]] Result<void> compact();

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string ca_file() const { return authority_.file(); }
  [[nodiscard]] std::string log() const { return apiserver_.log(); }

  // As a member of system:masters, on a connection that the tests share.
  [[nodiscard]] KubeApi& admin() { return *admin_; }
  [[nodiscard]] KubeAnswer request(const std::string& verb, const std::string& target, const std::string& body = "",
                                   const std::string& content_type = "application/json");
  // A new namespace, "<prefix>-<number>".
  [[nodiscard]] std::string make_namespace(const std::string& prefix);
  // Waits until the CustomResourceDefinition is served. `yaml`: its text. Applies it again where it is there.
  [[nodiscard]] Result<void> install_crd(const std::string& yaml);

  // Kubeconfig files, each with the authority and the credentials in it.
  [[nodiscard]] std::string admin_kubeconfig();
  [[nodiscard]] std::string kubeconfig_for_user(const std::string& user, const std::vector<std::string>& groups = {});
  [[nodiscard]] std::string kubeconfig_for_token(const std::string& token, const std::string& namespace_ = "default");
  // A client certificate of a user, for kubeconfigs that a test writes itself.
  [[nodiscard]] CertificateFiles user_certificate(const std::string& user, const std::vector<std::string>& groups = {});
  // Makes the ServiceAccount where it is not there, and a token of it (TokenRequest; at least 10 minutes).
  [[nodiscard]] std::string service_account_token(const std::string& namespace_, const std::string& name,
                                                  Duration valid = std::chrono::hours(1));

  // Runs kubectl with the kubeconfig (empty: the admin's) and `input` on its standard input.
  [[nodiscard]] KubectlRun kubectl(const std::vector<std::string>& arguments, const std::string& input = "",
                                   const std::string& kubeconfig = "");

 private:
  [[nodiscard]] Result<void> launch_etcd();
  [[nodiscard]] Result<void> launch_apiserver(int port);
  [[nodiscard]] bool ready(int port) const;
  [[nodiscard]] std::string write_kubeconfig(const std::string& user_json, const std::string& namespace_);

  TempDir folder_;
  Authority authority_{folder_.path(), "kube"};
  ServerProcess etcd_{folder_ / "etcd.log", std::chrono::seconds(60), std::chrono::seconds(10)};
  ServerProcess apiserver_{folder_ / "apiserver.log", std::chrono::seconds(180), std::chrono::seconds(15)};
  CertificateFiles serving_;
  CertificateFiles service_accounts_;
  std::string admin_token_;
  std::string admin_kubeconfig_;
  std::unique_ptr<KubeApi> admin_;
  int etcd_port_ = 0;
  int port_ = 0;
  int serial_ = 0;
};

}  // namespace stackscaler::test
