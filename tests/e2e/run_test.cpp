// SPDX-License-Identifier: Apache-2.0
//
// The whole program against real parts: terraform, Prometheus, files.
#include <gtest/gtest.h>
#include <signal.h>

#include "e2e/world.hpp"

namespace stackscaler::e2e {
namespace {

class EndToEnd : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string what = World::missing(); !what.empty()) GTEST_SKIP() << what;
  }
};

// A stack whose new instances take a while.
std::string slow_stack(int seconds) {
  return test::counted_stack("  provisioner \"local-exec\" {\n    command = \"sleep " + std::to_string(seconds) +
                             "\"\n  }\n");
}

TEST_F(EndToEnd, AStackFollowsItsLoadUpToTheBoundAndDownAgain) {
  World w(1);
  const auto before = w.ids();
  w.write_policy("web.yaml", World::policy());
  w.load.set(90);
  w.start();

  ASSERT_TRUE(w.eventually([&] { return w.count() == 3; }));
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "lastDecision.reason") == "TooManyInstances"; }));
  EXPECT_EQ(w.status("web.yaml", "currentInstances"), "3");
  EXPECT_EQ(w.status("web.yaml", "Ready.status"), "True");
  EXPECT_EQ(w.status("web.yaml", "PlanSafe.status"), "True");
  const auto at_peak = w.ids();
  EXPECT_EQ(at_peak.at(0), before.at(0));

  w.load.set(10);
  std::map<int, std::string> lower;
  ASSERT_TRUE(w.eventually([&] { return (lower = w.ids()).size() == 2; }));
  EXPECT_EQ(lower, (std::map<int, std::string>{{0, at_peak.at(0)}, {1, at_peak.at(1)}}));  // the highest goes
  ASSERT_TRUE(w.eventually([&] { return w.count() == 1; }));
  EXPECT_EQ(w.ids(), before);  // the lowest stays
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "currentInstances") == "1"; }));
  EXPECT_NE(w.metadata().find("\"instance_count\": 1"), std::string::npos) << w.metadata();
  EXPECT_NE(w.read_policy("web.yaml").find("stack: { id: web }  # adopted"), std::string::npos);
}

TEST_F(EndToEnd, Law1AForeignChangeIsRefusedNamedAndNothingIsTouched) {
  World w(1);
  w.stack.write("other.tf", "resource \"terraform_data\" \"other\" {}\n");
  w.write_policy("web.yaml", World::policy());
  w.load.set(90);
  w.start();

  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "Ready.reason") == "PlanRefused"; }));
  EXPECT_NE(w.status("web.yaml", "Ready.message").find("terraform_data.other"), std::string::npos);
  EXPECT_EQ(w.status("web.yaml", "Stalled.status"), "True");
  EXPECT_EQ(w.status("web.yaml", "PlanSafe.status"), "False");
  EXPECT_EQ(w.count(), 1);
  EXPECT_FALSE(w.stack.tree().contains("stackscaler.auto.tfvars.json"));

  std::filesystem::remove(w.stack.folder() / "other.tf");
  w.write_policy("web.yaml", World::policy("{ min: 1, max: 4 }"));  // a changed spec is tried at once
  EXPECT_TRUE(w.eventually([&] { return w.count() >= 2; }));
}

TEST_F(EndToEnd, Law3OffByDefaultAndDryRunChangeNothing) {
  World w(1);
  w.write_policy("web.yaml", World::policy());
  w.load.set(90);
  const auto tree = w.stack.tree();
  const auto metadata = w.metadata();

  w.start({});
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "desiredInstances") == "2"; }));
  EXPECT_EQ(w.status("web.yaml", "Ready.reason"), "NotEnabled");
  EXPECT_TRUE(w.always_for(2, [&] { return w.count() == 1; }));
  w.signal(SIGTERM);
  ASSERT_EQ(w.wait_for_exit(), 0);

  w.start({"--enable", "--dry-run"});
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "Ready.reason") == "DryRun"; }));
  EXPECT_TRUE(w.always_for(2, [&] { return w.count() == 1; }));
  EXPECT_EQ(w.stack.tree(), tree);
  EXPECT_EQ(w.metadata(), metadata);
}

TEST_F(EndToEnd, AnEditedPolicyIsWorkedOnAtOnce) {
  World w(1);
  std::string policy = World::policy("{ min: 1, max: 3 }");
  policy.replace(policy.find("interval: 1s"), 12, "interval: 1h");
  w.write_policy("web.yaml", policy);
  w.start();
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "currentInstances") == "1"; }));
  EXPECT_EQ(w.status("web.yaml", "observedGeneration"), "1");

  policy.replace(policy.find("{ min: 1, max: 3 }"), 18, "{ min: 3, max: 3 }");
  w.write_policy("web.yaml", policy);

  ASSERT_TRUE(w.eventually([&] { return w.count() == 3; }));
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "currentInstances") == "3"; }));
  EXPECT_EQ(w.status("web.yaml", "observedGeneration"), "2");
}

TEST_F(EndToEnd, ABadPolicyBesideAGoodOneIsReportedWithItsPlace) {
  World w(1);
  w.write_policy("bad.yaml", World::policy("{ min: 5, max: 3 }"));
  w.write_policy("web.yaml", World::policy());
  w.load.set(90);
  w.start();

  EXPECT_TRUE(w.eventually([&] { return w.count() == 3; }));
  EXPECT_NE(w.log().find("bad.yaml:7:"), std::string::npos) << w.log();
  EXPECT_EQ(w.status("bad.yaml", "currentInstances"), "");

  const Outcome validated = w.command({"validate", w.policies().string()});
  EXPECT_EQ(validated.exit_code, 1);
  EXPECT_NE(validated.out.find("bad.yaml:7:"), std::string::npos) << validated.out;
}

TEST_F(EndToEnd, Law2WithoutPrometheusNothingChangesAndItGoesOnAfterwards) {
  World w(2);
  w.write_policy("web.yaml", World::policy());
  w.start();
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "MetricsAvailable.status") == "True"; }));

  w.load.set(10);
  w.prometheus.stop();
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "MetricsAvailable.status") == "False"; }));
  EXPECT_EQ(w.status("web.yaml", "lastDecision.reason"), "MetricsMissing");
  const int now = w.count();
  EXPECT_TRUE(w.always_for(3, [&] { return w.count() == now; }));

  ASSERT_TRUE(w.prometheus.restart());
  EXPECT_TRUE(w.eventually([&] { return w.count() == 1; }));
}

TEST_F(EndToEnd, Law12AStackFolderThatVanishesIsSaidAndTakenUpAgainWhenItIsBack) {
  World w(2);
  w.write_policy("web.yaml", World::policy());
  w.load.set(10);
  w.start({});
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "Ready.reason") == "NotEnabled"; }));

  const std::filesystem::path aside = w.stack.folder().string() + ".aside";
  std::filesystem::rename(w.stack.folder(), aside);
  EXPECT_TRUE(w.eventually([&] { return w.status("web.yaml", "Ready.status") == "False"; }));
  EXPECT_FALSE(w.status("web.yaml", "Ready.message").empty());
  EXPECT_EQ(w.status("web.yaml", "currentInstances"), "2");  // what was known, not zero

  std::filesystem::rename(aside, w.stack.folder());
  EXPECT_TRUE(w.eventually([&] { return w.status("web.yaml", "Ready.reason") == "NotEnabled"; }));
}

TEST_F(EndToEnd, APolicyThatCantHoldAStatusIsFollowedAndHasItBeside) {
  World w(1);
  w.write_policy("web.yaml", "{" + std::string("apiVersion: stackscaler.dev/v1alpha1, kind: ScalingPolicy, ") +
                                 "metadata: { name: web }, spec: { stack: { id: web }, interval: 1s, bounds: { min: 2, "
                                 "max: 3 }, metrics: [{ name: cpu, query: max(test_cpu), threshold: { scaleUp: 75, "
                                 "scaleDown: 30 } }] } }\n");
  const std::string before = w.read_policy("web.yaml");
  w.start();

  EXPECT_TRUE(w.eventually([&] { return w.count() == 2; }));
  const std::filesystem::path sidecar = w.data() / "status" / "default" / "web.yaml";
  EXPECT_TRUE(w.eventually([&] { return w.log().find("it is written in flow style") != std::string::npos; }));
  EXPECT_TRUE(std::filesystem::exists(sidecar));
  EXPECT_EQ(w.read_policy("web.yaml"), before);
}

TEST_F(EndToEnd, Law13ATermInMidApplyFollowsItToItsEnd) {
  World w(1, slow_stack(0));
  w.stack.write("main.tf", slow_stack(4));
  w.write_policy("web.yaml", World::policy("{ min: 1, max: 2 }"));
  w.load.set(90);
  w.start();
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "operation.phase") == "Applying"; }));

  w.signal(SIGTERM);

  EXPECT_EQ(w.wait_for_exit(), 0);
  EXPECT_EQ(w.count(), 2);
  EXPECT_EQ(w.status("web.yaml", "currentInstances"), "2");
  EXPECT_EQ(w.status("web.yaml", "operation.phase"), "");
  EXPECT_EQ(w.status("web.yaml", "Reconciling.status"), "False");
  EXPECT_NE(w.metadata().find("\"instance_count\": 2"), std::string::npos);
}

TEST_F(EndToEnd, Law5AKillInMidApplyIsHealedByTheNextStart) {
  World w(1, slow_stack(0));
  w.stack.write("main.tf", slow_stack(4));
  w.write_policy("web.yaml", World::policy("{ min: 1, max: 2 }"));
  w.load.set(90);
  w.start();
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "operation.phase") == "Applying"; }));

  w.signal(SIGKILL);
  ASSERT_EQ(w.wait_for_exit(), 128 + SIGKILL);
  w.load.set(50);
  w.start();

  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "currentInstances") == "2"; }));
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "Ready.status") == "True"; }));
  const std::string closed = "an open operation was brought to its end";
  ASSERT_TRUE(w.eventually([&] { return w.log().find(closed) != std::string::npos; })) << w.log();
  EXPECT_EQ(w.status("web.yaml", "operation.phase"), "");
  EXPECT_EQ(w.count(), 2);
  EXPECT_NE(w.metadata().find("\"instance_count\": 2"), std::string::npos) << w.metadata();
  EXPECT_NE(w.stack.read("stackscaler.auto.tfvars.json").find("2"), std::string::npos);
  EXPECT_NE(w.log().find("an open operation was brought to its end"), std::string::npos) << w.log();
}

}  // namespace
}  // namespace stackscaler::e2e
