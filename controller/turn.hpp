// SPDX-License-Identifier: Apache-2.0
//
// Turn: what one pass over one policy found out, from which status, log line, journal record and next due time follow.
//
// What it is: plain data, filled in by the reconciler's steps in order. What it is not: kept; PolicyMemory is what
// lasts between turns.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "controller/boot_timer.hpp"
#include "controller/hold.hpp"
#include "decision/decide.hpp"
#include "policy/status.hpp"
#include "policy/types.hpp"
#include "ports/stack_driver.hpp"

namespace stackscaler::controller {

// Why the gate stayed shut, or what came of a converge.
struct ConvergeResult {
  enum class Kind { not_wanted, gated, held, scaled, failed };
  Kind kind = Kind::not_wanted;
  std::string reason;  // of the gate, the hold or the failure
  std::string message;
  bool stalled = false;                      // with failed: a person should look
  std::optional<ports::ScaleReport> report;  // with scaled
};

// True while the object lives.
class Flag {
 public:
  explicit Flag(bool& flag) : flag_(flag) { flag_ = true; }
  ~Flag() { flag_ = false; }
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;

 private:
  bool& flag_;
};

struct Turn {
  std::shared_ptr<const policy::ScalingPolicy> policy;
  std::optional<ports::StackView> view;
  std::optional<Duration> count_age;
  std::optional<decision::Observation> observation;  // what it was made of
  std::optional<decision::Decision> decision;
  bool freshness_unknown = false;
  std::string paused;  // the emergency stop in one sentence, or ""
  std::string metrics_missing;
  std::optional<Error> error;  // the step that ended the turn early: observe
  ConvergeResult converge;
};

// Which states were told as events, by kind: see controller/happenings.hpp.
using ToldEvents = std::map<std::string, std::string>;

// What the loop remembers of a policy between turns. Lost at a restart, except what comes back from the journal.
struct PolicyMemory {
  std::shared_ptr<const policy::ScalingPolicy> policy;
  // The policy was removed or names another stack by now: a turn that is under way changes nothing any more.
  bool retired = false;
  std::int64_t generation = 0;
  std::string generation_digest;  // for which `generation` was asked

  std::optional<ports::StackView> view;  // the last reading of the state
  SteadyTime view_read{};
  std::optional<int> last_count;
  bool state_changed = false;  // somebody changed the state since

  bool history_loaded = false;
  bool history_loaded_once = false;
  decision::History history;
  std::optional<decision::Recommendation> recommendation_written;  // the last one that the journal has
  BootTimer boot;
  std::vector<Duration> boot_times;  // as measured, newest first
  std::string orphans;               // what may exist without being in the state, one sentence; "": nothing known
  std::string orphans_elsewhere;     // the same of another replica's operation, as the resource's status tells
  int recoveries_seen = 0;           // by which history and orphans are up to date

  Hold hold;
  int errors = 0;  // turns in a row that ended early

  // Somebody else changed the count: the loop leaves the stack alone until then.
  std::optional<SteadyTime> outside_until;
  std::string outside;  // one sentence

  // What the last plan said, by a scaling or by the plan check. Absent: there was none.
  std::optional<policy::Condition> plan_safe;
  SteadyTime plan_due = SteadyTime::max();  // of the next plan check
  bool converging = false;

  ToldEvents told;
  policy::Status written;  // as last written
  bool ever_written = false;
  SteadyTime written_at{};
  bool writing = false;  // a write is under way; the newest status waits in `pending`
  std::optional<policy::Status> pending;
  std::string last_logged;  // action, counts and reason of the last info line
  SteadyTime logged_at{};
  std::string last_journalled;
  SteadyTime journalled_at{};
  SteadyTime due{};  // when the present turn was due: the base of the next
  int turns = 0;
};

}  // namespace stackscaler::controller
