// SPDX-License-Identifier: Apache-2.0
#include "policy/status.hpp"

#include <algorithm>

namespace stackscaler::policy {
namespace {

bool same_condition(const Condition& a, const Condition& b) {
  return a.type == b.type && a.status == b.status && a.reason == b.reason && a.message == b.message;
}

}  // namespace

std::string_view to_string(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::true_: return "True";
    case ConditionStatus::false_: return "False";
    case ConditionStatus::unknown: return "Unknown";
  }
  return "Unknown";
}

void set_condition(Status& status, Condition condition, WallTime now) {
  condition.observed_generation = status.observed_generation;
  const auto same_type = [&](const Condition& c) { return c.type == condition.type; };
  const auto found = std::find_if(status.conditions.begin(), status.conditions.end(), same_type);
  if (found == status.conditions.end()) {
    condition.last_transition_time = now;
    status.conditions.push_back(std::move(condition));
    return;
  }
  condition.last_transition_time = found->status == condition.status ? found->last_transition_time : now;
  *found = std::move(condition);
}

const Condition* find_condition(const Status& status, std::string_view type) {
  const auto same_type = [&](const Condition& c) { return c.type == type; };
  const auto found = std::find_if(status.conditions.begin(), status.conditions.end(), same_type);
  return found == status.conditions.end() ? nullptr : &*found;
}

bool worth_writing(const Status& written, const Status& next) {
  if (written.spec_digest != next.spec_digest || written.observed_generation != next.observed_generation ||
      written.current_instances != next.current_instances || written.desired_instances != next.desired_instances) {
    return true;
  }
  if (written.last_decision.has_value() != next.last_decision.has_value()) return true;
  if (next.last_decision && (written.last_decision->action != next.last_decision->action ||
                             written.last_decision->reason != next.last_decision->reason)) {
    return true;
  }
  if (written.operation.has_value() != next.operation.has_value()) return true;
  if (next.operation &&
      (written.operation->id != next.operation->id || written.operation->phase != next.operation->phase)) {
    return true;
  }
  return !std::equal(written.conditions.begin(), written.conditions.end(), next.conditions.begin(),
                     next.conditions.end(), same_condition);
}

}  // namespace stackscaler::policy
