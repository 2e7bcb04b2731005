// SPDX-License-Identifier: Apache-2.0
#include "ports/gate.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace stackscaler::ports {
namespace {

// No code but Gate's can make a permit, so every function that takes one is behind the gate.
static_assert(!std::is_default_constructible_v<WritePermit>);
static_assert(!std::is_constructible_v<WritePermit, const Gate&, WriteRequest>);
static_assert(!std::is_constructible_v<WritePermit, WriteRequest>);

struct Case {
  std::string name;
  GateSettings settings;
  WriteRequest request;
  bool stopping = false;
  std::string reason;  // empty: permitted
};

GateSettings on() {
  return {.enabled = true};
}
GateSettings off() {
  return {};
}
GateSettings dry() {
  return {.enabled = true, .dry_run = true};
}

TEST(Law4OneHandPerStack, AReplicaThatLeadsNoMoreChangesNothing) {
  Gate gate(on());
  bool leading = true;
  gate.ask_whether_leading([&] { return leading; });
  const auto permit = gate.permit({Origin::loop});
  ASSERT_TRUE(permit);

  leading = false;  // between the permit and the apply

  ASSERT_FALSE(permit->check());
  EXPECT_EQ(permit->check().error().reason(), "Standby");
  EXPECT_FALSE(gate.permit({Origin::explicit_}));
  EXPECT_TRUE(gate.permit({Origin::recovery}));  // what runs is followed to its end
}

TEST(EmergencyStop, OfOnePolicyHoldsAPersonToo) {
  const Gate gate(on());
  WriteRequest request{Origin::explicit_};
  request.policy_paused = "stopped by its annotation stackscaler.dev/pause: maintenance";

  const auto permit = gate.permit(request);

  ASSERT_FALSE(permit);
  EXPECT_EQ(permit.error().reason(), "Paused");
  EXPECT_NE(permit.error().message().find("maintenance"), std::string::npos);
}

class Law3OffUntilEnabled : public testing::TestWithParam<Case> {};

TEST_P(Law3OffUntilEnabled, Gate) {
  const Case& c = GetParam();
  Gate gate(c.settings);
  if (c.stopping) gate.close_for_stop();

  const auto permit = gate.permit(c.request);

  EXPECT_EQ(permit ? "" : permit.error().reason(), c.reason);
  EXPECT_TRUE(permit || !permit.error().message().empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, Law3OffUntilEnabled,
    testing::Values(Case{"loop_off", off(), {Origin::loop}, false, "NotEnabled"},
                    Case{"loop_on", on(), {Origin::loop}, false, ""},
                    Case{"loop_dry_process", dry(), {Origin::loop}, false, "DryRun"},
                    Case{"loop_dry_policy", on(), {Origin::loop, true, false}, false, "DryRun"},
                    Case{"loop_suspended", on(), {Origin::loop, false, true}, false, "Suspended"},
                    Case{"loop_stopping", on(), {Origin::loop}, true, "Stopping"},
                    Case{"explicit_off", off(), {Origin::explicit_}, false, ""},
                    Case{"explicit_dry_process", dry(), {Origin::explicit_}, false, "DryRun"},
                    Case{"explicit_dry_policy", on(), {Origin::explicit_, true, false}, false, "DryRun"},
                    Case{"explicit_suspended", on(), {Origin::explicit_, false, true}, false, ""},
                    Case{"explicit_stopping", on(), {Origin::explicit_}, true, "Stopping"},
                    Case{"recovery_off", off(), {Origin::recovery}, false, ""},
                    Case{"recovery_stopping", off(), {Origin::recovery}, true, ""},
                    Case{"recovery_dry_process", dry(), {Origin::recovery}, false, "DryRun"}),
    [](const auto& param) { return param.param.name; });

TEST(GateTest, APermitGivenBeforeAStopFailsItsLastCheck) {
  Gate gate(on());
  const auto permit = gate.permit({Origin::loop});
  ASSERT_TRUE(permit);
  ASSERT_TRUE(permit->check());

  gate.close_for_stop();

  ASSERT_FALSE(permit->check());
  EXPECT_EQ(permit->check().error().reason(), "Stopping");
}

}  // namespace
}  // namespace stackscaler::ports
