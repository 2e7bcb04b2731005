// SPDX-License-Identifier: Apache-2.0
//
// The commands that end by themselves, on real parts.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "e2e/world.hpp"

namespace stackscaler::e2e {
namespace {

using nlohmann::json;

class Commands : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string what = World::missing(); !what.empty()) GTEST_SKIP() << what;
  }

  // Waits until Prometheus has scraped the value.
  static bool seen(const World& w) {
    return w.eventually([&] {
      const Outcome pass = w.command({"reconcile", "--dry-run", "-o", "json"});
      return pass.out.find("MetricsMissing") == std::string::npos && pass.out.find("\"reason\"") != std::string::npos;
    });
  }
};

TEST_F(Commands, ReconcileDryRunTellsByItsExitCodeAndChangesNothing) {
  World w(1);
  w.write_policy("web.yaml", World::policy());
  ASSERT_TRUE(seen(w));
  const auto tree = w.stack.tree();
  const std::string policy = w.read_policy("web.yaml");

  EXPECT_EQ(w.command({"reconcile", "--dry-run"}).exit_code, 0);
  w.load.set(90);
  ASSERT_TRUE(w.eventually([&] { return w.command({"reconcile", "--dry-run"}).exit_code == 2; }));

  const Outcome planned = w.command({"reconcile", "--dry-run", "--plan", "-o", "json"});
  EXPECT_EQ(planned.exit_code, 2) << planned.err;
  const json row = json::parse(planned.out).at(0);
  EXPECT_EQ(row.at("policy"), "default/web");
  EXPECT_EQ(row.at("current"), 1);
  EXPECT_EQ(row.at("desired"), 2);
  EXPECT_EQ(row.at("action"), "scale_up");
  EXPECT_EQ(row.at("plan").at("safe"), true);
  EXPECT_NE(row.at("plan").at("summary").get<std::string>().find("terraform_data.app[1]"), std::string::npos);
  EXPECT_EQ(w.stack.tree(), tree);
  EXPECT_EQ(w.read_policy("web.yaml"), policy);
}

TEST_F(Commands, ReconcileMakesOnePassAndActs) {
  World w(1);
  w.write_policy("web.yaml", World::policy());
  w.load.set(90);
  ASSERT_TRUE(w.eventually([&] { return w.command({"reconcile", "--dry-run"}).exit_code == 2; }));

  const Outcome pass = w.command({"reconcile"});

  EXPECT_EQ(pass.exit_code, 0) << pass.err;
  EXPECT_NE(pass.out.find("AboveThreshold"), std::string::npos) << pass.out;
  EXPECT_EQ(w.count(), 2);
  EXPECT_EQ(w.status("web.yaml", "currentInstances"), "2");
}

TEST_F(Commands, ReconcileHoldsToSuspendAndReportsErrors) {
  World w(1);
  w.write_policy("web.yaml", World::policy("{ min: 1, max: 3 }", "  suspend: true\n"));
  w.load.set(90);
  ASSERT_TRUE(w.eventually([&] { return w.command({"reconcile", "--dry-run"}).exit_code == 2; }));

  EXPECT_EQ(w.command({"reconcile"}).exit_code, 0);
  EXPECT_EQ(w.count(), 1);

  w.write_policy("broken.yaml", "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: { name: x }\n");
  EXPECT_EQ(w.command({"reconcile"}).exit_code, 1);
}

TEST_F(Commands, StacksAreListedShownAndScaledByHand) {
  World w(2);

  const json list = json::parse(w.command({"stack", "list", "-o", "json"}).out);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].at("id"), "web");
  EXPECT_EQ(list[0].at("count"), 2);
  EXPECT_EQ(list[0].at("resource"), "terraform_data.app");

  const Outcome scaled = w.command({"stack", "scale", "web", "3", "--reason", "launch day", "-o", "json"});
  ASSERT_EQ(scaled.exit_code, 0) << scaled.err;
  EXPECT_EQ(json::parse(scaled.out).at("old_count"), 2);
  EXPECT_EQ(json::parse(scaled.out).at("new_count"), 3);
  EXPECT_EQ(w.count(), 3);

  const json shown = json::parse(w.command({"stack", "show", "web", "-o", "json"}).out);
  EXPECT_EQ(shown.at("count"), 3);
  EXPECT_NE(shown.at("lastScaleReason").get<std::string>().find("launch day"), std::string::npos);
  EXPECT_EQ(w.command({"stack", "show", "nope"}).exit_code, 1);
}

TEST_F(Commands, Law11APersonNeedsForceForALargeStepDown) {
  World w(3);

  const Outcome refused = w.command({"stack", "scale", "web", "1"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("--force"), std::string::npos) << refused.err;
  EXPECT_EQ(w.count(), 3);

  EXPECT_EQ(w.command({"stack", "scale", "web", "1", "--force"}).exit_code, 0);
  EXPECT_EQ(w.count(), 1);
  EXPECT_EQ(w.command({"stack", "scale", "web", "0"}).exit_code, 1);  // the last one is not a small step
  EXPECT_EQ(w.count(), 1);
}

TEST_F(Commands, DryRunHoldsForAPersonToo) {
  World w(1);

  const Outcome refused = w.command({"stack", "scale", "web", "2", "--dry-run"});

  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("--dry-run"), std::string::npos) << refused.err;
  EXPECT_EQ(w.count(), 1);
}

}  // namespace
}  // namespace stackscaler::e2e
