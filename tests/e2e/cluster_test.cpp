// SPDX-License-Identifier: Apache-2.0
//
// The program with custom resources of a real API server, under the shipped rights: what a person does with kubectl,
// and what they see.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>

#include "e2e/cluster_world.hpp"

namespace stackscaler::e2e {
namespace {

class InACluster : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = ClusterWorld::missing(); !missing.empty()) GTEST_SKIP() << missing;
  }
};

TEST_F(InACluster, APolicyIsAppliedScaledEditedAndDeleted) {
  ClusterWorld w;
  w.start();

  w.apply(w.policy());
  ASSERT_EQ(w.try_kubectl({"wait", "sp/web", "--for=condition=Ready", "--timeout=60s"}).exit_code, 0) << w.log();
  EXPECT_EQ(w.get(".status.currentInstances"), "1");
  EXPECT_EQ(w.get(".status.observedGeneration"), "1");

  w.load.set(90);
  ASSERT_TRUE(w.eventually([&] { return w.count() == 3; }));
  ASSERT_TRUE(w.eventually([&] { return w.get(".status.currentInstances") == "3"; }));
  EXPECT_TRUE(w.eventually([&] { return w.events().find("Scaled") != std::string::npos; }));
  const std::string described = w.kubectl({"describe", "sp", "web"});
  EXPECT_NE(described.find("scaled from"), std::string::npos) << described;
  EXPECT_NE(w.kubectl({"get", "sp"}).find("web"), std::string::npos);

  w.load.set(50);
  w.kubectl({"patch", "sp", "web", "--type=merge", "-p", R"({"spec":{"bounds":{"max":2}}})"});
  ASSERT_TRUE(w.eventually([&] { return w.count() == 2; }));
  EXPECT_TRUE(w.eventually([&] { return w.get(".status.observedGeneration") == "2"; }));

  w.kubectl({"delete", "sp", "web"});
  w.load.set(10);
  EXPECT_TRUE(w.always_for(3, [&] { return w.count() == 2; }));  // a deleted policy never touches the stack
}

TEST_F(InACluster, WhatTheServerCanNotCheckIsSaidOnTheResource) {
  ClusterWorld w;
  w.start();

  w.apply(w.policy("  schedules: [{ name: a, start: \"61 * * * *\", duration: 1h, freeze: true }]\n"));

  ASSERT_TRUE(w.eventually([&] { return w.condition("Stalled", "reason") == "InvalidSpec"; }));
  EXPECT_EQ(w.condition("Ready", "status"), "False");
  EXPECT_NE(w.condition("Ready", "message").find("spec.schedules[0].start"), std::string::npos);
  EXPECT_TRUE(w.eventually([&] { return w.events().find("InvalidSpec") != std::string::npos; }));

  w.apply(w.policy("  schedules: []\n"));
  EXPECT_TRUE(w.eventually([&] { return w.condition("Ready", "status") == "True"; }));
}

TEST_F(InACluster, WhatTheServerRefusesIsSaidByTheServer) {
  ClusterWorld w(std::nullopt);

  const auto run = w.try_kubectl({"apply", "-f", "-"}, w.policy("  bounds: { min: 5, max: 3 }\n"));
  const auto crossed = w.try_kubectl({"apply", "--dry-run=server", "-f", "-"}, [&] {
    std::string text = w.policy();
    text.replace(text.find("{ min: 1, max: 3 }"), 18, "{ min: 5, max: 3 }");
    return text;
  }());

  EXPECT_NE(run.exit_code, 0);  // the key twice
  EXPECT_NE(crossed.exit_code, 0);
  EXPECT_NE(crossed.err.find("spec.bounds"), std::string::npos) << crossed.err;
  EXPECT_EQ(w.try_kubectl({"apply", "--dry-run=server", "-f", "-"}, w.policy()).exit_code, 0);
  EXPECT_NE(w.kubectl({"explain", "scalingpolicy.spec.metrics.threshold"}).find("scaleUp"), std::string::npos);
}

TEST_F(InACluster, WhatIsNotGrantedIsNotUsed) {
  ClusterWorld w;
  w.start();

  w.apply(w.policy("  advisor: { type: openai, baseURL: \"http://127.0.0.1:1/v1\" }\n"));

  ASSERT_TRUE(w.eventually([&] { return w.condition("Stalled", "reason") == "NotGranted"; }));
  EXPECT_NE(w.condition("Ready", "message").find("spec.advisor.baseURL: the URL http://127.0.0.1:1/v1 is not granted"),
            std::string::npos);
  w.load.set(90);
  EXPECT_TRUE(w.always_for(3, [&] { return w.count() == 1; }));
}

TEST_F(InACluster, TheEmergencyStopIsAnAnnotationOfTheConfigMapOrOfThePolicy) {
  ClusterWorld w;
  w.start();
  w.apply(w.policy());
  ASSERT_TRUE(w.eventually([&] { return w.condition("Ready", "status") == "True"; }));

  (void)w.server().kubectl({"create", "configmap", w.pause_map(), "-n", ClusterWorld::kHome});
  (void)w.server().kubectl(
      {"annotate", "configmap", w.pause_map(), "-n", ClusterWorld::kHome, "stackscaler.dev/pause=database move"});
  ASSERT_TRUE(w.eventually([&] { return w.condition("Ready", "reason") == "Paused"; }));
  EXPECT_NE(w.condition("Ready", "message").find("database move"), std::string::npos);
  w.load.set(90);
  EXPECT_TRUE(w.always_for(3, [&] { return w.count() == 1; }));
  (void)w.server().kubectl(
      {"annotate", "configmap", w.pause_map(), "-n", ClusterWorld::kHome, "stackscaler.dev/pause-"});
  ASSERT_TRUE(w.eventually([&] { return w.count() == 3; }));

  w.kubectl({"annotate", "sp", "web", "stackscaler.dev/pause=this one"});
  ASSERT_TRUE(w.eventually([&] { return w.condition("Ready", "message").find("this one") != std::string::npos; }));
  w.load.set(10);
  EXPECT_TRUE(w.always_for(3, [&] { return w.count() == 3; }));
  w.kubectl({"annotate", "sp", "web", "stackscaler.dev/pause-"});
  EXPECT_TRUE(w.eventually([&] { return w.count() == 1; }));
}

TEST_F(InACluster, ADryRunDecidesAndTellsAndChangesNothing) {
  ClusterWorld w;
  w.load.set(90);
  w.start("a", {"--enable", "--dry-run"});
  w.apply(w.policy());

  ASSERT_TRUE(w.eventually([&] { return w.get(".status.desiredInstances") == "2"; }));
  EXPECT_TRUE(w.eventually([&] { return w.events().find("DryRun") != std::string::npos; }));
  EXPECT_TRUE(w.always_for(2, [&] { return w.count() == 1; }));
}

TEST_F(InACluster, TheServerMayGoAndComeBack) {
  ClusterWorld w;
  w.start();
  w.apply(w.policy());
  ASSERT_TRUE(w.eventually([&] { return w.condition("Ready", "status") == "True"; }));

  w.server().kill();
  w.load.set(90);
  ASSERT_TRUE(w.eventually([&] { return w.count() == 3; }));  // without election the loop goes on
  ASSERT_TRUE(w.server().restart());

  EXPECT_TRUE(w.eventually([&] { return w.get(".status.currentInstances") == "3"; }));
  w.kubectl({"patch", "sp", "web", "--type=merge", "-p", R"({"spec":{"bounds":{"max":4}}})"});
  EXPECT_TRUE(w.eventually([&] { return w.count() == 4; }));  // the watch goes on
}

TEST_F(InACluster, ASecretIsReadByReferenceAndStandsNowhere) {
  ClusterWorld w;
  std::ofstream(w.folder() / "grants.yaml")
      << "grants:\n  - {namespaces: ['*'], stacks: ['*'], secrets: [mimir], urls: [\"" << w.prometheus.url()
      << "\"]}\n";
  w.kubectl({"create", "role", "read-mimir", "--verb=get", "--resource=secrets", "--resource-name=mimir"});
  w.kubectl({"create", "rolebinding", "read-mimir", "--role=read-mimir",
             std::string("--serviceaccount=") + ClusterWorld::kHome + ":stackscaler"});
  std::string text = w.policy();
  const std::string metric = "    - name: cpu\n";
  text.insert(text.find(metric) + metric.size(),
              "      source: { url: \"" + w.prometheus.url() +
                  "\", auth: { bearer: { secretRef: { name: mimir, key: token } } } }\n");
  w.start("a", {"--enable", "--grants", (w.folder() / "grants.yaml").string()});

  w.apply(text);
  ASSERT_TRUE(w.eventually([&] { return w.condition("Ready", "reason") == "SecretUnavailable"; }));
  EXPECT_EQ(w.condition("Stalled", "status"), "False");  // it may come
  w.kubectl({"create", "secret", "generic", "mimir", "--from-literal=token=hunter2-very-secret"});

  ASSERT_TRUE(w.eventually([&] { return w.condition("Ready", "status") == "True"; }));
  w.load.set(90);
  EXPECT_TRUE(w.eventually([&] { return w.count() == 3; }));
  EXPECT_EQ(w.log().find("hunter2"), std::string::npos);
  EXPECT_EQ(w.kubectl({"get", "sp", "web", "-o", "yaml"}).find("hunter2"), std::string::npos);
  EXPECT_EQ(w.kubectl({"get", "events.events.k8s.io", "-o", "yaml"}).find("hunter2"), std::string::npos);
}

TEST_F(InACluster, OneReplicaLeadsAndTheOtherTakesOverWhenItDies) {
  ClusterWorld w;
  Process& first = w.start("a", {"--enable", "--leader-elect"});
  ASSERT_TRUE(w.eventually([&] { return w.log("a").find("msg=leading") != std::string::npos; }));
  w.start("b", {"--enable", "--leader-elect"});
  ASSERT_TRUE(w.eventually([&] { return w.log("b").find("standing by") != std::string::npos; }));
  w.apply(w.policy());
  ASSERT_TRUE(w.eventually([&] { return w.condition("Ready", "status") == "True"; }));
  EXPECT_EQ(w.log("b").find("msg=reconciled"), std::string::npos);  // a standby decides nothing

  first.signal(SIGKILL);
  const auto died = std::chrono::steady_clock::now();
  w.load.set(90);

  ASSERT_TRUE(w.eventually([&] { return w.count() == 3; }));
  // The lease lasts 15 s, and is looked at every two or so.
  EXPECT_LT(std::chrono::steady_clock::now() - died, std::chrono::seconds(45));
  EXPECT_NE(w.log("b").find("msg=leading"), std::string::npos);
}

TEST_F(InACluster, AStopGivesTheLeaseBackAtOnce) {
  ClusterWorld w;
  Process& first = w.start("a", {"--enable", "--leader-elect"});
  ASSERT_TRUE(w.eventually([&] { return w.log("a").find("msg=leading") != std::string::npos; }));
  w.start("b", {"--enable", "--leader-elect"});
  ASSERT_TRUE(w.eventually([&] { return w.log("b").find("standing by") != std::string::npos; }));

  first.signal(SIGTERM);
  EXPECT_EQ(first.wait(), 0);
  const auto ended = std::chrono::steady_clock::now();

  ASSERT_TRUE(w.eventually([&] { return w.log("b").find("msg=leading") != std::string::npos; }));
  EXPECT_LT(std::chrono::steady_clock::now() - ended, std::chrono::seconds(10));
}

// SIGSTOP: the old leader knows nothing of its being late. When it wakes, it must change nothing.
TEST_F(InACluster, Law4OneHandPerStackAPausedLeaderThatWakesUpChangesNothing) {
  ClusterWorld w;
  Process& first = w.start("a", {"--enable", "--leader-elect"});
  ASSERT_TRUE(w.eventually([&] { return w.log("a").find("msg=leading") != std::string::npos; }));
  w.apply(w.policy());
  ASSERT_TRUE(w.eventually([&] { return w.condition("Ready", "status") == "True"; }));
  w.start("b", {"--enable", "--leader-elect"});
  ASSERT_TRUE(w.eventually([&] { return w.log("b").find("standing by") != std::string::npos; }));

  first.signal(SIGSTOP);
  ASSERT_TRUE(w.eventually([&] { return w.log("b").find("msg=leading") != std::string::npos; }));
  w.load.set(90);
  ASSERT_TRUE(w.eventually([&] { return w.count() == 3; }));
  first.signal(SIGCONT);

  EXPECT_EQ(first.wait(), 1);  // it leaves, and whoever runs it starts it anew
  EXPECT_EQ(w.log("a").find("msg=scaled"), std::string::npos);
  EXPECT_EQ(w.count(), 3);
}

}  // namespace
}  // namespace stackscaler::e2e
