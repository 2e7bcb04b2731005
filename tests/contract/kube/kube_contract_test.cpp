// SPDX-License-Identifier: Apache-2.0
//
// The client against a real API server: who we are, objects, leases, events, secrets.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "contract/kube/connection.hpp"
#include "kube/events.hpp"
#include "kube/lease.hpp"
#include "kube/objects.hpp"
#include "kube/secret_data.hpp"

namespace stackscaler::kube {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using stackscaler::test::KubeServer;
using test::Connection;

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

class KubeContractTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = KubeServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
    server = &KubeServer::shared();
    ns = server->make_namespace("kube");
  }
  Json get_json(const std::string& path) { return Json::parse(server->request("GET", path).body); }
  Result<Object> who(Connection& connection) {
    Resource reviews;
    reviews.group = "authentication.k8s.io";
    reviews.version = "v1";
    reviews.plural = "selfsubjectreviews";
    Request request(http::Method::post, reviews.path(""));
    request.body = R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})";
    auto answer = connection.run(connection.client.send(std::move(request)));
    if (!answer) return fail(answer.error());
    Object object;
    object.json = answer->body;
    return object;
  }
  std::string user_of(Connection& connection) {
    auto object = who(connection);
    if (!object) return "error: " + object.error().message();
    return Json::parse(object->json)["status"]["userInfo"]["username"].get<std::string>();
  }

  KubeServer* server = nullptr;
  std::string ns;
};

TEST_F(KubeContractTest, ACertificateATokenAndAPluginOfAKubeconfigAreTaken) {
  const std::string token = server->service_account_token(ns, "bot");
  const stackscaler::test::TempDir dir;
  std::ofstream(dir / "login") << "#!/bin/sh\necho '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":"
                                  "\"ExecCredential\",\"status\":{\"token\":\""
                               << token << "\"}}'\n";
  ::chmod((dir / "login").c_str(), 0755);
  ClusterConfig with_plugin = test::config_of(server->admin_kubeconfig());
  with_plugin.tls.certificate_pem.clear();
  with_plugin.tls.key_pem = Secret();
  ExecPlugin plugin;
  plugin.api_version = "client.authentication.k8s.io/v1";
  plugin.command = (dir / "login").string();
  plugin.provide_cluster_info = true;
  with_plugin.exec = plugin;

  Connection certificate(test::config_of(server->admin_kubeconfig()));
  Connection bearer(test::config_of(server->kubeconfig_for_token(token, ns)));
  Connection exec(with_plugin);

  EXPECT_EQ(user_of(certificate), "admin");
  EXPECT_EQ(user_of(bearer), "system:serviceaccount:" + ns + ":bot");
  EXPECT_EQ(user_of(exec), "system:serviceaccount:" + ns + ":bot");
  EXPECT_EQ(bearer.client.default_namespace(), ns);
}

TEST_F(KubeContractTest, ATokenFileThatIsReplacedIsTakenAfterTheServerRefusedTheOldOne) {
  const stackscaler::test::TempDir dir;
  std::ofstream(dir / "token") << "no-token-of-theirs";
  ClusterConfig config = test::config_of(server->kubeconfig_for_token("x", ns));
  config.token_file = (dir / "token").string();
  Connection connection(config);

  const std::string refused = user_of(connection);
  std::ofstream(dir / "token") << server->service_account_token(ns, "bot");
  const std::string taken = user_of(connection);

  EXPECT_SAYS(refused, "(401)");
  EXPECT_EQ(refused.find("no-token-of-theirs"), std::string::npos);
  EXPECT_EQ(taken, "system:serviceaccount:" + ns + ":bot");
}

TEST_F(KubeContractTest, WhatIsForbiddenIsSaidInTheServersWords) {
  Connection connection(test::config_of(server->kubeconfig_for_token(server->service_account_token(ns, "bot"), ns)));

  const auto secret = connection.run(read_secret_key(connection.client, SecretKey(ns, "s", "k")));

  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().kind(), ErrorKind::unauthorized);
  EXPECT_SAYS(secret.error().message(), "cannot get resource \"secrets\"");
}

TEST_F(KubeContractTest, ObjectsAreMadeGuardedAppliedAndRemoved) {
  Connection c(test::config_of(server->admin_kubeconfig()));
  const ObjectPath path(test::config_maps(), ns, "a");
  const std::string applied_json =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"applied"}})";

  const std::string first = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1"}})";
  const auto made = c.run(create(c.client, path, first));
  ASSERT_TRUE(made) << made.error().message();
  const auto again = c.run(create(c.client, path, first));
  const auto merged = c.run(merge_patch(c.client, path, R"({"data":{"x":"2"}})", "tests"));
  ASSERT_TRUE(merged) << merged.error().message();
  const auto stale = c.run(replace(c.client, path, made->json));
  const auto contested = c.run(apply(c.client, path, applied_json, "other", false));
  const auto forced = c.run(apply(c.client, path, applied_json, "other", true));
  DeleteOptions wrong;
  wrong.uid = "00000000-0000-0000-0000-000000000000";
  const auto not_that_one = c.run(remove(c.client, path, wrong));
  const auto removed = c.run(remove(c.client, path, DeleteOptions()));
  const auto invalid =
      c.run(create(c.client, path, R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"A B"}})"));

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason(), "AlreadyExists");
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().reason(), "Conflict");
  ASSERT_FALSE(contested);
  EXPECT_EQ(contested.error().kind(), ErrorKind::conflict);
  ASSERT_TRUE(forced) << forced.error().message();
  EXPECT_EQ(Json::parse(forced->json)["data"]["x"], "applied");
  ASSERT_FALSE(not_that_one);
  EXPECT_EQ(not_that_one.error().kind(), ErrorKind::conflict);
  EXPECT_TRUE(removed);
  ASSERT_FALSE(invalid);
  EXPECT_EQ(invalid.error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(invalid.error().reason(), "Invalid");
}

TEST_F(KubeContractTest, ASecretsKeyIsReadWithTheRightForThatOneNameOnly) {
  const std::string token = server->service_account_token(ns, "reader");
  const std::string base = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + ns;
  (void)server->request(
      "POST", "/api/v1/namespaces/" + ns + "/secrets",
      R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"key"},"stringData":{"token":"hunter2"}})");
  (void)server->request("POST", base + "/roles",
                        R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r"},"rules":[
                      {"apiGroups":[""],"resources":["secrets"],"resourceNames":["key"],"verbs":["get"]}]})");
  (void)server->request(
      "POST", base + "/rolebindings",
      R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"r"},"roleRef":
                      {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"},"subjects":
                      [{"kind":"ServiceAccount","name":"reader","namespace":")" +
          ns + "\"}]}");
  Connection c(test::config_of(server->kubeconfig_for_token(token, ns)));
  // The server's authorizer hears of a new role a moment later.
  Result<Secret> secret = fail(ErrorKind::internal, "not asked");
  for (int i = 0; i < 100 && !secret; ++i) {
    secret = c.run(read_secret_key(c.client, SecretKey(ns, "key", "token")));
    if (!secret) (void)c.run(c.clock.sleep_for(100ms));
  }
  const auto other = c.run(read_secret_key(c.client, SecretKey(ns, "other", "token")));

  ASSERT_TRUE(secret) << secret.error().message();
  EXPECT_EQ(secret->reveal(), "hunter2");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind(), ErrorKind::unauthorized);
}

class Observer final : public ElectionObserver {
 public:
  void on_leading() override { ++leading; }
  void on_lost() override { ++lost; }
  int leading = 0;
  int lost = 0;
};

TEST_F(KubeContractTest, ALeaseIsTakenRenewedGivenBackAndTakenByTheNext) {
  Connection c(test::config_of(server->admin_kubeconfig()));
  const std::string lease = "/apis/coordination.k8s.io/v1/namespaces/" + ns + "/leases/main";
  Observer seen_a;
  Observer seen_b;
  LeaseName a_name;
  a_name.namespace_ = ns;
  a_name.name = "main";
  a_name.identity = "a";
  LeaseName b_name = a_name;
  b_name.identity = "b";
  LeaseTimes times;
  times.lease = 30s;  // so that a slow machine does not lose it
  times.renew = 25s;
  times.retry = 200ms;
  LeaderElection a(c.client, c.clock, c.random, c.log, a_name, times, seen_a);
  LeaderElection b(c.client, c.clock, c.random, c.log, b_name, times, seen_b);
  TaskGroup group_a(c.io.get_executor(), c.log);
  TaskGroup group_b(c.io.get_executor(), c.log);
  group_a.spawn("a", a.run());
  c.until([&] { return a.is_leader(); });
  group_b.spawn("b", b.run());
  const std::string renewed = get_json(lease)["spec"]["renewTime"];
  c.until([&] { return b.holder() == "a" && get_json(lease)["spec"]["renewTime"] != renewed; });
  const int b_before = seen_b.leading;

  c.stop(group_a);
  const auto released = c.run(a.release());
  c.until([&] { return b.is_leader(); }, 20s);
  const Json spec = get_json(lease)["spec"];
  c.stop(group_b);

  EXPECT_EQ(b_before, 0);
  EXPECT_TRUE(released) << released.error().message();
  EXPECT_EQ(seen_a.lost, 1);
  EXPECT_EQ(spec["holderIdentity"], "b");
  EXPECT_EQ(spec["leaseTransitions"], 1);
}

TEST_F(KubeContractTest, EventsAreTakenByTheServerAndBecomeASeries) {
  Connection c(test::config_of(server->admin_kubeconfig()));
  EventOptions options;
  options.reporting_instance = "pod-1";
  options.series_pause = 100ms;
  EventRecorder recorder(c.io.get_executor(), c.client, c.clock, c.random, c.log, options);
  TaskGroup group(c.io.get_executor(), c.log);
  group.spawn("events", recorder.run());
  EventDraft draft;
  draft.regarding.api_version = "v1";
  draft.regarding.kind = "ConfigMap";
  draft.regarding.namespace_ = ns;
  draft.regarding.name = "a";
  draft.type = EventType::warning;
  draft.reason = "ScaleFailed";
  draft.action = "ScaleUp";
  draft.note = "terraform apply: exit status 1";

  recorder.record(draft);
  c.until([&] { return recorder.stats().created + recorder.stats().dropped == 1; });
  recorder.record(draft);
  recorder.record(draft);
  c.until([&] { return recorder.stats().patched + recorder.stats().dropped >= 1; });
  c.stop(group);

  const Json events = get_json("/apis/events.k8s.io/v1/namespaces/" + ns + "/events")["items"];
  EXPECT_EQ(recorder.stats().dropped, 0U) << (c.log.lines().empty() ? "" : c.log.lines().back());
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["reason"], "ScaleFailed");
  EXPECT_EQ(events[0]["reportingController"], "stackscaler.dev/controller");
  EXPECT_EQ(events[0]["series"]["count"], 3);
  EXPECT_SAYS(server->kubectl({"-n", ns, "events"}).out, "terraform apply: exit status 1");
}

}  // namespace
}  // namespace stackscaler::kube
