// SPDX-License-Identifier: Apache-2.0
#include "terraform/address.hpp"

#include <gtest/gtest.h>

namespace stackscaler::terraform {
namespace {

struct Case {
  const char* name;
  const char* text;
  const char* base;
  int index;  // -1: none
  const char* type;
  bool in_module = false;
  bool data = false;
  bool several = false;
};
class AddressTest : public ::testing::TestWithParam<Case> {};

TEST_P(AddressTest, IsTakenApart) {
  const Case& want = GetParam();

  const auto address = parse_address(want.text);

  ASSERT_TRUE(address);
  EXPECT_EQ(address->base, want.base);
  EXPECT_EQ(address->index.value_or(-1), want.index);
  EXPECT_EQ(address->type, want.type);
  EXPECT_EQ(address->index_in_module, want.in_module);
  EXPECT_EQ(address->data, want.data);
  EXPECT_EQ(address->several_indexes, want.several);
}

INSTANTIATE_TEST_SUITE_P(
    All, AddressTest,
    ::testing::Values(
        Case{"Plain", "aws_lb.web", "aws_lb.web", -1, "aws_lb"},
        Case{"Counted", "aws_instance.app[12]", "aws_instance.app", 12, "aws_instance"},
        Case{"Module", "module.node[2].aws_instance.vm", "module.node.aws_instance.vm", 2, "aws_instance", true},
        Case{"Nested", "module.a.module.b.aws_instance.vm[3]", "module.a.module.b.aws_instance.vm", 3, "aws_instance"},
        Case{"CountInCount", "module.a[1].aws_instance.vm[3]", "module.a.aws_instance.vm", -1, "aws_instance", false,
             false, true},
        Case{"ForEachIsAName", "aws_instance.app[\"blue\"]", "aws_instance.app[\"blue\"]", -1, "aws_instance"},
        Case{"ForEachModule", "module.web[\"b.l]ue\"].aws_instance.app[2]", "module.web[\"b.l]ue\"].aws_instance.app",
             2, "aws_instance"},
        Case{"EscapedQuote", "a.b[\"x\\\"]y\"]", "a.b[\"x\\\"]y\"]", -1, "a"},
        Case{"NumberAsText", "a.b[\"2\"]", "a.b[\"2\"]", -1, "a"},
        Case{"Data", "data.aws_ami.x[0]", "data.aws_ami.x", 0, "aws_ami", false, true},
        Case{"DataInModule", "module.m.data.aws_ami.x", "module.m.data.aws_ami.x", -1, "aws_ami", false, true}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(AddressTest, WhatIsNoAddressIsNone) {
  for (const char* text : {"", "a", "a.", ".a", "a..b", "a.b.c", "a.b[", "a.b[1", "a.b[1]x", "module.a", "module.a.b",
                           "a[1].b", "data.x", "a.b[\"x]", "[1]", "module.a.module.b"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(AddressTest, AnIndexThatIsTooLargeOrNegativeIsNoIndex) {
  EXPECT_FALSE(parse_address("a.b[99999999999]")->index);
  EXPECT_FALSE(parse_address("a.b[-1]")->index);
}

}  // namespace
}  // namespace stackscaler::terraform
