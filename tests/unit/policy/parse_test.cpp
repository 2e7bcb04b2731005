// SPDX-License-Identifier: Apache-2.0
#include "policy/parse.hpp"

#include <gtest/gtest.h>

namespace stackscaler::policy {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kSmall = R"(apiVersion: stackscaler.dev/v1alpha1
kind: ScalingPolicy
metadata: {name: web}
spec:
  stack: {id: web}
  metrics:
    - {name: cpu, preset: cpu, threshold: {scaleUp: 75, scaleDown: 30}}
)";

ParsedFile parse(std::string_view text) {
  return parse_policies(text, "web.yaml", "/etc/policies", Defaults{});
}

std::string replaced(std::string_view from, std::string_view to) {
  std::string out(kSmall);
  out.replace(out.find(from), from.size(), to);
  return out;
}

std::string digest_of(std::string_view text) {
  const ParsedFile parsed = parse(text);
  EXPECT_TRUE(parsed.problems.empty()) << parsed.problems.front().str("x");
  return parsed.policies.empty() ? "" : parsed.policies.front().policy.spec_digest;
}

TEST(ParseTest, FillsInTheDefaultsOfTheTypesAndOfTheEnvironment) {
  const Defaults defaults{.bounds = {2, 9}, .interval = 42s, .confidence_threshold = 0.25};

  const ParsedFile parsed = parse_policies(kSmall, "web.yaml", "/etc/policies", defaults);

  ASSERT_EQ(parsed.policies.size(), 1U);
  const ScalingPolicy& policy = parsed.policies[0].policy;
  EXPECT_EQ(policy.key.str(), "default/web");
  EXPECT_EQ(policy.origin, "web.yaml");
  EXPECT_EQ(policy.spec.bounds, (Bounds{2, 9}));
  EXPECT_EQ(policy.spec.interval, 42s);
  Advisor rules;
  rules.confidence_threshold = 0.25;
  EXPECT_EQ(policy.spec.advisor, rules);
  EXPECT_EQ(policy.spec.behavior, Behavior{});
  EXPECT_EQ(policy.spec.stack.variable, "instance_count");
  ASSERT_EQ(policy.spec.metrics.size(), 1U);
  EXPECT_EQ(policy.spec.metrics[0].max_age, 2min);
  EXPECT_EQ(policy.spec.metrics[0].threshold, (Threshold{75, 30, Step{1, false}}));
  EXPECT_EQ(policy.spec_digest.size(), 64U);
}

TEST(ParseTest, ResolvesTheStackPathAgainstThePolicysFolder) {
  const auto path_of = [](std::string_view written) {
    const ParsedFile parsed = parse(replaced("id: web", written));
    return parsed.policies.empty() ? std::string("none") : parsed.policies[0].policy.spec.stack.path;
  };

  EXPECT_EQ(path_of("path: ../stacks/web"), "/etc/stacks/web");
  EXPECT_EQ(path_of("path: ../stacks/./web/"), "/etc/stacks/web");
  EXPECT_EQ(path_of("path: /srv/web"), "/srv/web");
}

TEST(ParseTest, NumbersTheDocumentsOfTheStream) {
  const std::string text = "---\nkind: A\napiVersion: v1\n---\n\n# here\n" + std::string(kSmall);

  const ParsedFile parsed = parse(text);

  ASSERT_EQ(parsed.policies.size(), 1U);
  EXPECT_EQ(parsed.policies[0].index, 1U);
  EXPECT_EQ(parsed.policies[0].first_line, 7U);
  EXPECT_EQ(parsed.policies[0].policy.origin, "web.yaml#2");
}

TEST(ParseTest, ABrokenDocumentHidesNoneOfItsNeighbours) {
  const std::string other = replaced("name: web", "name: api");
  const std::string text = std::string(kSmall) + "---\nspec: {a: [\n---\n" + other;

  const ParsedFile parsed = parse(text);

  ASSERT_EQ(parsed.policies.size(), 2U);
  EXPECT_EQ(parsed.policies[1].policy.key.name, "api");
  EXPECT_EQ(parsed.policies[1].index, 2U);
  EXPECT_EQ(parsed.problems.size(), 1U);
}

TEST(SpecDigestTest, IsBlindToCommentsOrderQuotingAnchorsAndStatus) {
  const std::string same = R"(# comment
kind: "ScalingPolicy"
status: {observedGeneration: 3}
apiVersion: stackscaler.dev/v1alpha1
metadata:
  name: another
spec:
  interval: 300s  # the default, written out
  metrics:
    - threshold: &t {scaleDown: 30.0, scaleUp: 7.5e1, step: 1}
      preset: 'cpu'
      name: "cpu"
  stack:
    id: web
)";

  EXPECT_EQ(digest_of(same), digest_of(kSmall));
}

TEST(SpecDigestTest, ChangesWithEveryField) {
  const std::string base = digest_of(kSmall);
  const std::pair<std::string_view, std::string_view> edits[] = {
      {"id: web", "id: api"},
      {"id: web", "id: web, workspace: prod"},
      {"id: web", "id: web, variable: n"},
      {"id: web", "id: web, resource: a.b"},
      {"id: web", "id: web, dependents: [a.b]"},
      {"id: web", "id: web, varFiles: [a]"},
      {"id: web", "id: web, allowDataLoss: true"},
      {"id: web", "id: web, stateRefresh: 6m"},
      {"id: web", "id: web, template: a.tpl"},
      {"id: web", "id: web, allowUpdates: [{address: a.b, attributes: [c]}]"},
      {"id: web", "id: web, allowUpdates: [{address: a.b, attributes: [d]}]"},
      {"id: web", "id: web, backendConfig: [bucket=a]"},
      {"id: web", "id: web, env: [{name: A, value: b}]"},
      {"id: web", "id: web, env: [{name: A, file: b}]"},
      {"id: web", "id: web, hooks: {preScaleIn: {command: [a]}}"},
      {"id: web", "id: web, hooks: {postScaleOut: {command: [a]}}"},
      {"id: web", "id: web, hooks: {preScaleIn: {webhook: \"http://a\"}}"},
      {"id: web", "id: web, hooks: {preScaleIn: {command: [a], timeout: 1m}}"},
      {"id: web", "id: web, releaseStaleLock: true"},
      {"id: web", "id: web, planCheck: 5h"},
      {"  stack", "  bounds: {min: 2}\n  stack"},
      {"  stack", "  bounds: {max: 21}\n  stack"},
      {"  stack", "  interval: 6m\n  stack"},
      {"  stack", "  dryRun: true\n  stack"},
      {"  stack", "  suspend: true\n  stack"},
      {"  stack", "  advisor: {confidenceThreshold: 0.5}\n  stack"},
      {"  stack", "  behavior: {scaleUp: {cooldown: 2m}}\n  stack"},
      {"  stack", "  behavior: {scaleUp: {maxStep: 10%}}\n  stack"},
      {"  stack", "  behavior: {scaleDown: {cooldown: 2m}}\n  stack"},
      {"  stack", "  behavior: {scaleDown: {maxStep: 25}}\n  stack"},
      {"name: cpu", "name: cpu2"},
      {"preset: cpu", "preset: memory"},
      {"preset: cpu", "preset: cpu, query: up"},
      {"preset: cpu", "preset: cpu, freshness: up"},
      {"preset: cpu", "preset: cpu, maxAge: 3m"},
      {"75", "76"},
      {"30", "31"},
      {"30}", "30, step: 2}"},
  };

  std::vector<std::string> seen{base};
  for (const auto& [from, to] : edits) {
    seen.push_back(digest_of(replaced(from, to)));
    EXPECT_EQ(std::count(seen.begin(), seen.end(), seen.back()), 1) << to;
  }
}

TEST(ParseLimitsTest, RefusesAFileAboveTheLimit) {
  const std::string text(kMaxPolicyFileBytes + 1, '#');

  const ParsedFile parsed = parse(text);

  ASSERT_EQ(parsed.problems.size(), 1U);
  EXPECT_EQ(parsed.problems[0].message, "larger than the limit of 1048576 bytes");
}

TEST(ParseLimitsTest, ALongScalarBehindManyAliasesCostsNothing) {
  std::string text = "a: &a " + std::string(500'000, 'x') + "\nb: [*a";
  for (int i = 0; i < 40'000; ++i) text += ",*a";
  text += "]\n";

  const ParsedFile parsed = parse(text);

  ASSERT_EQ(parsed.problems.size(), 1U);
  EXPECT_NE(parsed.problems[0].message.find("too large"), std::string::npos);
}

TEST(ParseLimitsTest, SurvivesDeepNestingAndOddTokens) {
  for (const std::string& text :
       {std::string(200'000, '['), std::string(200'000, '{'), std::string("]"), std::string(",\n]\n"),
        std::string("? ? ? ? a"), std::string("- - - - - - - -"), std::string(": : :"), std::string("%YAML 9.9\n---\n"),
        std::string("&a &b c"), std::string("!<"), std::string("\xEF\xBB\xBF"), std::string("---\n---\n---\n"),
        std::string("\xFE\xFF\x00"), std::string("|\n a\n  b"), std::string("- \"\\x\"")}) {
    const ParsedFile parsed = parse(text);
    EXPECT_TRUE(parsed.policies.empty());
  }
}

TEST(SourceTest, PathsAreTakenFromThePolicysFolderAndTheSourceCountsInTheDigest) {
  const std::string text =
      "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: {name: web}\nspec:\n  stack: {id: web}\n"
      "  metrics: [{name: a, query: x, threshold: {scaleUp: 2, scaleDown: 1}, source: {url: \"https://m\", tenant: t,"
      " auth: {bearer: {file: ../token}}, tls: {ca: /etc/ca.pem, cert: us.pem, key: us.key, serverName: mimir}}}]\n";

  const ParsedFile parsed = parse_policies(text, "web.yaml", "/policies", Defaults());

  ASSERT_EQ(parsed.policies.size(), 1U);
  const ScalingPolicy& policy = parsed.policies.front().policy;
  const auto& source = policy.spec.metrics.at(0).source;
  ASSERT_TRUE(source);
  EXPECT_EQ(source->bearer_file, "/token");
  EXPECT_EQ(source->ca_file, "/etc/ca.pem");
  EXPECT_EQ(source->certificate_file, "/policies/us.pem");
  EXPECT_EQ(source->server_name, "mimir");
  std::string other = text;
  other.replace(other.find("tenant: t"), 9, "tenant: u");
  EXPECT_NE(digest_of(other), policy.spec_digest);
}

}  // namespace
}  // namespace stackscaler::policy
