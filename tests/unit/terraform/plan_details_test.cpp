// SPDX-License-Identifier: Apache-2.0
#include "terraform/plan_details.hpp"

#include <gtest/gtest.h>

namespace stackscaler::terraform {
namespace {

using Names = std::set<std::string>;

std::string entry(const std::string& change, const std::string& more = "") {
  return R"({"address":"a.b","mode":"managed",)" + more + R"("change":{"actions":["update"],)" + change + "}}";
}
std::string plan(const std::string& entries) {
  return R"({"format_version":"1.2","resource_changes":[)" + entries + "]}";
}
// What changes of a.b, or "absent" alone.
Names changed(const std::string& entries) {
  const auto details = parse_details(plan(entries), {"a.b"});
  if (!details) return {"error"};
  const auto found = details->changed.find("a.b");
  return found == details->changed.end() ? Names{"absent"} : found->second;
}

struct Case {
  const char* name;
  std::string entries;
  Names want;
};
class PlanDetailsTest : public ::testing::TestWithParam<Case> {};

TEST_P(PlanDetailsTest, NamesWhatChanges) {
  EXPECT_EQ(changed(GetParam().entries), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    All, PlanDetailsTest,
    ::testing::Values(
        Case{"value", entry(R"("before":{"x":1,"y":[1]},"after":{"x":2,"y":[1]})"), {"x"}},
        Case{"nested_value", entry(R"("before":{"y":[{"z":1}]},"after":{"y":[{"z":2}]})"), {"y"}},
        Case{"new_and_gone", entry(R"("before":{"x":1},"after":{"y":1})"), {"x", "y"}},
        Case{"null_is_absent", entry(R"("before":{"x":null},"after":{})"), {}},
        Case{"unknown", entry(R"("before":{"x":1},"after":{},"after_unknown":{"x":true})"), {"x"}},
        Case{"unknown_in_part",
             entry(R"("before":{"x":["a"]},"after":{"x":["a"]},"after_unknown":{"x":[false,true]})"),
             {"x"}},
        Case{"nothing_unknown", entry(R"("before":{"x":["a"]},"after":{"x":["a"]},"after_unknown":{"x":[false]})"), {}},
        Case{"all_unknown", entry(R"("before":{"x":1},"after":{"x":1},"after_unknown":true)"), {"absent"}},
        Case{"becomes_sensitive",
             entry(R"("before":{"x":1},"after":{"x":1},"before_sensitive":{},"after_sensitive":{"x":true})"),
             {"x"}},
        Case{"all_becomes_sensitive",
             entry(R"("before":{"x":1,"y":2},"after":{"x":1,"y":2},"before_sensitive":false,"after_sensitive":true)"),
             {"x", "y"}},
        Case{"stays_sensitive",
             entry(R"("before":{"x":1,"y":1},"after":{"x":1,"y":2},"before_sensitive":{"x":true},)"
                   R"("after_sensitive":{"x":true,"y":false})"),
             {"y"}},
        Case{"create", entry(R"("before":null,"after":{"x":1})"), {"absent"}},
        Case{
            "replace",
            R"({"address":"a.b","mode":"managed","change":{"actions":["delete","create"],"before":{},"after":{"x":1}}})",
            {"absent"}},
        Case{"deposed", entry(R"("before":{"x":1},"after":{"x":2})", R"("deposed":"1234",)"), {"absent"}},
        Case{"moved", entry(R"("before":{"x":1},"after":{"x":2})", R"("previous_address":"a.c",)"), {"absent"}},
        Case{"imported", entry(R"("before":{"x":1},"after":{"x":2},"importing":{"id":"1"})"), {"absent"}},
        Case{"data",
             R"({"address":"a.b","mode":"data","change":{"actions":["update"],"before":{},"after":{"x":1}}})",
             {"absent"}},
        Case{"twice",
             entry(R"("before":{"x":1},"after":{"x":2})") + "," + entry(R"("before":{"x":1},"after":{"x":2})"),
             {"absent"}},
        Case{"another",
             R"({"address":"a.c","mode":"managed","change":{"actions":["update"],"before":{},"after":{"x":1}}})",
             {"absent"}}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(PlanDetails, RefusesWhatIsNoPlan) {
  for (const char* text : {"", "[]", "{}", "nonsense", R"({"format_version":"2.0","resource_changes":[]})",
                           R"({"format_version":1,"resource_changes":[]})", R"({"format_version":"1.2"})"}) {
    EXPECT_FALSE(parse_details(text, {"a.b"})) << text;
  }
}

TEST(PlanDetails, Law8SecretsStayInsideValuesAreNotKept) {
  const auto details = parse_details(plan(entry(R"("before":{"x":"hunter2"},"after":{"x":"hunter3"})")), {"a.b"});

  ASSERT_TRUE(details);
  EXPECT_EQ(details->changed.at("a.b"), Names{"x"});
}

}  // namespace
}  // namespace stackscaler::terraform
