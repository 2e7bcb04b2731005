// SPDX-License-Identifier: Apache-2.0
//
// List and watch of a real API server: pages, bookmarks, restarts, a compacted history.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "contract/kube/connection.hpp"
#include "kube/informer.hpp"
#include "kube/objects.hpp"

namespace stackscaler::kube {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using stackscaler::test::KubeServer;
using test::Connection;

class Versions final : public Sink {
 public:
  void on_upsert(const Object& object) override { known[object.key.name] = object.resource_version; }
  void on_remove(const ObjectKey& key) override { known.erase(key.name); }
  void on_synced() override { ++synced; }
  std::map<std::string, std::string> known;
  int synced = 0;
};

class InformerContractTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = KubeServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
    server = &KubeServer::shared();
    ns = server->make_namespace("informer");
  }
  std::string path(const std::string& name = "") const {
    return "/api/v1/namespaces/" + ns + "/configmaps" + (name.empty() ? "" : "/" + name);
  }
  void make(const std::string& name, const std::string& team) {
    Json object = {{"apiVersion", "v1"}, {"kind", "ConfigMap"}};
    object["metadata"] = {{"name", name}, {"labels", {{"team", team}}}};
    const auto answer = server->request("POST", path(), object.dump());
    ASSERT_EQ(answer.status, 201) << answer.body;
  }
  void change(const std::string& name, const std::string& value) {
    const Json patch = {{"data", {{"x", value}}}};
    const auto answer = server->request("PATCH", path(name), patch.dump(), "application/merge-patch+json");
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  std::map<std::string, std::string> truth(const std::string& team) {
    const Json list = Json::parse(server->request("GET", path() + "?labelSelector=team%3D" + team).body);
    std::map<std::string, std::string> out;
    for (const Json& item : list["items"]) out[item["metadata"]["name"]] = item["metadata"]["resourceVersion"];
    return out;
  }
  InformerTarget target() const {
    InformerTarget out;
    out.resource = test::config_maps();
    out.namespace_ = ns;
    out.label_selector = "team=a";
    return out;
  }

  KubeServer* server = nullptr;
  std::string ns;
};

TEST_F(InformerContractTest, PagesThenFollowsChangesAndWhatLeavesTheSelector) {
  for (int i = 0; i < 25; ++i) make("m" + std::to_string(i), i % 5 == 0 ? "b" : "a");
  Connection c(test::config_of(server->admin_kubeconfig()));
  Versions seen;
  InformerOptions options;
  options.page = 7;
  Informer informer(c.client, c.clock, c.random, c.log, target(), seen, options);
  TaskGroup group(c.io.get_executor(), c.log);
  group.spawn("informer", informer.run());
  c.until([&] { return std::holds_alternative<Watching>(informer.state()); });
  const std::size_t listed = seen.known.size();

  change("m1", "2");
  (void)server->request("DELETE", path("m2"));
  make("new", "a");
  const Json leaves = {{"metadata", {{"labels", {{"team", "b"}}}}}};
  (void)server->request("PATCH", path("m3"), leaves.dump(), "application/merge-patch+json");
  c.until([&] { return seen.known == truth("a"); });
  c.stop(group);

  EXPECT_EQ(listed, 20U);
  EXPECT_EQ(seen.synced, 1);
  EXPECT_FALSE(seen.known.contains("m3"));
}

TEST_F(InformerContractTest, AWatchThatEndsByItsTimeoutIsResumedWithoutANewList) {
  make("one", "a");
  Connection c(test::config_of(server->admin_kubeconfig()));
  Versions seen;
  InformerOptions options;
  options.watch_shortest = options.watch_longest = 1s;
  options.calm = 500ms;
  Informer informer(c.client, c.clock, c.random, c.log, target(), seen, options);
  TaskGroup group(c.io.get_executor(), c.log);
  group.spawn("informer", informer.run());

  c.until([&] { return informer.stats().watches >= 3; });
  change("one", "2");
  c.until([&] { return seen.known == truth("a"); });
  c.stop(group);

  EXPECT_EQ(informer.stats().lists, 1U);
  EXPECT_EQ(informer.stats().failures, 0U);
}

TEST_F(InformerContractTest, ARestartedServerAndAForgottenHistoryLoseNothing) {
  for (int i = 0; i < 5; ++i) make("m" + std::to_string(i), "a");
  Connection c(test::config_of(server->admin_kubeconfig()));
  Versions seen;
  InformerOptions options;
  options.backoff_first = 100ms;
  options.backoff_cap = 1s;
  Informer informer(c.client, c.clock, c.random, c.log, target(), seen, options);
  TaskGroup group(c.io.get_executor(), c.log);
  group.spawn("informer", informer.run());
  c.until([&] { return std::holds_alternative<Watching>(informer.state()); });

  server->kill();
  c.until([&] { return !informer.trouble().empty(); });
  const auto restarted = server->restart();
  ASSERT_TRUE(restarted) << restarted.error().message();
  (void)server->request("DELETE", path("m0"));
  change("m1", "2");
  c.until([&] { return seen.known == truth("a"); });
  // While it is away: its history is forgotten, so it has to list.
  server->kill();
  c.until([&] { return std::holds_alternative<Listed>(informer.state()); });
  c.stop(group);
  ASSERT_TRUE(server->restart());
  (void)server->request("DELETE", path("m2"));
  make("late", "a");
  ASSERT_TRUE(server->compact());
  ASSERT_TRUE(server->restart());
  TaskGroup again(c.io.get_executor(), c.log);
  again.spawn("informer", informer.run());
  c.until([&] { return seen.known == truth("a"); });
  c.stop(again);

  EXPECT_GE(informer.stats().lists, 2U);
  EXPECT_FALSE(seen.known.contains("m2"));
}

}  // namespace
}  // namespace stackscaler::kube
