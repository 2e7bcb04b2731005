// SPDX-License-Identifier: Apache-2.0
#include "terraform/deploy.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace stackscaler::terraform {
namespace {

PlanStream creating() {
  PlanStream plan;
  PlannedChange change;
  change.address = "terraform_data.app[0]";
  change.action = "create";
  plan.changes.push_back(std::move(change));
  plan.plan_summary = ChangeSummary{};
  plan.plan_summary->add = 1;
  return plan;
}

void add(PlanStream& plan, const std::string& action) {
  PlannedChange change;
  change.address = "terraform_data.other";
  change.action = action;
  plan.changes.push_back(std::move(change));
}

struct Case {
  const char* name;
  std::function<void(PlanStream&)> spoil;
  const char* says;
};

class BeyondCreation : public ::testing::TestWithParam<Case> {};

TEST_P(BeyondCreation, Law1IsNamed) {
  PlanStream plan = creating();
  GetParam().spoil(plan);

  const auto found = beyond_creation(plan);

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front(), GetParam().says);
}

INSTANTIATE_TEST_SUITE_P(
    All, BeyondCreation,
    ::testing::Values(
        Case{"Update", [](PlanStream& p) { add(p, "update"); }, "update terraform_data.other"},
        Case{"Delete", [](PlanStream& p) { add(p, "delete"); }, "delete terraform_data.other"},
        Case{"Replace", [](PlanStream& p) { add(p, "replace"); }, "replace terraform_data.other"},
        Case{"Forget", [](PlanStream& p) { add(p, "forget"); }, "forget terraform_data.other"},
        Case{"Unknown", [](PlanStream& p) { add(p, "vanish"); }, "vanish terraform_data.other"},
        Case{"Import", [](PlanStream& p) { p.changes[0].importing = true; }, "import terraform_data.app[0]"},
        Case{"Move", [](PlanStream& p) { p.changes[0].previous_address = "a.b"; }, "create terraform_data.app[0]"},
        Case{"Drift", [](PlanStream& p) { p.drift.push_back(p.changes[0]); },
             "changed outside of Terraform: terraform_data.app[0]"},
        Case{"Torn", [](PlanStream& p) { p.torn = true; }, "the plan could not be read to its end"},
        Case{"Truncated", [](PlanStream& p) { p.truncated = true; }, "the plan could not be read to its end"},
        Case{"Malformed", [](PlanStream& p) { p.malformed = 1; }, "the plan could not be read to its end"},
        Case{"NoSummary", [](PlanStream& p) { p.plan_summary.reset(); }, "the plan could not be read to its end"},
        Case{"CountsARemoval", [](PlanStream& p) { p.plan_summary->remove = 1; },
             "the plan's summary counts more than creations"},
        Case{"CountsAChange", [](PlanStream& p) { p.plan_summary->change = 1; },
             "the plan's summary counts more than creations"},
        Case{"CountsAnImport", [](PlanStream& p) { p.plan_summary->import = 1; },
             "the plan's summary counts more than creations"},
        Case{"CountsSomethingUnknown", [](PlanStream& p) { p.plan_summary->unknown_counts = true; },
             "the plan's summary counts more than creations"},
        Case{"CreatesNothing", [](PlanStream& p) { p.plan_summary->add = 0; }, "it creates nothing"}),
    [](const auto& one) { return one.param.name; });

TEST(BeyondCreationTest, CreationsReadsAndWhatStaysPass) {
  PlanStream plan = creating();
  add(plan, "read");
  add(plan, "noop");

  EXPECT_TRUE(beyond_creation(plan).empty());
}

}  // namespace
}  // namespace stackscaler::terraform
