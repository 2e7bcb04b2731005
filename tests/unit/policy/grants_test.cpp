// SPDX-License-Identifier: Apache-2.0
//
// What an operator's list gives and what it does not: each use of a policy, with and without its grant.
#include "policy/grants.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace stackscaler::policy {
namespace {

ScalingPolicy plain() {
  ScalingPolicy p;
  p.key = {"shop", "web"};
  p.spec.stack.id = "web";
  Metric metric;
  metric.name = "cpu";
  p.spec.metrics.push_back(metric);
  return p;
}

Source& source_of(ScalingPolicy& p) {
  auto& source = p.spec.metrics[0].source;
  if (!source) source.emplace();
  return *source;
}

Grants parse(const std::string& body) {
  auto grants = parse_grants("grants:\n  - " + body + "\n", "grants.yaml");
  EXPECT_TRUE(grants) << grants.error().message();
  return grants.value_or(Grants());
}

struct Use {
  std::string name;
  std::function<void(ScalingPolicy&)> use;
  std::string grant;  // beside namespaces and stacks
  std::string lack;   // what is said without it
};

class Granted : public testing::TestWithParam<Use> {};

TEST_P(Granted, IsRefusedByNameWithoutItsGrantAndPassesWithIt) {
  ScalingPolicy p = plain();
  GetParam().use(p);

  const auto without = not_granted(p, "web", default_grants());
  const auto with = not_granted(p, "web", parse("{namespaces: [shop], stacks: [web], " + GetParam().grant + "}"));

  ASSERT_EQ(without.size(), 1U);
  EXPECT_EQ(without[0], GetParam().lack + " is not granted to namespace shop");
  EXPECT_TRUE(with.empty()) << with[0];
}

INSTANTIATE_TEST_SUITE_P(
    Each, Granted,
    testing::Values(Use{"env", [](auto& p) { p.spec.stack.env.push_back({"AWS_PROFILE", "prod", ""}); }, "env: [AWS_*]",
                        "spec.stack.env[AWS_PROFILE]: the variable"},
                    Use{"var_file", [](auto& p) { p.spec.stack.var_files = {"prod.tfvars", "/etc/shared.tfvars"}; },
                        "files: [/etc/shared.tfvars]", "spec.stack.varFiles: the file /etc/shared.tfvars"},
                    Use{"template", [](auto& p) { p.spec.stack.template_file = "/tpl/main.tf.tpl"; }, "files: [/tpl/]",
                        "spec.stack.template: the file /tpl/main.tf.tpl"},
                    Use{"backend_config", [](auto& p) { p.spec.stack.backend_config = {"bucket=mine"}; },
                        "backendConfig: true", "spec.stack.backendConfig: a backend's configuration"},
                    Use{"data_loss", [](auto& p) { p.spec.stack.allow_data_loss = true; }, "allowDataLoss: true",
                        "spec.stack.allowDataLoss: data loss"},
                    Use{"command", [](auto& p) { p.spec.stack.pre_scale_in = Hook{{"./drain.sh"}, "", {}}; },
                        "commands: true", "spec.stack.hooks.preScaleIn.command: a command"},
                    Use{"webhook", [](auto& p) { p.spec.stack.post_scale_out = Hook{{}, "https://hooks/a", {}}; },
                        "urls: [\"https://hooks\"]", "spec.stack.hooks.postScaleOut.webhook: the URL https://hooks/a"},
                    Use{"metric_url", [](auto& p) { source_of(p).url = "https://mimir/prometheus"; },
                        "urls: [\"https://mimir/prometheus\"]",
                        "spec.metrics[cpu].source.url: the URL https://mimir/prometheus"},
                    Use{"tenant", [](auto& p) { source_of(p).tenant = "team-a"; }, "tenants: [team-*]",
                        "spec.metrics[cpu].source.tenant: the tenant team-a"},
                    Use{"bearer_file", [](auto& p) { source_of(p).bearer_file = "/run/token"; }, "files: [/run/]",
                        "spec.metrics[cpu].source.auth.bearer.file: the file /run/token"},
                    Use{"bearer_secret", [](auto& p) { source_of(p).bearer_secret = {"mimir", "token"}; },
                        "secrets: [mimir]", "spec.metrics[cpu].source.auth.bearer.secretRef: the Secret mimir"},
                    Use{"password_secret", [](auto& p) { source_of(p).basic_password_secret = {"mimir", "p"}; },
                        "secrets: ['*']", "spec.metrics[cpu].source.auth.basic.passwordSecretRef: the Secret mimir"},
                    Use{"password_file", [](auto& p) { source_of(p).basic_password_file = "/p"; }, "files: [/p]",
                        "spec.metrics[cpu].source.auth.basic.passwordFile: the file /p"},
                    Use{"client_key", [](auto& p) { source_of(p).key_file = "/k"; }, "files: [/k]",
                        "spec.metrics[cpu].source.tls.key: the file /k"},
                    Use{"model", [](auto& p) { p.spec.advisor.type = AdvisorType::gemini; }, "advisors: [gemini]",
                        "spec.advisor.type: the model advisor gemini"}),
    [](const auto& param) { return param.param.name; });

TEST(Grants, AVarFileThatClimbsOutOfTheStackCanNotBeGranted) {
  ScalingPolicy p = plain();
  p.spec.stack.var_files = {"../other/x.tfvars"};
  EXPECT_EQ(not_granted(p, "web", parse("{namespaces: ['*'], stacks: ['*'], files: [/]}")).size(), 1U);

  const auto grants = parse_grants("grants: [{namespaces: ['*'], files: [../x]}]\n", "grants.yaml");

  ASSERT_FALSE(grants);
  EXPECT_TRUE(grants.error().message().starts_with("grants.yaml:1:")) << grants.error().message();
}

TEST(Grants, WithoutAListAPolicyMayUseItsStackAndTheProcesssServer) {
  EXPECT_TRUE(not_granted(plain(), "web", default_grants()).empty());
}

TEST(Grants, AnotherNamespaceOrAnotherStackIsNotGranted) {
  const Grants grants = parse("{namespaces: [team-*], stacks: [web, api-*]}");
  ScalingPolicy p = plain();
  EXPECT_EQ(not_granted(p, "web", grants).size(), 1U);

  p.key.namespace_ = "team-a";

  EXPECT_TRUE(not_granted(p, "web", grants).empty());
  EXPECT_TRUE(not_granted(p, "api-2", grants).empty());
  EXPECT_EQ(not_granted(p, "db", grants),
            std::vector<std::string>{"spec.stack.id: the stack db is not granted to namespace team-a"});
}

TEST(Grants, GrantsOfOneNamespaceAddUp) {
  ScalingPolicy p = plain();
  p.spec.stack.env.push_back({"A", "1", ""});
  p.spec.stack.allow_data_loss = true;
  const auto grants = parse_grants(
      "grants:\n  - {namespaces: ['*'], stacks: ['*'], env: [A]}\n"
      "  - {namespaces: [shop], stacks: [web], allowDataLoss: true}\n",
      "grants.yaml");
  ASSERT_TRUE(grants);

  EXPECT_TRUE(not_granted(p, "web", *grants).empty());
}

TEST(Grants, AUrlIsGrantedOnlyUpToWhereAPartOfItEnds) {
  const Grants grants = parse("{namespaces: ['*'], stacks: ['*'], urls: [\"https://a/b\"]}");
  const auto allowed = [&](const std::string& url) {
    ScalingPolicy p = plain();
    source_of(p).url = url;
    return not_granted(p, "web", grants).empty();
  };

  EXPECT_TRUE(allowed("https://a/b"));
  EXPECT_TRUE(allowed("https://a/b/c"));
  EXPECT_TRUE(allowed("https://a/b?x=1"));
  EXPECT_FALSE(allowed("https://a/bc"));
  EXPECT_FALSE(allowed("https://a/b/../c"));
  EXPECT_FALSE(allowed("https://a/b/.."));
  EXPECT_FALSE(allowed("http://a/b"));
  EXPECT_FALSE(allowed("https://a"));
}

TEST(Grants, AHostIsNotTheBeginningOfAnotherOne) {
  const Grants grants = parse("{namespaces: ['*'], stacks: ['*'], urls: [\"https://metrics.example\"]}");
  ScalingPolicy p = plain();
  source_of(p).url = "https://metrics.example.evil/";
  EXPECT_EQ(not_granted(p, "web", grants).size(), 1U);
  source_of(p).url = "https://metrics.example:9999/";
  EXPECT_EQ(not_granted(p, "web", grants).size(), 1U);
  source_of(p).url = "https://metrics.example@evil/";
  EXPECT_EQ(not_granted(p, "web", grants).size(), 1U);
}

TEST(Grants, AFolderIsNoWayOutOfItself) {
  const Grants grants = parse("{namespaces: ['*'], stacks: ['*'], files: [/run/shop/]}");
  ScalingPolicy p = plain();
  source_of(p).bearer_file = "/run/shop/../other/token";
  EXPECT_EQ(not_granted(p, "web", grants).size(), 1U);
}

TEST(Grants, ProblemsAreSaidWithTheirPlaces) {
  const auto grants = parse_grants(
      "grants:\n  - {stacks: ['a*b'], env: AWS_*, advisors: [claude], commands: maybe, more: 1}\nother: 1\n", "g.yaml");

  ASSERT_FALSE(grants);
  const std::string& said = grants.error().message();
  for (const char* part : {"g.yaml:2:", "grants[0].namespaces is missing", "grants[0].stacks", "grants[0].env",
                           "grants[0].advisors", "grants[0].commands", "grants[0].more", "g.yaml:3:", "other"}) {
    EXPECT_NE(said.find(part), std::string::npos) << part << "\n" << said;
  }
}

TEST(Grants, AnEmptyListGivesNothing) {
  const auto grants = parse_grants("grants: []\n", "g.yaml");

  ASSERT_TRUE(grants);
  EXPECT_EQ(not_granted(plain(), "web", *grants).size(), 1U);
}

TEST(Grants, AFileWithoutAListIsRefused) {
  EXPECT_FALSE(parse_grants("[]\n", "g.yaml"));
  EXPECT_FALSE(parse_grants("{}\n", "g.yaml"));
  EXPECT_FALSE(parse_grants("grants: {a: [\n", "g.yaml"));
}

}  // namespace
}  // namespace stackscaler::policy
