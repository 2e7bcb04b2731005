// SPDX-License-Identifier: Apache-2.0
#include "terraform/hooks.hpp"

#include <gtest/gtest.h>

namespace stackscaler::terraform {
namespace {

HookCall call_for(std::size_t instances) {
  HookCall call;
  call.name = kPreScaleIn;
  call.stack = "web";
  call.operation = "op-1";
  call.from = 5;
  call.to = 3;
  for (std::size_t i = 0; i < instances; ++i) {
    call.instances.push_back(Instance{"aws_instance.app[" + std::to_string(i + 3) + "]", "i-" + std::to_string(i)});
  }
  return call;
}

TEST(HookTest, TheJsonNamesEveryInstance) {
  EXPECT_EQ(hook_json(call_for(2)),
            R"({"hook":"preScaleIn","stack":"web","operation":"op-1","from":5,"to":3,"instances":[)"
            R"({"address":"aws_instance.app[3]","id":"i-0"},{"address":"aws_instance.app[4]","id":"i-1"}]})");
}

TEST(HookTest, TheVariablesNeverMarkTheHookAsTheOperationsTerraform) {
  const auto variables = hook_variables(call_for(2), "/data/op-1/preScaleIn.json");

  EXPECT_EQ(variables,
            (std::vector<std::string>{
                "STACKSCALER_HOOK=preScaleIn", "STACKSCALER_STACK=web", "STACKSCALER_OPERATION=op-1",
                "STACKSCALER_FROM=5", "STACKSCALER_TO=3", "STACKSCALER_HOOK_FILE=/data/op-1/preScaleIn.json",
                "STACKSCALER_ADDRESSES=aws_instance.app[3] aws_instance.app[4]", "STACKSCALER_IDS=i-0 i-1"}));
}

TEST(HookTest, ListsThatTheKernelWouldRefuseAreOnlyInTheFile) {
  const auto variables = hook_variables(call_for(10'000), "/f");

  EXPECT_EQ(variables.size(), 6U);
  EXPECT_EQ(variables.back(), "STACKSCALER_HOOK_FILE=/f");
}

TEST(HookTest, WhatGoesAndWhatCame) {
  const std::map<int, Instance> before{{0, {"a[0]", "x"}}, {1, {"a[1]", "y"}}, {2, {"a[2]", "z"}}};
  const std::map<int, Instance> after{{0, {"a[0]", "x"}}, {1, {"a[1]", "new"}}, {3, {"a[3]", "w"}}};

  EXPECT_EQ(going(before, 1), (std::vector<Instance>{{"a[1]", "y"}, {"a[2]", "z"}}));
  EXPECT_TRUE(going(before, 3).empty());
  EXPECT_EQ(added(before, after), (std::vector<Instance>{{"a[1]", "new"}, {"a[3]", "w"}}));
  EXPECT_TRUE(added(before, before).empty());
}

TEST(HookTest, LastWordsAreOneLineAndTheEnd) {
  EXPECT_EQ(last_words(""), "");
  EXPECT_EQ(last_words("a\n\n  b\t\n"), "a b");
  const std::string words = last_words(std::string(5'000, 'x') + "é the end\n");
  EXPECT_LE(words.size(), 400U);
  EXPECT_TRUE(words.starts_with("…x"));
  EXPECT_TRUE(words.ends_with("é the end"));
}

}  // namespace
}  // namespace stackscaler::terraform
