// SPDX-License-Identifier: Apache-2.0
//
// The plan guard: whether a plan holds just what a decision explains (law 1). Fails closed.
//
// Let S be the indexes of the counted resource in the refreshed state, t the target.
//   up    passes creates at {i < t, i not in S}: holes are healed on the way
//   down  passes deletes at {i >= t, i in S} because of the count, and only if S has no hole and nothing died
//   always outputs and data reads; and the dependents, at the same indexes as the counted resource
// Everything else is refused and named: unknown actions, a missing summary, totals unlike the changes, errors, broken
// lines, two changes of one address, and a plan that would not end at t.
// What it is not: the limit on how much one operation may destroy; the decision keeps that (law 11). The guard only
// refuses more deletes than the way from S to t has. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "terraform/stream.hpp"

namespace stackscaler::terraform {

struct GuardInput {
  std::vector<int> indexes;  // of the counted resource, from the state before the plan
  int target = 0;
  std::string resource;                 // base address
  std::vector<std::string> dependents;  // base addresses
  bool allow_data_loss = false;
};

struct Verdict {
  bool passed = false;
  bool nothing_to_do = false;
  std::string summary;               // "create a.b[1], a.b[2]; update outputs"
  std::vector<std::string> refused;  // "delete aws_db_instance.main (delete_because_no_resource_config)"
  std::string reason;                // PlanRefused or UnhealthyStack when refused
};

[[nodiscard]] Verdict judge(const PlanStream& plan, const GuardInput& input);

// True for resource types whose loss is the loss of data: volumes, buckets, databases, file systems, tables.
[[nodiscard]] bool holds_data(const std::string& type);

}  // namespace stackscaler::terraform
