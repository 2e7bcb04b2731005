// SPDX-License-Identifier: Apache-2.0
#include "cluster/object_policy.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cluster/pause_text.hpp"

namespace stackscaler::cluster {
namespace {

using nlohmann::json;

json sound() {
  return json::parse(R"json({
    "apiVersion": "stackscaler.dev/v1alpha1", "kind": "ScalingPolicy",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "7", "generation": 2,
                 "creationTimestamp": "2026-11-30T10:00:00Z",
                 "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}],
                 "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"a\":\"\u00e9\\n\"}"}},
    "spec": {"stack": {"id": "web"}, "bounds": {"min": 2, "max": 5},
             "metrics": [{"name": "cpu", "query": "avg(x{a=\"b\"})", "threshold": {"scaleUp": 75, "scaleDown": 30.5}}]},
    "status": {"observedGeneration": 2, "specDigest": "x", "lastScaleTime": "2026-11-30T11:00:00Z", "conditions": []}
  })json");
}

ObjectPolicy read(const json& object, const policy::Grants& grants = policy::default_grants()) {
  auto parsed = kube::parse_object(object.dump());
  EXPECT_TRUE(parsed);
  return read_object(*parsed, policy::Defaults(), grants);
}

TEST(ObjectPolicy, IsThePolicyThatAFileWouldBeWithItsStackInItsNamespacesFolder) {
  const ObjectPolicy got = read(sound());

  ASSERT_TRUE(got.policy) << got.problem;
  EXPECT_EQ(got.policy->key.str(), "shop/web");
  EXPECT_EQ(got.policy->spec.stack.id, "shop/web");
  EXPECT_EQ(got.policy->stack_label(), "shop/web");
  EXPECT_EQ(got.policy->spec.bounds, (policy::Bounds{2, 5}));
  EXPECT_EQ(got.policy->spec.metrics[0].query, "avg(x{a=\"b\"})");
  EXPECT_EQ(got.policy->origin, "shop/web");
  const auto in_file = policy::parse_policies(
      "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: {name: web, namespace: shop}\n"
      "spec: {stack: {id: web}, bounds: {min: 2, max: 5}, metrics: [{name: cpu, query: 'avg(x{a=\"b\"})', threshold: "
      "{scaleUp: 75, scaleDown: 30.5}}]}\n",
      "web.yaml", "/policies", policy::Defaults());
  ASSERT_EQ(in_file.policies.size(), 1U);
  EXPECT_EQ(got.policy->spec_digest, in_file.policies[0].policy.spec_digest);
}

TEST(ObjectPolicy, KnowsWhatTheResourceSaysBesideItsSpec) {
  const ObjectPolicy got = read(sound());

  ASSERT_TRUE(got.policy->cluster);
  EXPECT_EQ(got.policy->cluster->uid, "u1");
  EXPECT_EQ(got.policy->cluster->generation, 2);
  EXPECT_EQ(format_rfc3339(got.policy->cluster->created), "2026-11-30T10:00:00Z");
  ASSERT_TRUE(got.policy->cluster->status);
  EXPECT_EQ(format_rfc3339(*got.policy->cluster->status->last_scale_time), "2026-11-30T11:00:00Z");
  EXPECT_EQ(got.policy->cluster->paused, "");
}

TEST(ObjectPolicy, AStatusAndOtherManagersFieldsDoNotChangeTheSpecsDigest) {
  json other = sound();
  other.erase("status");
  other["metadata"].erase("managedFields");
  other["metadata"]["labels"] = {{"a", "b"}};

  EXPECT_EQ(read(other).policy->spec_digest, read(sound()).policy->spec_digest);
}

TEST(ObjectPolicy, TheAnnotationPausesItAndSaysWhy) {
  json object = sound();
  object["metadata"]["annotations"]["stackscaler.dev/pause"] = "database move";

  EXPECT_EQ(read(object).policy->cluster->paused,
            "stopped by the policy's annotation stackscaler.dev/pause: database move");
}

TEST(ObjectPolicy, WhatTheServerLetsThroughAndTheParserDoesNotIsInvalid) {
  json object = sound();
  object["spec"]["schedules"] =
      json::array({{{"name", "a"}, {"start", "61 * * * *"}, {"duration", "1h"}, {"freeze", true}}});

  const ObjectPolicy got = read(object);

  EXPECT_FALSE(got.policy);
  EXPECT_EQ(got.reason, "InvalidSpec");
  EXPECT_NE(got.problem.find("spec.schedules[0].start"), std::string::npos) << got.problem;
  EXPECT_EQ(got.facts.uid, "u1");  // so that the refusal can be said on it
}

TEST(ObjectPolicy, APathIsNoWayOutOfTheStacksRoot) {
  json object = sound();
  object["spec"]["stack"] = {{"path", "../../etc"}};
  EXPECT_EQ(read(object).reason, "InvalidSpec");
  for (const char* id : {"..", "a/b", "../web", "/etc", ".web", "a..b"}) {
    object["spec"]["stack"] = {{"id", id}};
    EXPECT_EQ(read(object).reason, "InvalidSpec") << id;
  }
}

TEST(ObjectPolicy, WhatIsNotGrantedIsNoPolicy) {
  json object = sound();
  object["spec"]["stack"]["env"] = json::array({{{"name", "AWS_PROFILE"}, {"value", "prod"}}});

  const ObjectPolicy got = read(object);

  EXPECT_FALSE(got.policy);
  EXPECT_EQ(got.reason, "NotGranted");
  EXPECT_EQ(got.problem, "spec.stack.env[AWS_PROFILE]: the variable is not granted to namespace shop");
}

TEST(ObjectPolicy, AGrantIsForTheIdAsThePolicyHasIt) {
  const auto grants = policy::parse_grants("grants: [{namespaces: [shop], stacks: [web]}]\n", "g.yaml");
  ASSERT_TRUE(grants);

  EXPECT_TRUE(read(sound(), *grants).policy);
}

TEST(ObjectPolicy, AnObjectWithoutASpecIsInvalid) {
  json object = sound();
  object.erase("spec");
  EXPECT_EQ(read(object).reason, "InvalidSpec");
  object["spec"] = 5;
  EXPECT_EQ(read(object).reason, "InvalidSpec");
}

TEST(PauseText, AnyValueStopsButTheWordFalse) {
  EXPECT_EQ(pause_sentence("x", "false"), "");
  EXPECT_EQ(pause_sentence("x", ""), "stopped by x");
  EXPECT_EQ(pause_sentence("x", "true"), "stopped by x");
  EXPECT_EQ(pause_sentence("x", "no"), "stopped by x: no");
}

TEST(PauseText, IsOneBoundedLine) {
  EXPECT_EQ(pause_sentence("x", "a\nb\x1b"), "stopped by x: a b ");
  const std::string long_one = pause_sentence("x", std::string(255, 'a') + "\xc3\xa9" + "b");
  EXPECT_EQ(long_one, "stopped by x: " + std::string(255, 'a'));
}

}  // namespace
}  // namespace stackscaler::cluster
