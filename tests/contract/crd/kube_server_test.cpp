// SPDX-License-Identifier: Apache-2.0
//
// The tests' own API server does what the tests that use it rest on.
#include "support/kube_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace stackscaler::test {
namespace {

using nlohmann::json;

class KubeServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = KubeServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
  }
};

std::string config_map(const std::string& name) {
  return json{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}}}}.dump();
}

TEST_F(KubeServerTest, KubectlSpeaksToItAsTheAdministrator) {
  const KubectlRun run = KubeServer::shared().kubectl({"auth", "can-i", "*", "*", "--all-namespaces"});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "yes\n");
}

TEST_F(KubeServerTest, AUserWithoutARoleMayNothing) {
  KubeServer& server = KubeServer::shared();

  const KubectlRun run = server.kubectl({"get", "configmaps"}, "", server.kubeconfig_for_user("nobody-special"));

  EXPECT_NE(run.exit_code, 0);
  EXPECT_NE(run.err.find("User \"nobody-special\" cannot list resource \"configmaps\""), std::string::npos) << run.err;
}

TEST_F(KubeServerTest, AServiceAccountsTokenMayWhatItsRoleGives) {
  KubeServer& server = KubeServer::shared();
  const std::string space = server.make_namespace("tokens");
  const std::string kubeconfig = server.kubeconfig_for_token(server.service_account_token(space, "reader"), space);
  const KubectlRun before = server.kubectl({"get", "configmaps"}, "", kubeconfig);

  const KubectlRun made =
      server.kubectl({"create", "role", "reader", "--verb=list", "--resource=configmaps", "-n", space});
  const KubectlRun bound = server.kubectl(
      {"create", "rolebinding", "reader", "--role=reader", "--serviceaccount=" + space + ":reader", "-n", space});
  // The server's own view of the roles follows a moment later.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  KubectlRun after;
  do {
    after = server.kubectl({"get", "configmaps"}, "", kubeconfig);
  } while (after.exit_code != 0 && std::chrono::steady_clock::now() < give_up);

  EXPECT_NE(before.exit_code, 0);
  EXPECT_EQ(made.exit_code + bound.exit_code, 0) << made.err << bound.err;
  EXPECT_EQ(after.exit_code, 0) << after.err;
}

TEST_F(KubeServerTest, RestartedItHasThePortAndTheDataOfBefore) {
  KubeServer& server = KubeServer::shared();
  const std::string maps = "/api/v1/namespaces/" + server.make_namespace("restart") + "/configmaps";
  ASSERT_EQ(server.request("POST", maps, config_map("kept")).status, 201);
  const int port = server.port();
  server.kill();

  ASSERT_TRUE(server.restart());

  EXPECT_EQ(server.port(), port);
  EXPECT_EQ(server.request("GET", maps + "/kept").status, 200);
}

TEST_F(KubeServerTest, CompactedAndRestartedItForgetsOldVersions) {
  KubeServer& server = KubeServer::shared();
  const std::string maps = "/api/v1/namespaces/" + server.make_namespace("compact") + "/configmaps";
  const json made = json::parse(server.request("POST", maps, config_map("first")).body);
  const auto version = made.at("metadata").at("resourceVersion").get<std::string>();
  ASSERT_EQ(server.request("POST", maps, config_map("second")).status, 201);

  ASSERT_TRUE(server.compact());
  ASSERT_TRUE(server.restart());
  const KubeAnswer answer = server.request("GET", maps + "?watch=true&timeoutSeconds=5&resourceVersion=" + version);

  const bool gone = answer.status == 410 || answer.body.find("\"code\":410") != std::string::npos;
  EXPECT_TRUE(gone) << answer.status << " " << answer.body;
}

}  // namespace
}  // namespace stackscaler::test
