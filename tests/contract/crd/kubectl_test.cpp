// SPDX-License-Identifier: Apache-2.0
//
// What a person with kubectl sees of a ScalingPolicy, and what the rights of manifests/ allow.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "contract/crd/corpus.hpp"
#include "policy/status_json.hpp"
#include "support/kube_server.hpp"

namespace stackscaler::crd {
namespace {

using nlohmann::json;

const std::string kPolicies = "/apis/stackscaler.dev/v1alpha1/namespaces/default/scalingpolicies";

std::string source_file(const std::string& name) {
  return read_file(std::string(STK_SOURCE_DIR) + "/" + name);
}

std::string policy_with(const std::string& name, const std::string& spec) {
  return "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: {name: " + name + "}\nspec:\n" + spec;
}

std::string with_bounds(const std::string& name, const std::string& bounds) {
  return policy_with(name, "  stack: {id: web}\n  bounds: " + bounds +
                               "\n  metrics: [{name: cpu, preset: cpu, threshold: {scaleUp: 75, scaleDown: 30}}]\n");
}

class KubectlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = test::KubeServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
    server_ = &test::KubeServer::shared();
    const auto installed = server_->install_crd(source_file("crd/stackscaler.dev_scalingpolicies.yaml"));
    ASSERT_TRUE(installed) << installed.error().message();
  }
  // Makes it and gives what the server made of it.
  json create(const std::string& yaml) {
    const test::KubeAnswer answer =
        server_->request("POST", kPolicies + "?fieldValidation=Strict", yaml, "application/yaml");
    EXPECT_EQ(answer.status, 201) << answer.body;
    return json::parse(answer.body);
  }
  std::string refusal(const std::string& yaml) {
    const test::KubectlRun run = server_->kubectl({"apply", "--dry-run=server", "-f", "-"}, yaml);
    EXPECT_NE(run.exit_code, 0) << run.out;
    return run.err;
  }

  test::KubeServer* server_ = nullptr;
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

void fields_without_description(const json& schema, const std::string& path, std::set<std::string>& out) {
  if (!path.empty() && !schema.contains("description") && path != ".metadata") out.insert(path);
  if (schema.contains("properties")) {
    for (const auto& [name, inner] : schema.at("properties").items()) {
      fields_without_description(inner, path + "." + name, out);
    }
  }
  if (schema.contains("items")) fields_without_description(schema.at("items"), path + "[]", out);
}

// Texts without a length and lists without a number of entries.
void unbounded(const json& schema, const std::string& path, std::set<std::string>& out) {
  const std::string type = schema.value("type", "");
  const bool closed =
      schema.contains("enum") || schema.contains("maxLength") || schema.value("format", "") == "date-time";
  if (type == "string" && !closed) out.insert(path);
  if (type == "array" && !schema.contains("maxItems")) out.insert(path);
  if (schema.contains("properties")) {
    for (const auto& [name, inner] : schema.at("properties").items()) unbounded(inner, path + "." + name, out);
  }
  if (schema.contains("items")) unbounded(schema.at("items"), path + "[]", out);
}

TEST_F(KubectlTest, EveryFieldIsExplainedAndBounded) {
  const json crd = json::parse(
      server_->request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/scalingpolicies.stackscaler.dev")
          .body);
  const json& schema = crd.at("spec").at("versions").at(0).at("schema").at("openAPIV3Schema");
  std::set<std::string> silent;
  std::set<std::string> open;

  fields_without_description(schema, "", silent);
  unbounded(schema, "", open);

  EXPECT_EQ(silent, std::set<std::string>());
  EXPECT_EQ(open, (std::set<std::string>{".apiVersion", ".kind"}));
  for (const json& condition : crd.at("status").at("conditions")) {
    EXPECT_NE(condition.at("type"), "NonStructuralSchema") << condition;
  }
}

TEST_F(KubectlTest, ExplainSaysWhatAFieldIs) {
  const test::KubectlRun run = server_->kubectl({"explain", "scalingpolicy.spec.behavior.scaleDown.maxStep"});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_HAS(run.out, "How many instances one operation may remove");
}

TEST_F(KubectlTest, DefaultsThatDependOnNothingAreFilledIn) {
  const json spec = create(with_bounds("defaults", "{min: 1}")).at("spec");

  EXPECT_EQ(spec.at("stack").at("workspace"), "default");
  EXPECT_EQ(spec.at("stack").at("stateRefresh"), "5m");
  EXPECT_EQ(spec.at("metrics").at(0).at("maxAge"), "2m");
  EXPECT_EQ(spec.at("metrics").at(0).at("threshold").at("step"), 1);
  EXPECT_EQ(spec.at("onMissingMetrics"), "hold");
  EXPECT_EQ(spec.at("dryRun"), false);
  // These are the controller's to say.
  EXPECT_FALSE(spec.contains("interval"));
  EXPECT_FALSE(spec.at("bounds").contains("max"));
}

TEST_F(KubectlTest, TheServersMessageNamesThePlaceAndWhatIsWrong) {
  const std::string crossed = refusal(with_bounds("crossed", "{min: 5, max: 2}"));
  const std::string two = refusal(policy_with(
      "two", "  stack: {id: web}\n  metrics: [{name: a, query: up, desired: {}, target: {type: Value, value: 1}}]\n"));
  const std::string twice = refusal(policy_with(
      "twice",
      "  stack: {id: web}\n  metrics: [{name: a, query: up, desired: {}}, {name: a, query: up, desired: {}}]\n"));
  const std::string often = refusal(
      policy_with("often", "  stack: {id: web}\n  interval: 10ms\n  metrics: [{name: a, query: up, desired: {}}]\n"));
  const std::string path = refusal(
      policy_with("path", "  stack: {id: web, path: /srv/web}\n  metrics: [{name: a, query: up, desired: {}}]\n"));
  const std::string typo = refusal(with_bounds("typo", "{minimum: 5}"));

  EXPECT_HAS(crossed, "spec.bounds: Invalid value");
  EXPECT_HAS(crossed, "min must not be above max");
  EXPECT_HAS(two, "threshold, target and desired exclude one another; exactly one is allowed");
  EXPECT_HAS(twice, "spec.metrics[1]: Duplicate value");
  EXPECT_HAS(often, "spec.interval: Invalid value");
  EXPECT_HAS(often, "must be from 1s to 24h");
  EXPECT_HAS(path, "path is for policy files: in a cluster name the stack by id");
  EXPECT_HAS(typo, "unknown field \"spec.bounds.minimum\"");
}

policy::Status full_status() {
  policy::Status out;
  out.observed_generation = 1;
  out.spec_digest = std::string(64, 'a');
  out.current_instances = 3;
  out.count_age = std::chrono::seconds(40);
  out.desired_instances = 4;
  out.last_scale_time = WallTime(std::chrono::seconds(1'795'000'000));
  policy::LastDecision decision;
  decision.action = "scale_up";
  decision.from = 3;
  decision.to = 4;
  decision.advisor = "rules";
  decision.reason = "AboveThreshold";
  decision.message = "cpu is 81";
  out.last_decision = decision;
  out.metrics.push_back({"cpu", "81.3", "75/30", 4, ""});
  out.metrics.push_back({"queue", "", "100/10", std::nullopt, "no data"});
  policy::OperationStatus operation;
  operation.id = "0123";
  operation.phase = "Applying";
  operation.from = 3;
  operation.to = 4;
  operation.progress = "0 of 1 created";
  out.operation = operation;
  policy::Condition ready;
  ready.type = "Ready";
  ready.status = policy::ConditionStatus::true_;
  ready.reason = "Scaling";
  policy::set_condition(out, ready, WallTime(std::chrono::seconds(1'795'000'000)));
  return out;
}

TEST_F(KubectlTest, AWholeStatusIsTakenAndTheColumnsShowIt) {
  create(with_bounds("columns", "{min: 2, max: 9}"));
  const std::string status = policy::status_json(full_status());

  const test::KubeAnswer written = server_->request("PATCH", kPolicies + "/columns/status?fieldValidation=Strict",
                                                    "{\"status\": " + status + "}", "application/merge-patch+json");
  const test::KubectlRun shown = server_->kubectl({"get", "sp", "columns"});
  const test::KubectlRun waited =
      server_->kubectl({"wait", "--for=condition=Ready", "--timeout=10s", "scalingpolicy/columns"});

  ASSERT_EQ(written.status, 200) << written.body;
  EXPECT_EQ(json::parse(written.body).at("status"), json::parse(status));
  EXPECT_EQ(shown.out.substr(0, shown.out.find('\n')),
            "NAME      STACK   MIN   MAX   CURRENT   DESIRED   READY   REASON    AGE");
  EXPECT_HAS(shown.out, "columns   web     2     9     3         4         True    Scaling");
  EXPECT_EQ(waited.exit_code, 0) << waited.err;
}

TEST_F(KubectlTest, AStatusInTheSpecsWayIsNotTakenAndASpecInTheStatusWayNeither) {
  create(with_bounds("apart", "{min: 2, max: 9}"));
  const std::string both = R"({"spec": {"bounds": {"max": 8}}, "status": {"currentInstances": 7}})";

  const json of_spec =
      json::parse(server_->request("PATCH", kPolicies + "/apart", both, "application/merge-patch+json").body);
  const json of_status =
      json::parse(server_
                      ->request("PATCH", kPolicies + "/apart/status",
                                R"({"spec": {"bounds": {"max": 7}}, "status": {"currentInstances": 6}})",
                                "application/merge-patch+json")
                      .body);

  EXPECT_FALSE(of_spec.contains("status"));
  EXPECT_EQ(of_spec.at("metadata").at("generation"), 2);
  EXPECT_EQ(of_status.at("status").at("currentInstances"), 6);
  EXPECT_EQ(of_status.at("spec").at("bounds").at("max"), 8);
  EXPECT_EQ(of_status.at("metadata").at("generation"), 2);
}

struct Right {
  const char* verb;
  const char* group;
  const char* resource;  // with "/<subresource>"
  const char* name;
  const char* space;
};

class RightsTest : public KubectlTest {
 protected:
  void SetUp() override {
    KubectlTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const std::string file = std::string(STK_SOURCE_DIR) + "/manifests/install.yaml";
    const test::KubeAnswer space =
        server_->request("POST", "/api/v1/namespaces",
                         R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "stackscaler-system"}})");
    const test::KubectlRun run = server_->kubectl({"apply", "-f", file, "-l", "app.kubernetes.io/component=rbac"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  bool allowed(const Right& right) {
    std::string resource = right.resource;
    json attributes{{"verb", right.verb}, {"group", right.group}, {"name", right.name}, {"namespace", right.space}};
    if (const auto slash = resource.find('/'); slash != std::string::npos) {
      attributes["subresource"] = resource.substr(slash + 1);
      resource.resize(slash);
    }
    attributes["resource"] = resource;
    const json review{
        {"apiVersion", "authorization.k8s.io/v1"},
        {"kind", "SubjectAccessReview"},
        {"spec",
         {{"user", "system:serviceaccount:stackscaler-system:stackscaler"}, {"resourceAttributes", attributes}}}};
    const test::KubeAnswer answer =
        server_->request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review.dump());
    return json::parse(answer.body).at("status").at("allowed").get<bool>();
  }
  std::string shown(const Right& r) {
    return std::string(r.verb) + " " + r.group + "/" + r.resource + " " + r.name + " in " + r.space;
  }
};

TEST_F(RightsTest, TheControllerMayWhatItDoesAndNothingElse) {
  const std::vector<Right> needed{
      {"list", "stackscaler.dev", "scalingpolicies", "", ""},
      {"watch", "stackscaler.dev", "scalingpolicies", "", "shop"},
      {"get", "stackscaler.dev", "scalingpolicies", "web", "shop"},
      {"patch", "stackscaler.dev", "scalingpolicies/status", "web", "shop"},
      {"create", "events.k8s.io", "events", "", "shop"},
      {"patch", "events.k8s.io", "events", "x", "shop"},
      {"create", "coordination.k8s.io", "leases", "", "stackscaler-system"},
      {"update", "coordination.k8s.io", "leases", "stackscaler", "stackscaler-system"},
      {"get", "", "configmaps", "stackscaler-pause", "stackscaler-system"},
  };
  const std::vector<Right> denied{
      {"patch", "stackscaler.dev", "scalingpolicies", "web", "shop"},
      {"update", "stackscaler.dev", "scalingpolicies", "web", "shop"},
      {"create", "stackscaler.dev", "scalingpolicies", "", "shop"},
      {"delete", "stackscaler.dev", "scalingpolicies", "web", "shop"},
      {"get", "", "secrets", "stackscaler-api", "stackscaler-system"},
      {"list", "", "secrets", "", ""},
      {"get", "", "configmaps", "other", "stackscaler-system"},
      {"get", "", "configmaps", "stackscaler-pause", "shop"},
      {"update", "coordination.k8s.io", "leases", "other", "stackscaler-system"},
      {"update", "coordination.k8s.io", "leases", "stackscaler", "shop"},
      {"create", "", "pods", "", "stackscaler-system"},
      {"create", "batch", "jobs", "", "stackscaler-system"},
      {"delete", "events.k8s.io", "events", "x", "shop"},
      {"impersonate", "", "users", "admin", ""},
  };
  // The server's own view of the roles follows a moment later.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!allowed(needed.back()) && std::chrono::steady_clock::now() < give_up) {
  }

  for (const Right& right : needed) EXPECT_TRUE(allowed(right)) << shown(right);
  for (const Right& right : denied) EXPECT_FALSE(allowed(right)) << shown(right);
}

}  // namespace
}  // namespace stackscaler::crd
