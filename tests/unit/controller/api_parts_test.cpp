// SPDX-License-Identifier: Apache-2.0
//
// What the API needs of the controller: where it listens, the ceiling, policies' texts, a scale by hand, a look.
#include <gtest/gtest.h>

#include <fstream>

#include "controller/ceiling.hpp"
#include "controller/listen.hpp"
#include "controller/policy_text.hpp"
#include "fakes.hpp"
#include "policy/reasons.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::controller {
namespace {

constexpr const char* kToken = "0123456789abcdef";

Options listening(const std::string& where, const std::string& token = "") {
  Options out;
  out.listen = where;
  out.token = Secret(token);
  return out;
}

TEST(ListenTest, LoopbackNeedsNoToken) {
  const auto plan = plan_listen(listening("127.0.0.1:8008"));

  ASSERT_TRUE(plan && *plan);
  EXPECT_EQ((*plan)->address, "127.0.0.1");
  EXPECT_EQ((*plan)->port, 8008);
  EXPECT_TRUE((*plan)->loopback);
  EXPECT_TRUE(plan_listen(listening("[::1]:0")));
  const auto off = plan_listen(listening("off"));
  ASSERT_TRUE(off);
  EXPECT_FALSE(*off);
}

TEST(ListenTest, BeyondThisMachineATokenIsNeededAndTheSentenceSaysWhy) {
  for (const std::string where : {"0.0.0.0:8008", "[::]:8008", "192.0.2.1:8008"}) {
    const auto refused = plan_listen(listening(where));
    ASSERT_FALSE(refused) << where;
    EXPECT_NE(refused.error().message().find("other machines"), std::string::npos);
    EXPECT_NE(refused.error().message().find("--token-file"), std::string::npos);
    EXPECT_TRUE(plan_listen(listening(where, kToken))) << where;
  }
}

TEST(ListenTest, WhatIsNoAddressIsNamed) {
  for (const std::string where :
       {"", "8008", "localhost:8008", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:8008"}) {
    const auto refused = plan_listen(listening(where));
    ASSERT_FALSE(refused) << where;
    EXPECT_NE(refused.error().message().find("--listen"), std::string::npos);
  }
}

TEST(ListenTest, AWeakTokenIsRefusedAndNotRepeated) {
  for (const std::string token : {"short", "0123456789abcde ", "0123456789abcde\xc3\xa9"}) {
    const auto refused = plan_listen(listening("127.0.0.1:0", token));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message().find(token), std::string::npos);
  }
}

TEST(ListenTest, TheTokensFileLosesItsLineEnd) {
  const test::TempDir dir;
  std::ofstream(dir / "token") << kToken << "\n";
  std::ofstream(dir / "empty") << "\n";
  Options options = listening("127.0.0.1:0");
  options.token_file = dir / "token";

  EXPECT_EQ((*plan_listen(options))->token.reveal(), kToken);
  options.token_file = dir / "empty";
  EXPECT_FALSE(plan_listen(options));
  options.token_file = dir / "none";
  EXPECT_FALSE(plan_listen(options));
}

TEST(CeilingTest, NoPolicyAsksForMore) {
  World w;
  Ceiling ceiling(w.loop, 4, w.log);
  auto wide = policy_of("web");
  policy::Schedule schedule;
  schedule.max = 9;
  wide->spec.schedules.push_back(schedule);
  wide->spec.on_missing_instances = 7;

  ceiling.upsert(wide);
  ceiling.upsert(wide);

  policy::PolicyKey key;
  key.name = "web";
  const policy::Spec& spec = w.loop.memory(key)->policy->spec;
  EXPECT_EQ(spec.bounds, (policy::Bounds{1, 4}));
  EXPECT_EQ(spec.schedules.at(0).max, 4);
  EXPECT_EQ(spec.on_missing_instances, 4);
  EXPECT_EQ(wide->spec.bounds.max, 10) << "the source's own is as it was";
  EXPECT_TRUE(w.log.contains("max-instances-ceiling"));
}

struct Text {
  std::string name;
  std::string yaml;
  std::string shown;  // "": none at all
};

class RedactTest : public testing::TestWithParam<Text> {};

TEST_P(RedactTest, HidesSecretsAndNothingElse) {
  EXPECT_EQ(redact_policy(GetParam().yaml).value_or(""), GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(
    PolicyText, RedactTest,
    testing::Values(
        Text{"Plain", "spec: { stack: { id: web } }  # mine\n", "spec: { stack: { id: web } }  # mine\n"},
        Text{"Env",
             "spec:\n  stack:\n    env:\n      - name: A\n        value: s3cret # x\n      - { name: B, value: \"q, "
             "}\" }\n",
             "spec:\n  stack:\n    env:\n      - name: A\n        value: *** # x\n      - { name: B, value: *** }\n"},
        Text{"AfterUmlauts", "# äöü\nspec:\n  stack:\n    env: [{ name: Ä, value: geheim }]\n",
             "# äöü\nspec:\n  stack:\n    env: [{ name: Ä, value: *** }]\n"},
        Text{"ThresholdsStay", "spec:\n  metrics: [{ name: a, target: { type: Value, value: \"200\" } }]\n",
             "spec:\n  metrics: [{ name: a, target: { type: Value, value: \"200\" } }]\n"},
        Text{"Webhook", "spec:\n  stack:\n    hooks:\n      postScaleOut: { webhook: https://hooks.example/T0/B1 }\n",
             "spec:\n  stack:\n    hooks:\n      postScaleOut: { webhook: https://hooks.example/*** }\n"},
        Text{"Credentials", "spec:\n  metrics: [{ query: a, source: { url: http://me:pw@prom/ } }]\n",
             "spec:\n  metrics: [{ query: a, source: { url: http://***@prom/ } }]\n"},
        Text{"RepeatedInAComment", "# hunter2\nspec:\n  stack:\n    env: [{ name: A, value: hunter2 }]\n", ""},
        Text{"Block", "spec:\n  stack:\n    env:\n      - name: A\n        value: |\n          s3cret\n", ""},
        Text{"NoYaml", "spec: [\n", ""}),
    [](const auto& one) { return one.param.name; });

TEST(PolicyTextTest, IsTheOneDocumentOfItsFile) {
  const test::TempDir dir;
  const auto document = [](const std::string& name) {
    return "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: { name: " + name +
           " }\nspec:\n  stack: { id: " + name +
           " }\n  metrics: [{ name: cpu, query: up, threshold: { scaleUp: 75, scaleDown: 30 } }]\n";
  };
  std::ofstream(dir / "two.yaml") << document("one") << "---\n# the second\n" << document("two");
  policy::PolicyKey key;
  key.name = "two";

  const PolicyText text = read_policy_text(dir / "two.yaml", key, "another digest", policy::Defaults());

  EXPECT_EQ(text.yaml, "# the second\n" + document("two"));
  EXPECT_FALSE(text.is_loaded);
  key.name = "none";
  EXPECT_FALSE(read_policy_text(dir / "two.yaml", key, "", policy::Defaults()).yaml);
}

// A scale by hand, to its end.
Result<ports::ScaleReport> by_hand(World& w, int to, ports::WriteRequest gate = {ports::Origin::explicit_}) {
  Reconciler::ManualOrder order;
  order.stack.id = "web";
  order.to = to;
  order.max_step = policy::Behavior{}.scale_down.max_step;
  order.gate = std::move(gate);
  order.requested_by = "api 127.0.0.1";
  order.reason = policy::reason::kManual;
  order.message = "launch day";
  ports::ProgressSink nobody = [](const ports::OperationProgress&) {};
  return test::run(w.io, w.reconciler.scale_by_hand(std::move(order), std::move(nobody)));
}

TEST(ManualScaleTest, Law3WorksWhileTheLoopIsOff) {
  World w({.enabled = false});

  const auto report = by_hand(w, 5);

  ASSERT_TRUE(report);
  EXPECT_EQ(report->count_after, 5);
  EXPECT_TRUE(w.log.contains("scaled by=api 127.0.0.1"));
}

TEST(ManualScaleTest, Law3DryRunHoldsForAPersonToo) {
  World process({.enabled = true, .dry_run = true});
  EXPECT_EQ(by_hand(process, 5).error().reason(), "DryRun");
  World policy;
  ports::WriteRequest dry{ports::Origin::explicit_};
  dry.policy_dry_run = true;
  EXPECT_EQ(by_hand(policy, 5, dry).error().reason(), "DryRun");
  EXPECT_TRUE(policy.driver.scaled.empty());
}

TEST(ManualScaleTest, Law11NoMoreAtOnceThanMaxStep) {
  World w;
  w.driver.count = 8;

  const auto refused = by_hand(w, 5);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "OutOfBounds");
  EXPECT_NE(refused.error().message().find("go to 6 first"), std::string::npos) << refused.error().message();
  EXPECT_TRUE(by_hand(w, 6));
}

TEST(ManualScaleTest, TheFleetsBudgetHoldsForAPersonToo) {
  ReconcilerSettings rules;
  rules.fleet.max_destroyed_per_hour = 1;
  World w({.enabled = true}, rules);
  w.driver.count = 8;

  EXPECT_EQ(by_hand(w, 6).error().reason(), "FleetLimit");
  EXPECT_TRUE(by_hand(w, 7));
}

TEST(LookTest, ComesToADecisionAndLeavesNothing) {
  World w;
  w.metrics.cpu = 90;

  const Turn turn = test::run(w.io, w.reconciler.look(policy_of("web")));

  ASSERT_TRUE(turn.decision);
  EXPECT_EQ(turn.decision->action, decision::Action::scale_up);
  EXPECT_TRUE(w.driver.scaled.empty());
  EXPECT_TRUE(w.status.written.empty());
  EXPECT_FALSE(w.reconciler.claims().managed_by_other(policy_of("web")->key));
}

TEST(LoopTest, AWishedTurnComesAtOnceAndIsTold) {
  struct Told final : public LoopObserver {
    std::vector<std::string> what;
    void known(const policy::ScalingPolicy&) override { what.emplace_back("known"); }
    void gone(const policy::PolicyKey&) override { what.emplace_back("gone"); }
    void began(const policy::PolicyKey&) override { what.emplace_back("began"); }
    void decided(const Turn&) override { what.emplace_back("decided"); }
    void ended(const PolicyMemory&, const Turn&, const policy::Status&) override { what.emplace_back("ended"); }
    void moved(const policy::ScalingPolicy&, const ports::OperationProgress&) override { what.emplace_back("moved"); }
  } told;
  World w;
  w.reconciler.observe_with(&told);
  w.loop.observe_with(&told);
  w.add(policy_of("web", 1h));
  w.start();
  w.clock.advance(2s);
  told.what.clear();
  w.metrics.cpu = 90;

  EXPECT_TRUE(w.loop.wake(policy_of("web")->key, true));
  w.clock.advance(1s);
  w.loop.remove(policy_of("web")->key);

  EXPECT_EQ(told.what, (std::vector<std::string>{"began", "decided", "moved", "ended", "gone"}));
  EXPECT_FALSE(w.loop.wake(policy_of("web")->key, true));
}

}  // namespace
}  // namespace stackscaler::controller
