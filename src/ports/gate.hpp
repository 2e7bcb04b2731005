// SPDX-License-Identifier: Apache-2.0
//
// Gate and WritePermit: the one way to a change of a stack.
//
// Whatever changes a stack, its files or its metadata takes a WritePermit by reference, and only Gate makes one. So the
// compiler proves that no path goes round the gate; the gate's own rules are a table (gate.cpp, gate_test.cpp).
// What it is not: a lock. It says whether a change may be started, not whether the stack is free.
// Threads: the loop's. A permit must not outlive its gate.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace stackscaler::ports {

// Who asks.
enum class Origin {
  loop,       // the reconcile loop
  explicit_,  // a command or a request of a person
  recovery,   // finishing the books of an operation that a crash left open; starts nothing
};

struct WriteRequest {
  Origin origin = Origin::loop;
  bool policy_dry_run = false;  // spec.dryRun
  bool policy_suspend = false;  // spec.suspend
  std::string schedule{};       // the schedule that suspends the policy now, or ""
  std::string policy_paused{};  // the emergency stop of this policy alone, one sentence; or ""
};

struct GateSettings {
  bool enabled = false;    // --enable / AUTO_SCALING_ENABLED
  bool dry_run = false;    // --dry-run
  bool rehearsal = false;  // run --rehearsal: there is no Terraform behind the driver
};

class Gate;

class WritePermit {
 public:
  // Asks again, with the same request: call it right before the step that can't be taken back (the apply), since a
  // stop may have come since the permit was given.
  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] Origin origin() const { return request_.origin; }

 private:
  friend class Gate;
  WritePermit(const Gate& gate, WriteRequest request) : gate_(&gate), request_(std::move(request)) {}
  const Gate* gate_;
  WriteRequest request_;
};

class Gate {
 public:
  explicit Gate(GateSettings settings) : settings_(settings) {}

  // The permit, or a `conflict` whose reason is DryRun, NotEnabled, Suspended, Paused, Standby or Stopping and whose
  // message says what a person would do to open the gate.
  [[nodiscard]] Result<WritePermit> permit(WriteRequest request) const;

  // The emergency stop: asked at every permit and check; a sentence while it is in force, else "". It gates everything
  // but recovery.
  void ask_for_stop(std::function<std::string()> stopped) { stopped_ = std::move(stopped); }
  [[nodiscard]] std::string stopped() const { return stopped_ ? stopped_() : std::string(); }

  // Whether this replica leads, asked at every permit and check: one that was paused and woke up must know at once that
  // its time is over. Not asked: there is one process. It gates everything but recovery.
  void ask_whether_leading(std::function<bool()> leading) { leading_ = std::move(leading); }
  [[nodiscard]] bool leading() const { return !leading_ || leading_(); }

  // From now on nothing new starts; permits already given fail their check().
  void close_for_stop() { stopping_ = true; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] const GateSettings& settings() const { return settings_; }

 private:
  friend class WritePermit;
  [[nodiscard]] Result<void> check(const WriteRequest& request) const;
  GateSettings settings_;
  std::function<std::string()> stopped_;
  std::function<bool()> leading_;
  bool stopping_ = false;
};

}  // namespace stackscaler::ports
