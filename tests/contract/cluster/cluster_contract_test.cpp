// SPDX-License-Identifier: Apache-2.0
//
// The cluster's parts against a real API server: policies come and go, statuses and secrets arrive.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "async/clock.hpp"
#include "cluster/cluster_source.hpp"
#include "cluster/pause_watch.hpp"
#include "cluster/resource.hpp"
#include "support/kube_server.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::cluster {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;

std::string slurp(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class FakeSink final : public ports::PolicySink {
 public:
  void upsert(std::shared_ptr<const policy::ScalingPolicy> policy) override {
    known[policy->key.name] = std::move(policy);
  }
  void remove(const policy::PolicyKey& key) override { known.erase(key.name); }
  std::map<std::string, std::shared_ptr<const policy::ScalingPolicy>> known;
};

class ClusterContract : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = test::KubeServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
    auto installed = server().install_crd(slurp(STK_SOURCE_DIR "/crd/stackscaler.dev_scalingpolicies.yaml"));
    ASSERT_TRUE(installed) << installed.error().message();
    space_ = server().make_namespace("cluster");
    auto config = kube::load_kubeconfig({server().admin_kubeconfig()}, "");
    ASSERT_TRUE(config) << config.error().message();
    credentials_.emplace(io_.get_executor(), std::move(*config), clock_, pool_);
    client_.emplace(io_.get_executor(), http_, *credentials_, clock_, random_);
    recorder_.emplace(io_.get_executor(), *client_, clock_, random_, log_, kube::EventOptions());
    status_.emplace(*client_, clock_, [] { return true; });
    events_.emplace(*recorder_);
    secrets_.emplace(*client_, pool_, log_, dir_ / "secrets");
  }
  void TearDown() override {
    if (tasks_) {
      tasks_->request_stop();
      test::run(io_, tasks_->join());
    }
    http_.close();
    io_.restart();
    io_.poll();
  }

  static test::KubeServer& server() { return test::KubeServer::shared(); }

  void watch(policy::Grants grants = policy::default_grants()) {
    ClusterSource::Options options;
    options.namespaces = {space_};
    options.grants = std::move(grants);
    source_.emplace(ClusterSource::Parts{io_.get_executor(), *client_, clock_, random_, log_, *status_, *events_,
                                         *secrets_, [] { return true; }},
                    std::move(options));
    tasks_.emplace(io_.get_executor(), log_);
    tasks_->spawn("source", source_->watch(sink_));
  }
  // Runs the loop until it holds; false after 20 s.
  template <class Condition>
  bool eventually(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_for(20ms);
    }
    return true;
  }
  [[nodiscard]] std::string path(const std::string& name = "") const {
    return "/apis/stackscaler.dev/v1alpha1/namespaces/" + space_ + "/scalingpolicies" +
           (name.empty() ? "" : "/" + name);
  }
  void put(const std::string& name, const json& more = json::object()) {
    json object{{"apiVersion", kApiVersion},
                {"kind", kKind},
                {"metadata", {{"name", name}}},
                {"spec", {{"stack", {{"id", name}}}, {"metrics", {{{"name", "n"}, {"preset", "instances"}}}}}}};
    object.merge_patch(more);
    const auto answer = server().request("POST", path(), object.dump());
    ASSERT_EQ(answer.status, 201) << answer.body;
  }
  void patch(const std::string& name, const json& change) {
    const auto answer = server().request("PATCH", path(name), change.dump(), "application/merge-patch+json");
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  json get(const std::string& name) { return json::parse(server().request("GET", path(name)).body); }
  void secret(const std::string& name, const std::string& value) {
    const json object{
        {"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", name}}}, {"stringData", {{"token", value}}}};
    const std::string at = "/api/v1/namespaces/" + space_ + "/secrets";
    if (server().request("POST", at, object.dump()).status == 409) {
      ASSERT_EQ(server().request("PATCH", at + "/" + name, object.dump(), "application/merge-patch+json").status, 200);
    }
  }

  test::TempDir dir_;
  asio::io_context io_;
  SystemClock clock_{io_.get_executor()};
  BlockingPool pool_{1};
  Random random_{3};
  test::MemoryLog log_;
  http::Client http_{io_.get_executor()};
  std::optional<kube::Credentials> credentials_;
  std::optional<kube::Client> client_;
  std::optional<kube::EventRecorder> recorder_;
  std::optional<ClusterStatusWriter> status_;
  std::optional<ClusterEvents> events_;
  std::optional<SecretFiles> secrets_;
  std::optional<ClusterSource> source_;
  std::optional<TaskGroup> tasks_;
  FakeSink sink_;
  std::string space_;
};

TEST_F(ClusterContract, TellsOfPoliciesThatComeChangeAndGo) {
  put("there");
  watch();
  ASSERT_TRUE(eventually([&] { return sink_.known.contains("there"); }));
  EXPECT_TRUE(source_->synced());
  EXPECT_EQ(sink_.known["there"]->spec.stack.id, space_ + "/there");

  put("new");
  ASSERT_TRUE(eventually([&] { return sink_.known.contains("new"); }));
  patch("new", {{"spec", {{"bounds", {{"min", 2}, {"max", 7}}}}}});
  ASSERT_TRUE(eventually([&] { return sink_.known["new"]->spec.bounds.max == 7; }));
  EXPECT_EQ(sink_.known["new"]->cluster->generation, 2);
  ASSERT_EQ(server().request("DELETE", path("there")).status, 200);
  EXPECT_TRUE(eventually([&] { return !sink_.known.contains("there"); }));
}

TEST_F(ClusterContract, APolicyThatBecomesInvalidIsTakenBackAndSaidOnce) {
  put("web");
  watch();
  ASSERT_TRUE(eventually([&] { return sink_.known.contains("web"); }));

  patch("web",
        {{"spec", {{"schedules", {{{"name", "a"}, {"start", "61 * * * *"}, {"duration", "1h"}, {"freeze", true}}}}}}});

  ASSERT_TRUE(eventually([&] { return !sink_.known.contains("web"); }));
  ASSERT_TRUE(eventually([&] { return get("web").contains("status"); }));
  const std::string version = get("web")["metadata"]["resourceVersion"];
  (void)eventually(
      [until = std::chrono::steady_clock::now() + 2s] { return std::chrono::steady_clock::now() > until; });
  EXPECT_EQ(get("web")["metadata"]["resourceVersion"], version);  // its own write is no news to it
}

TEST_F(ClusterContract, AStopThatFindsTheEmergencyStopsRequestOnItsWayEndsTheWatch) {
  PauseWatch pause(*client_, clock_, log_, space_, "stackscaler-pause");
  for (const auto& after : {0ms, 1ms, 2ms, 4ms, 8ms, 600ms}) {
    TaskGroup watching(io_.get_executor(), log_);
    watching.spawn("pause", pause.watch());
    io_.restart();
    io_.run_for(after);

    watching.request_stop();

    (void)eventually([&] { return watching.size() == 0; });
    ASSERT_EQ(watching.size(), 0U) << "stopped after " << after.count() << " ms";
  }
}

TEST_F(ClusterContract, AStatusIsWrittenReadBackAndWithoutAChangeNothing) {
  put("web");
  policy::Status status;
  status.observed_generation = 1;
  status.current_instances = 3;
  status.last_scale_time = WallTime(std::chrono::seconds(1'790'000'000));
  status.metrics = {{"n", "3", "", std::nullopt, ""}};
  policy::set_condition(status, {"Ready", policy::ConditionStatus::true_, "Ready", "m", 0, {}},
                        WallTime(std::chrono::seconds(1'790'000'001)));
  ASSERT_TRUE(test::run(io_, status_->write({space_, "web"}, status)));
  const json first = get("web");
  ASSERT_TRUE(test::run(io_, status_->write({space_, "web"}, status)));

  EXPECT_EQ(first["status"]["currentInstances"], 3);
  EXPECT_EQ(get("web")["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
  watch();
  ASSERT_TRUE(eventually([&] { return sink_.known.contains("web"); }));
  ASSERT_TRUE(sink_.known["web"]->cluster->status);
  EXPECT_FALSE(policy::worth_writing(*sink_.known["web"]->cluster->status, status));
}

TEST_F(ClusterContract, TheStatusOfAPolicyThatIsGoneIsNoError) {
  EXPECT_TRUE(test::run(io_, status_->write({space_, "nobody"}, policy::Status())));
}

TEST_F(ClusterContract, EverySecretThatAPolicyNamesIsPlacedFollowedAndRemoved) {
  secret("mimir", "first");
  secret("model", "sk-model");
  secret("aws", "id-1");
  policy::Grant grant;
  grant.namespaces = grant.stacks = grant.secrets = grant.env = grant.advisors = {"*"};
  put("web", json::parse(R"({"spec": {
    "stack": {"id": "web", "env": [{"name": "AWS_ACCESS_KEY_ID", "secretRef": {"name": "aws", "key": "token"}}]},
    "advisor": {"type": "openai", "apiKey": {"secretRef": {"name": "model", "key": "token"}}},
    "metrics": [{"name": "load", "query": "x", "desired": {},
                 "source": {"auth": {"bearer": {"secretRef": {"name": "mimir", "key": "token"}}}}}]}})"));
  watch({grant});
  ASSERT_TRUE(eventually([&] { return sink_.known.contains("web"); }));
  const policy::Spec& spec = sink_.known["web"]->spec;
  const fs::path file = spec.metrics[0].source->bearer_file;
  EXPECT_EQ(slurp(file), "first");
  EXPECT_EQ(slurp(spec.advisor.key_file), "sk-model");
  EXPECT_EQ(slurp(spec.stack.env[0].file), "id-1");
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);

  secret("mimir", "second");
  test::run(io_, secrets_->refresh());
  EXPECT_EQ(slurp(file), "second");

  ASSERT_EQ(server().request("DELETE", path("web")).status, 200);
  EXPECT_TRUE(eventually([&] { return !fs::exists(file); }));
}

TEST_F(ClusterContract, TheEmergencyStopFollowsItsAnnotation) {
  PauseWatch pause(*client_, clock_, log_, space_, "stop");
  test::run(io_, pause.look());
  EXPECT_EQ(pause.sentence(), "");  // there is no such ConfigMap

  const json object{{"apiVersion", "v1"},
                    {"kind", "ConfigMap"},
                    {"metadata", {{"name", "stop"}, {"annotations", {{std::string(kPauseAnnotation), "move"}}}}}};
  ASSERT_EQ(server().request("POST", "/api/v1/namespaces/" + space_ + "/configmaps", object.dump()).status, 201);
  test::run(io_, pause.look());
  EXPECT_EQ(pause.sentence(), "stopped by the annotation stackscaler.dev/pause of configmap " + space_ + "/stop: move");

  server().kill();
  test::run(io_, pause.look());
  EXPECT_NE(pause.sentence(), "");  // what was known holds while nobody can be asked
  ASSERT_TRUE(server().restart());
}

}  // namespace
}  // namespace stackscaler::cluster
