// SPDX-License-Identifier: Apache-2.0
//
// The plan guard: whether a plan holds just what a decision explains (law 1). Fails closed.
//
// Let S be the indexes of the counted resource in the refreshed state, t the target.
//   up    passes creates at {i < t, i not in S}: holes are healed on the way; and replacements of tainted instances
//         that an operation of our own has left half-made (healed); with both, replacements of the dependents at those
//         indexes, since they name an instance that is another one afterwards
//   down  passes deletes at {i >= t, i in S} because of the count, and only if S has no hole and nothing died
//   always outputs and data reads; the dependents, by the same rules and their own indexes; and in-place updates that
//         the policy allows (allowUpdates), of the listed attributes only
// Everything else is refused and named: unknown actions, reasons and kinds, a missing summary, totals unlike the
// changes, errors, broken lines, two changes of one address, and a plan that would not end at t.
// The rules by name: terraform/guard_rules.hpp; explained with examples: docs/explanation/guard.md.
// What it is not: the limit on how much one operation may destroy; the decision keeps that (law 11). Pure; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/types.hpp"
#include "terraform/plan_details.hpp"
#include "terraform/stream.hpp"

namespace stackscaler::terraform {

struct GuardInput {
  std::vector<int> indexes;  // of the counted resource, from the state before the plan
  int target = 0;
  std::string resource;                                    // base address
  std::vector<std::string> dependents;                     // base addresses
  std::map<std::string, std::set<int>> dependent_indexes;  // theirs, from the same state; absent: none
  std::set<int> half_made;  // indexes that an unfinished operation of our own has left tainted
  std::vector<policy::AllowedUpdate> allow_updates;
  bool allow_data_loss = false;
  // What the allowed updates of this plan change. Absent: not looked at, and such an update is refused (and is in
  // Verdict::updates, so that the caller can look and judge again).
  const PlanDetails* details = nullptr;
};

struct Verdict {
  bool passed = false;
  bool nothing_to_do = false;
  std::string summary;               // "create a.b[1], a.b[2]; update outputs"
  std::vector<std::string> refused;  // "delete aws_db_instance.main (delete_because_no_resource_config)"
  std::string reason;                // PlanRefused or UnhealthyStack when refused
  std::vector<std::string> healed;   // addresses whose replacement passed
  std::set<int> creates;             // indexes that are created or replaced, of the counted resource and the dependents
  // Addresses of allowed updates that nobody has looked at, when nothing else speaks against the plan.
  std::vector<std::string> updates;
};

[[nodiscard]] Verdict judge(const PlanStream& plan, const GuardInput& input);

// True for resource types whose loss is the loss of data: volumes, buckets, databases, file systems, tables, queues.
[[nodiscard]] bool holds_data(const std::string& type);

}  // namespace stackscaler::terraform
