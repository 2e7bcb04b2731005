// SPDX-License-Identifier: Apache-2.0
//
// What a plan must be that creates a stack.
#include <algorithm>

#include "terraform/address.hpp"
#include "terraform/deploy.hpp"

namespace stackscaler::terraform {

std::string creation_summary(const PlanStream& plan) {
  std::vector<std::string> created;
  for (const PlannedChange& change : plan.changes) {
    if (change.action == "create") created.push_back(change.address);
  }
  // Terraform lists them in the order of its graph walk, which differs from run to run.
  std::sort(created.begin(), created.end(), address_before);
  std::string text;
  for (const std::string& address : created) text += (text.empty() ? "create " : ", ") + address;
  return text;
}

std::vector<std::string> beyond_creation(const PlanStream& plan) {
  std::vector<std::string> found;
  if (plan.malformed > 0 || plan.truncated || plan.torn || !plan.plan_summary) {
    found.emplace_back("the plan could not be read to its end");
    return found;
  }
  for (const PlannedChange& change : plan.changes) {
    const bool harmless = change.action == "create" || change.action == "read" || change.action == "noop";
    if (harmless && !change.importing && change.previous_address.empty()) continue;
    found.push_back((change.importing ? "import" : change.action) + " " + change.address);
  }
  for (const PlannedChange& change : plan.drift) found.push_back("changed outside of Terraform: " + change.address);
  const ChangeSummary& sum = *plan.plan_summary;
  if (found.empty() &&
      (sum.change != 0 || sum.remove != 0 || sum.import != 0 || sum.forget != 0 || sum.unknown_counts)) {
    found.emplace_back("the plan's summary counts more than creations");
  }
  if (found.empty() && sum.add == 0) found.emplace_back("it creates nothing");
  return found;
}

}  // namespace stackscaler::terraform
