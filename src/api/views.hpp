// SPDX-License-Identifier: Apache-2.0
//
// What the API shows: plain data that the controller fills in and api turns into JSON and metrics.
//
// Pointers in PolicyView refer to what the loop keeps and hold until the next co_await. Threads: the loop's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "decision/decide.hpp"
#include "policy/status.hpp"
#include "policy/types.hpp"
#include "ports/journal.hpp"
#include "ports/stack_driver.hpp"

namespace stackscaler::api {

// What is known of a policy after its last turn.
struct LastTurn {
  policy::Status status;
  std::vector<decision::Signal> signals;
  policy::Bounds bounds;  // those that held
  std::string suspended_by;
  std::string held;  // why the stack is left alone for now, or ""
};

struct PolicyView {
  const policy::ScalingPolicy* policy = nullptr;
  const LastTurn* last = nullptr;  // null: not evaluated yet
  std::string stack;
  bool implicit = false;
  std::int64_t generation = 0;
  std::optional<WallTime> next_run;
  std::optional<WallTime> held_until;
};

struct PauseView {
  bool paused = false;
  std::string by;
  std::string reason;
  std::optional<WallTime> since;
  std::string sentence;
};

struct ControllerView {
  std::string version;
  bool enabled = false;
  bool dry_run = false;
  bool rehearsal = false;
  bool leader = true;
  bool stopping = false;
  bool ready = false;  // the policies are loaded and the loop runs
  PauseView pause;
  policy::Defaults defaults;
  std::optional<int> ceiling;
  std::string terraform;
  std::size_t policies = 0;
  std::size_t waiting = 0;
  std::size_t in_work = 0;
  std::uint64_t turns = 0;
  Duration lateness_p50{};
  Duration lateness_p99{};
  Duration lateness_max{};
  WallTime started{};
};

struct StackView {
  std::string id;
  bool active = false;
  std::optional<int> count;
  std::string workspace;
  std::string template_;
  std::string last_scaled_at;
  std::string last_scale_reason;
  std::string problem;
  std::string resource;
  std::vector<int> indexes;
  std::string context;  // one JSON object, values redacted
};

struct MetricsView {
  WallTime time{};
  std::vector<decision::MetricReading> metrics;
  std::optional<int> reporting;
};

struct PolicyText {
  std::optional<std::string> yaml;  // secrets redacted
  bool is_loaded = false;
};

struct RecommendationView {
  std::string policy;  // namespace/name
  ports::DecisionRecord decision;
  double threshold = 0;  // advisor.confidenceThreshold
};

// What came of a request to change a stack.
struct ChangeView {
  enum class Status { running, done, unchanged };
  Status status = Status::unchanged;
  int from = 0;
  int to = 0;
  std::string operation;  // "" when none was begun
  std::string message;
  std::string warning;
  Duration hold{};
};

struct AutoScaleView {
  RecommendationView recommendation;
  ChangeView change;
};

// One look at a policy's value of then, of the last turns.
struct HistoryPoint {
  WallTime time{};
  std::optional<int> count;
  std::optional<int> desired;
  std::vector<std::pair<std::string, std::optional<double>>> values;
};

}  // namespace stackscaler::api
