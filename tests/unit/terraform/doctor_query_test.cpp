// SPDX-License-Identifier: Apache-2.0
#include "terraform/doctor_query.hpp"

#include <gtest/gtest.h>

namespace stackscaler::terraform {
namespace {

using Ids = std::set<std::string>;

std::string answer(const std::string& value) {
  return R"({"planned_values":{"outputs":{"instances":{"sensitive":false,"value":)" + value + "}}}}";
}

TEST(DoctorQueryTest, TheAnswerIsTheListOfTheOutput) {
  const auto ids = parse_answer(answer(R"(["i-2","i-1","i-2"])"));

  ASSERT_TRUE(ids) << ids.error().message();
  EXPECT_EQ(*ids, (Ids{"i-1", "i-2"}));
  EXPECT_EQ(parse_answer(answer("[]")).value(), Ids{});
}

TEST(DoctorQueryTest, AnAnswerOfAnotherShapeIsNoEmptyList) {
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), answer("null"), answer(R"("i-1")"), answer("[1]"),
        answer(R"([""])"), answer("[\"" + std::string(513, 'x') + "\"]"),
        std::string(R"({"planned_values":{"outputs":{"instances":{"sensitive":false}}}})"),
        std::string(R"({"planned_values":{"outputs":{"instances":7}}})"), std::string(R"({"planned_values":7})")}) {
    EXPECT_FALSE(parse_answer(text)) << text;
  }
}

TEST(DoctorQueryTest, KnownIdsAreThoseOfManagedResources) {
  const std::string state = R"({"resources":[
    {"mode":"managed","type":"aws_instance","name":"app","instances":[
      {"index_key":0,"attributes":{"id":"i-0"}},
      {"index_key":1,"deposed":"abc","attributes":{"id":"i-old"}},
      {"index_key":2,"attributes":{}}, {"index_key":3}]},
    {"mode":"managed","type":"aws_instance","name":"bastion","instances":[{"attributes":{"id":"i-b"}}]},
    {"mode":"managed","module":"module.m","type":"aws_instance","name":"app","instances":[{"attributes":{"id":"i-m"}}]},
    {"mode":"data","type":"aws_ami","name":"x","instances":[{"attributes":{"id":"ami-1"}}]}]})";

  const KnownIds known = known_ids(state, "aws_instance.app");

  EXPECT_EQ(known.all, (Ids{"i-0", "i-old", "i-b", "i-m"}));
  EXPECT_EQ(known.counted, Ids{"i-0"});
  EXPECT_TRUE(known_ids("nonsense", "aws_instance.app").all.empty());
}

TEST(DoctorQueryTest, TheIndexOfAnAddressMayBeAModules) {
  const std::string state = R"({"resources":[{"mode":"managed","module":"module.a[\"x\"].module.m[1]",
    "type":"aws_instance","name":"app","instances":[{"attributes":{"id":"i-1"}}]}]})";

  const KnownIds known = known_ids(state, "module.a[\"x\"].module.m.aws_instance.app");

  EXPECT_EQ(known.counted, Ids{"i-1"});
  EXPECT_EQ(known.before + "7" + known.after, "module.a[\"x\"].module.m[7].aws_instance.app");
  const KnownIds plain = known_ids("{}", "aws_instance.app");
  EXPECT_EQ(plain.before + "7" + plain.after, "aws_instance.app[7]");
}

TEST(DoctorQueryTest, AQueryIsMadeForEc2InstancesOnly) {
  EXPECT_NE(made_query("aws_instance", "web").find("values = [\"web\"]"), std::string::npos);
  EXPECT_EQ(made_query("terraform_data", "web"), "");
}

}  // namespace
}  // namespace stackscaler::terraform
