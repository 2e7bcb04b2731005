// SPDX-License-Identifier: Apache-2.0
//
// The policy's status, as written into the document or the custom resource: plain data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace stackscaler::policy {

enum class ConditionStatus { true_, false_, unknown };
[[nodiscard]] std::string_view to_string(ConditionStatus status);

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::unknown;
  std::string reason;   // a constant of policy/reasons.hpp
  std::string message;  // for people; no volatile numbers
  std::int64_t observed_generation = 0;
  WallTime last_transition_time{};  // moves only when `status` changes
};

struct LastDecision {
  WallTime time{};
  std::string action;  // scale_up | scale_down | no_change
  int from = 0;
  int to = 0;
  double confidence = 1.0;
  std::string advisor;
  std::string reason;
  std::string message;
};

struct MetricStatus {
  std::string name;
  std::string value;   // "81.3", or "" when missing
  std::string target;  // "75/30" for a threshold
  std::optional<int> desired_instances;
  std::string missing;  // why there is no value, or ""
};

struct OperationStatus {
  std::string id;
  std::string phase;  // Waiting | Planning | Draining | Applying | Verifying
  int from = 0;
  int to = 0;
  WallTime since{};
  std::string progress;  // "1 of 2 created"
};

struct Status {
  std::int64_t observed_generation = 0;
  std::string spec_digest;
  std::optional<int> current_instances;
  std::optional<Duration> count_age;
  std::optional<int> desired_instances;
  std::optional<WallTime> last_scale_time;
  std::optional<LastDecision> last_decision;
  std::vector<MetricStatus> metrics;
  std::optional<OperationStatus> operation;
  std::vector<Condition> conditions;
};

// Sets the condition of that type; the transition time moves to `now` only if its status changes.
void set_condition(Status& status, Condition condition, WallTime now);
[[nodiscard]] const Condition* find_condition(const Status& status, std::string_view type);

// True when `next` differs from `written` in what alone causes a write: spec digest, counts, action, reason,
// a condition's status, reason or message, or the operation's id or phase. Values and times ride along.
[[nodiscard]] bool worth_writing(const Status& written, const Status& next);

}  // namespace stackscaler::policy
