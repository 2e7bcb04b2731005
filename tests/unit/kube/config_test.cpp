// SPDX-License-Identifier: Apache-2.0
#include "kube/config.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "support/temp_dir.hpp"

namespace stackscaler::kube {
namespace {

namespace fs = std::filesystem;

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

constexpr const char* kWhole = R"(
apiVersion: v1
kind: Config
current-context: prod
clusters:
- name: eu
  cluster: {server: "https://api.example:6443/k8s/", certificate-authority: pki/ca.pem, tls-server-name: inner}
- name: lab
  cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: aGVsbG8=}
users:
- name: admin
  user: {client-certificate: pki/me.pem, client-key-data: a2V5}
- name: bot
  user: {token: s3cret-token}
- name: plugin
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: bin/login
      args: [--cluster, eu]
      env: [{name: REGION, value: north}]
      installHint: get it from the shop
      provideClusterInfo: true
      interactiveMode: IfAvailable
contexts:
- name: prod
  context: {cluster: eu, user: admin, namespace: web}
- name: lab
  context: {cluster: lab, user: bot}
- name: sso
  context: {cluster: eu, user: plugin}
)";

std::string failure(const std::string& text, const std::string& context = "") {
  const auto config = parse_kubeconfig(text, "kc", "/cfg", context);
  return config ? "it was accepted" : config.error().message();
}

TEST(KubeconfigTest, TakesTheCurrentContextWithPathsFromItsFolder) {
  const auto config = parse_kubeconfig(kWhole, "kc", "/cfg", "");

  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->server.host, "api.example");
  EXPECT_EQ(config->server.path, "/k8s");
  EXPECT_TRUE(config->server.secure);
  EXPECT_EQ(config->tls.ca_file, "/cfg/pki/ca.pem");
  EXPECT_EQ(config->tls.server_name, "inner");
  EXPECT_EQ(config->tls.certificate_file, "/cfg/pki/me.pem");
  EXPECT_EQ(config->tls.key_pem.reveal(), "key");
  EXPECT_EQ(config->namespace_, "web");
  EXPECT_EQ(config->origin, "context 'prod' of kc");
}

TEST(KubeconfigTest, TakesTheContextThatIsNamed) {
  const auto lab = parse_kubeconfig(kWhole, "kc", "/cfg", "lab");
  const auto sso = parse_kubeconfig(kWhole, "kc", "/cfg", "sso");

  ASSERT_TRUE(lab) << lab.error().message();
  EXPECT_EQ(lab->tls.ca_pem, "hello");
  EXPECT_EQ(lab->token.reveal(), "s3cret-token");
  EXPECT_EQ(lab->namespace_, "default");
  ASSERT_TRUE(sso) << sso.error().message();
  ASSERT_TRUE(sso->exec);
  EXPECT_EQ(sso->exec->command, "/cfg/bin/login");
  EXPECT_EQ(sso->exec->args, (std::vector<std::string>{"--cluster", "eu"}));
  EXPECT_EQ(sso->exec->env.front(), (std::pair<std::string, std::string>("REGION", "north")));
  EXPECT_EQ(sso->exec->install_hint, "get it from the shop");
  EXPECT_TRUE(sso->exec->provide_cluster_info);
}

TEST(KubeconfigTest, NamesTheContextsThereAreWhenOneIsMissing) {
  EXPECT_SAYS(failure(kWhole, "prd"), "kc: there is no context 'prd' (there are: lab, prod, sso)");
  EXPECT_SAYS(failure("contexts: []"), "current-context: is not set");
}

struct Refused {
  std::string name;
  std::string cluster;  // the fields of the cluster
  std::string user;     // the fields of the user
  std::string says;
};
void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}

class RefusedKubeconfigTest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedKubeconfigTest, IsRefusedWithItsFileAndField) {
  const std::string text = "current-context: c\nclusters: [{name: k, cluster: {" + GetParam().cluster +
                           "}}]\nusers: [{name: u, user: {" + GetParam().user +
                           "}}]\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n";

  const std::string said = failure(text);

  EXPECT_SAYS(said, GetParam().says);
  EXPECT_EQ(said.find("hunter2"), std::string::npos) << "a credential is in the error";
}

const std::string kServer = "server: 'https://h:1'";

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedKubeconfigTest,
    testing::Values(
        Refused{"insecure", kServer + ", insecure-skip-tls-verify: true", "token: hunter2",
                "kc: clusters[0].cluster.insecure-skip-tls-verify: is not supported"},
        Refused{"proxy", kServer + ", proxy-url: 'http://p:1'", "",
                "kc: clusters[0].cluster.proxy-url: is not supported"},
        Refused{"no_server", "tls-server-name: x", "", "kc: clusters[0].cluster.server: is missing"},
        Refused{"ftp_server", "server: 'ftp://h'", "", "kc: clusters[0].cluster.server: "},
        Refused{"list_server", "server: [a]", "", "kc: clusters[0].cluster.server: must be a text"},
        Refused{"bad_ca", kServer + ", certificate-authority-data: '*hunter2*'", "",
                "kc: clusters[0].cluster.certificate-authority-data: must be base64"},
        Refused{"auth_provider", kServer, "auth-provider: {name: gcp}",
                "kc: users[0].user.auth-provider: is not supported"},
        Refused{"impersonation", kServer, "token: hunter2, as: root", "kc: users[0].user.as: is not supported"},
        Refused{"groups", kServer, "as-groups: [system:masters]", "kc: users[0].user.as-groups: is not supported"},
        Refused{"password", kServer, "username: me, password: hunter2", "kc: users[0].user.username: is not supported"},
        Refused{"half_certificate", kServer, "client-certificate: a.pem",
                "kc: users[0].user: client-certificate needs"},
        Refused{"half_key", kServer, "client-key: a.pem", "kc: users[0].user: client-key needs"},
        Refused{"bad_key", kServer, "client-certificate: a.pem, client-key-data: '?hunter2'",
                "kc: users[0].user.client-key-data: must be base64"},
        Refused{"old_plugin", kServer, "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}",
                "kc: users[0].user.exec.apiVersion: must be client.authentication.k8s.io/v1"},
        Refused{"no_command", kServer, "exec: {apiVersion: client.authentication.k8s.io/v1}",
                "kc: users[0].user.exec.command: is missing"},
        Refused{"interactive", kServer,
                "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}",
                "kc: users[0].user.exec.interactiveMode: Always is not supported"},
        Refused{"env", kServer,
                "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, env: [{name: 'A=B', value: hunter2}]}",
                "kc: users[0].user.exec.env[0].name: "},
        Refused{"args", kServer, "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, args: {a: b}}",
                "kc: users[0].user.exec.args: must be a list"}),
    testing::PrintToStringParamName());

TEST(KubeconfigTest, WhatIsNoKubeconfigIsRefusedWithItsPlace) {
  EXPECT_SAYS(failure("a: [b"), "kc:");
  EXPECT_SAYS(failure("- a"), "kc: is no kubeconfig");
  EXPECT_SAYS(failure("clusters: {a: b}"), "kc: clusters: must be a list");
  EXPECT_SAYS(failure("clusters: [{cluster: {}}]"), "kc: clusters[0]: must have a name");
  EXPECT_SAYS(failure("current-context: c\ncontexts: [{name: c, context: {cluster: gone}}]"),
              "kc: contexts[0].context.cluster: there is no cluster 'gone' (there are: none)");
  EXPECT_SAYS(failure(std::string(100'000, '[')), "kc:");
  EXPECT_SAYS(failure(std::string(2000, '-') + " a"), "kc:");
}

class KubeconfigFilesTest : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) {
    fs::create_directories((dir / name).parent_path());
    std::ofstream(dir / name) << text;
    return dir / name;
  }
  Environment environment() {
    return [this](const char* name) -> const char* {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    };
  }
  test::TempDir dir;
  std::map<std::string, std::string> variables;
};

TEST_F(KubeconfigFilesTest, OfSeveralFilesTheFirstToDefineAnEntryWins) {
  const auto one = write("one/config",
                         "users: [{name: u, user: {tokenFile: here}}]\n"
                         "clusters: [{name: k, cluster: {server: 'https://first:1'}}]\n");
  const auto two = write("two/config",
                         "current-context: c\nusers: [{name: u, user: {token: t}}]\n"
                         "clusters: [{name: k, cluster: {server: 'https://second:1'}}]\n"
                         "contexts: [{name: c, context: {cluster: k, user: u}}]\n");
  variables["KUBECONFIG"] = one.string() + "::" + (dir / "missing").string() + ":" + two.string();

  const auto config = load_config(ConfigChoice(), environment());

  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->server.host, "first");
  EXPECT_EQ(config->token_file, (dir / "one/here").string());
  EXPECT_TRUE(config->token.empty());
}

TEST_F(KubeconfigFilesTest, AFileThatIsNamedMustBeThere) {
  ConfigChoice choice;
  choice.kubeconfig = (dir / "missing").string();

  const auto config = load_config(choice, environment());

  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind(), ErrorKind::not_found);
  EXPECT_SAYS(config.error().message(), (dir / "missing").string());
}

TEST_F(KubeconfigFilesTest, WithoutAnythingItSaysWhereItHasLooked) {
  variables["HOME"] = dir.path().string();

  const auto config = load_config(ConfigChoice(), environment());

  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind(), ErrorKind::not_found);
  EXPECT_SAYS(config.error().message(), "KUBECONFIG is not set");
}

TEST_F(KubeconfigFilesTest, TheUsualFileOfTheHomeIsTakenLast) {
  write(".kube/config", kWhole);
  variables["HOME"] = dir.path().string();

  const auto config = load_config(ConfigChoice(), environment());

  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->tls.ca_file, (dir / ".kube/pki/ca.pem").string());
}

TEST_F(KubeconfigFilesTest, InsideAPodItsServiceAccountIsTaken) {
  write("sa/token", "abc\n");
  write("sa/ca.crt", "pem");
  write("sa/namespace", "scaling\n");
  variables["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  variables["KUBERNETES_SERVICE_PORT"] = "443";

  const auto config = load_in_cluster(environment(), dir / "sa");

  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->server.display(), "https://[fd00::1]:443/");
  EXPECT_EQ(config->token_file, (dir / "sa/token").string());
  EXPECT_EQ(config->tls.ca_file, (dir / "sa/ca.crt").string());
  EXPECT_EQ(config->namespace_, "scaling");
}

TEST_F(KubeconfigFilesTest, APodWithoutATokenIsToldWhy) {
  variables["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
  variables["KUBERNETES_SERVICE_PORT"] = "443";

  const auto config = load_in_cluster(environment(), dir / "sa");
  variables.clear();
  const auto outside = load_in_cluster(environment(), dir / "sa");

  ASSERT_FALSE(config);
  EXPECT_SAYS(config.error().message(), "automountServiceAccountToken");
  ASSERT_FALSE(outside);
  EXPECT_SAYS(outside.error().message(), "not inside a cluster");
}

}  // namespace
}  // namespace stackscaler::kube
