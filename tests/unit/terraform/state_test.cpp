// SPDX-License-Identifier: Apache-2.0
#include "terraform/state.hpp"

#include <gtest/gtest.h>

#include "policy/reasons.hpp"
#include "support/golden.hpp"

namespace stackscaler::terraform {
namespace {

namespace reason = policy::reason;

State recorded(const std::string& name) {
  return parse_state(test::golden("terraform/" + name + ".json")).value();
}

TEST(StateTest, ReadsIndexesLineageAndSerial) {
  const State state = recorded("state_three");

  EXPECT_EQ(state.indexes("terraform_data.app"), (std::vector<int>{0, 1, 2}));
  EXPECT_FALSE(state.lineage.empty());
  EXPECT_GT(state.serial, 0U);
  EXPECT_EQ(state.resources, 3U);
}

TEST(StateTest, SeesHolesAndTaintedInstances) {
  EXPECT_EQ(recorded("state_hole").indexes("terraform_data.app"), (std::vector<int>{1, 2}));
  EXPECT_EQ(recorded("state_tainted").tainted("terraform_data.app"), (std::vector<int>{1}));
  EXPECT_EQ(recorded("state_failed").tainted("terraform_data.app"), (std::vector<int>{2}));
}

TEST(StateTest, ACountOnAModuleIsACount) {
  const State state = recorded("state_module");

  EXPECT_EQ(state.indexes("module.node.terraform_data.vm"), (std::vector<int>{0, 1, 2}));
}

TEST(StateTest, FindsTheCountedResourceOnlyWhenThereIsJustOne) {
  EXPECT_EQ(find_counted(recorded("state_three")).value(), "terraform_data.app");
  const auto several = find_counted(recorded("state_module"));
  ASSERT_FALSE(several);
  EXPECT_NE(several.error().message().find("module.node.terraform_data.vm, terraform_data.attach"), std::string::npos);
  EXPECT_FALSE(find_counted(State{}));
}

TEST(StateTest, ProposesWhatHasTheSameIndexes) {
  const State state = recorded("state_module");

  EXPECT_EQ(propose_dependents(state, "module.node.terraform_data.vm"),
            (std::vector<std::string>{"terraform_data.attach"}));
  EXPECT_TRUE(propose_dependents(recorded("state_three"), "terraform_data.app").empty());
}

TEST(StateTest, KeepsTheIdsOfInstancesButNotSensitiveOnes) {
  const auto state = parse_state(R"({"version":4,"lineage":"l","serial":1,"resources":[
    {"mode":"managed","type":"t","name":"n","instances":[
      {"index_key":0,"attributes":{"id":"i-0","password":"p"}},
      {"index_key":1,"attributes":{"id":"i-1"},"sensitive_attributes":[[{"type":"get_attr","value":"id"}]]},
      {"index_key":2,"attributes":{"id":"i-2"},"sensitive_attributes":[[{"type":"get_attr","value":"password"}]]},
      {"index_key":3,"attributes":{"id":7}},{"index_key":4}]},
    {"module":"module.m[1]","mode":"managed","type":"t","name":"n","instances":[{"attributes":{"id":"m-1"}}]}]})");

  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(state->instances("t.n"), (std::map<int, Instance>{{0, {"t.n[0]", "i-0"}},
                                                              {1, {"t.n[1]", ""}},
                                                              {2, {"t.n[2]", "i-2"}},
                                                              {3, {"t.n[3]", ""}},
                                                              {4, {"t.n[4]", ""}}}));
  EXPECT_EQ(state->instances("module.m.t.n"), (std::map<int, Instance>{{1, {"module.m[1].t.n", "m-1"}}}));
  EXPECT_TRUE(state->instances("t.other").empty());
}

TEST(StateTest, DataDeposedAndForEachAreNoCountedInstances) {
  const auto state = parse_state(R"({"version":4,"lineage":"l","serial":1,"resources":[
    {"mode":"data","type":"t","name":"d","instances":[{"index_key":0}]},
    {"mode":"managed","type":"t","name":"each","instances":[{"index_key":"a\"]b"},{"index_key":"0"}]},
    {"mode":"managed","type":"t","name":"n","instances":[{"index_key":0},{"index_key":0,"deposed":"dead"}]}]})");

  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(state->counted.size(), 1U);
  EXPECT_EQ(state->indexes("t.n"), (std::vector<int>{0}));
  EXPECT_EQ(state->resources, 3U);
}

TEST(StateTest, Law12UnknownIsNotZeroAnEmptyTextIsAChange) {
  for (const char* text : {"", "\n", "  \r\n"}) {
    const auto state = parse_state(text);
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().reason(), reason::kStateChanged);
  }
}

TEST(StateTest, Law12UnknownIsNotZeroWhatIsNoStateIsUnreadable) {
  for (
      const char* text :
      {"{", "[]", "null", "{}", R"({"version":3})", R"({"version":4,"serial":1,"resources":[]})",
       R"({"version":4,"lineage":"l","serial":-1,"resources":[]})", R"({"version":4,"lineage":"l","serial":1})",
       R"({"version":4,"lineage":"l","serial":1,"resources":{}})",
       R"({"version":4,"lineage":"l","serial":1,"resources":[{"mode":"managed","type":"t"}]})",
       R"({"version":4,"lineage":"l","serial":1,"resources":[{"mode":"managed","type":"t","name":"n","instances":[3]}]})",
       R"({"version":4,"lineage":"l","serial":1,"resources":[{"mode":"managed","type":"t","name":"a b.c","instances":[{}]}]})"}) {
    const auto state = parse_state(text);
    ASSERT_FALSE(state) << text;
    EXPECT_EQ(state.error().reason(), reason::kStateUnreadable) << text;
  }
}

}  // namespace
}  // namespace stackscaler::terraform
