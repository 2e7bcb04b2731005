// SPDX-License-Identifier: Apache-2.0
//
// What a resource's conditions say when it is no policy that can be followed (kstatus).
#include <gtest/gtest.h>

#include "cluster/status_writer.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::cluster {
namespace {

namespace reason = policy::reason;
using policy::ConditionStatus;

const WallTime kNow(std::chrono::hours(500'000));

TEST(RefusedStatus, WhatAPersonMustChangeIsStalledAndNotReady) {
  policy::ClusterFacts facts;
  facts.generation = 4;

  const auto status = refused_status(facts, std::string(reason::kInvalidSpec), "spec.bounds.min (5) is above", kNow);

  EXPECT_EQ(status.observed_generation, 4);
  EXPECT_EQ(policy::find_condition(status, "Ready")->status, ConditionStatus::false_);
  EXPECT_EQ(policy::find_condition(status, "Ready")->reason, "InvalidSpec");
  EXPECT_EQ(policy::find_condition(status, "Stalled")->status, ConditionStatus::true_);
  EXPECT_EQ(policy::find_condition(status, "Reconciling")->status, ConditionStatus::false_);
  EXPECT_EQ(policy::find_condition(status, "Stalled")->observed_generation, 4);
}

TEST(RefusedStatus, ASecretThatMayComeDoesNotStall) {
  const auto status = refused_status({}, std::string(reason::kSecretUnavailable), "no such Secret", kNow);

  EXPECT_EQ(policy::find_condition(status, "Ready")->status, ConditionStatus::false_);
  EXPECT_EQ(policy::find_condition(status, "Stalled")->status, ConditionStatus::false_);
}

TEST(RefusedStatus, KeepsWhatWasKnownAndTheTimesOfWhatStays) {
  policy::ClusterFacts facts;
  facts.status.emplace();
  facts.status->current_instances = 3;
  const std::string why(reason::kNotGranted);
  facts.status = refused_status(facts, why, "a", kNow);

  const auto again = refused_status(facts, why, "a", kNow + std::chrono::hours(1));

  EXPECT_EQ(again.current_instances, 3);
  EXPECT_FALSE(policy::worth_writing(*facts.status, again));
  EXPECT_EQ(policy::find_condition(again, "Ready")->last_transition_time, kNow);
}

}  // namespace
}  // namespace stackscaler::cluster
