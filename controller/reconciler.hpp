// SPDX-License-Identifier: Apache-2.0
//
// Reconciler: one turn of the loop for one policy: observe, advise, decide, converge, report.
//
// What it is: the chain of steps over the ports. What it is not: a scheduler (controller/loop.hpp says when), nor the
// decision (decision/decide.hpp). A turn never fails: what went wrong is in its status, its log line and the time of
// the next one. Threads: the loop's. Everything in Parts must outlive it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "async/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "controller/claims.hpp"
#include "controller/fleet_guard.hpp"
#include "controller/observer.hpp"
#include "controller/turn.hpp"
#include "ports/advisor.hpp"
#include "ports/event_sink.hpp"
#include "ports/gate.hpp"
#include "ports/journal.hpp"
#include "ports/metric_source.hpp"
#include "ports/policy_source.hpp"
#include "ports/stack_driver.hpp"

namespace stackscaler::controller {

// What the program's options say about the loop as a whole.
struct ReconcilerSettings {
  FleetLimits fleet;
  // After the count was changed by another hand the stack is left alone for so long; 0: not at all.
  Duration outside_hold = std::chrono::minutes(5);
};

class Reconciler {
 public:
  struct Parts {
    Clock& clock;
    Logger& logger;
    Random& random;
    ports::MetricSource& metrics;
    ports::Advisor& advisor;
    ports::StackDriver& driver;
    ports::StatusWriter* status;  // null: statuses are not written (reconcile --dry-run)
    ports::Journal& journal;
    const ports::Gate& gate;
    ports::EventSink* events = nullptr;  // null: nobody is told
  };
  using Memory = std::shared_ptr<PolicyMemory>;
  static constexpr int kUntilStopped = std::numeric_limits<int>::max();

  explicit Reconciler(Parts parts, ReconcilerSettings settings = ReconcilerSettings())
      : parts_(parts), settings_(settings), fleet_(settings.fleet) {}

  // One turn. `on_converge` is called when a converge begins, which may take long: the caller can let others in.
  [[nodiscard]] boost::asio::awaitable<Turn> turn(Memory memory, std::function<void()> on_converge);

  // How long after this turn the next is wanted.
  [[nodiscard]] Duration next_interval(const Turn& turn, PolicyMemory& memory);

  // Brings an operation of an earlier process to its end (law 5), trying again with backoff until the gate closes.
  // Until then its stack is not changed.
  [[nodiscard]] boost::asio::awaitable<void> recover(ports::OperationRecord open, int attempts = kUntilStopped);
  void expect_recovery(const ports::OperationRecord& open);

  // A plan without a change, which keeps the condition PlanSafe fresh (spec.stack.planCheck). Says when the next is
  // due.
  [[nodiscard]] boost::asio::awaitable<void> check_plan(Memory memory);

  // The decision that a turn would come to now, of a policy that the loop need not know. Changes nothing and leaves
  // nothing; an advisor is asked.
  [[nodiscard]] boost::asio::awaitable<Turn> look(std::shared_ptr<const policy::ScalingPolicy> policy);

  // A change that a person asks for: behind the gate, the guard, the fleet's budget and law 11, not behind holds.
  struct ManualOrder {
    policy::StackRef stack;
    int to = 0;
    policy::Step max_step;  // at most so many fewer at once
    ports::WriteRequest gate;
    std::string requested_by;
    std::string reason;   // Manual or ManualForced
    std::string message;  // the person's
  };
  [[nodiscard]] boost::asio::awaitable<Result<ports::ScaleReport>> scale_by_hand(ManualOrder order,
                                                                                 ports::ProgressSink progress);

  // Null: nobody. Before the first turn.
  void observe_with(LoopObserver* observer) { observer_ = observer; }
  [[nodiscard]] Duration outside_hold() const { return settings_.outside_hold; }

  // Where progress of a running operation goes (called within the driver, so the receiver must not block): the loop
  // answers by spawning report_progress().
  void on_progress(std::function<void(Memory, ports::OperationProgress)> receiver) {
    on_progress_ = std::move(receiver);
  }
  [[nodiscard]] boost::asio::awaitable<void> report_progress(Memory memory, ports::OperationProgress progress);

  [[nodiscard]] boost::asio::awaitable<std::vector<std::string>> changed_stacks() {
    return parts_.driver.changed_stacks();
  }
  [[nodiscard]] Claims& claims() { return claims_; }
  void forget(const policy::PolicyKey& key) { fleet_.forget(key); }

 private:
  struct OpenOperation {
    std::string stack;
    std::string message;  // why the stack is not changed now
  };
  [[nodiscard]] static Result<void> still_wanted(const PolicyMemory& memory, const std::string& digest);
  [[nodiscard]] boost::asio::awaitable<void> observe(Memory memory, Turn& turn, bool force);
  [[nodiscard]] boost::asio::awaitable<void> note_count(Memory memory);
  [[nodiscard]] boost::asio::awaitable<Result<void>> check_fleet(Turn& turn);
  [[nodiscard]] boost::asio::awaitable<Result<void>> check_budget(int fewer);
  [[nodiscard]] boost::asio::awaitable<Result<void>> still_right(Memory memory, int from, int to, int max);
  [[nodiscard]] boost::asio::awaitable<void> check_claim(Memory memory, Turn& turn);
  [[nodiscard]] boost::asio::awaitable<void> load_memory(Memory memory, Turn& turn);
  [[nodiscard]] boost::asio::awaitable<Result<void>> load_history(Memory memory, Turn& turn);
  [[nodiscard]] boost::asio::awaitable<void> remember_recommendation(Memory memory, Turn& turn);
  void take_scaling_elsewhere(PolicyMemory& memory, const Turn& turn);
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> orphans_elsewhere(const policy::ScalingPolicy& policy);
  [[nodiscard]] static Duration warmup_of(const PolicyMemory& memory);
  [[nodiscard]] boost::asio::awaitable<void> time_boot(Memory memory, const decision::Observation& observation);
  [[nodiscard]] boost::asio::awaitable<void> decide(Memory memory, Turn& turn);
  [[nodiscard]] boost::asio::awaitable<void> converge(Memory memory, Turn& turn, std::function<void()> on_converge);
  [[nodiscard]] boost::asio::awaitable<void> scale(Memory memory, Turn& turn, const ports::WritePermit& permit);
  [[nodiscard]] boost::asio::awaitable<void> report(Memory memory, Turn& turn);
  [[nodiscard]] boost::asio::awaitable<void> write_status(Memory memory, policy::Status status);
  [[nodiscard]] boost::asio::awaitable<void> journal_decision(Memory memory, Turn& turn);
  [[nodiscard]] bool recovering(const std::string& stack) const;
  [[nodiscard]] bool may_try(const PolicyMemory& memory, Turn& turn);
  [[nodiscard]] ports::ProgressSink progress_sink(const Memory& memory);
  void note_failure(PolicyMemory& memory, Turn& turn, const Error& error);
  void note_scaled(PolicyMemory& memory, Turn& turn, const ports::ScaleReport& report);
  void log_turn(PolicyMemory& memory, const Turn& turn);

  Parts parts_;
  ReconcilerSettings settings_;
  FleetGuard fleet_;
  Claims claims_;
  std::map<std::string, OpenOperation> recovering_;  // by operation
  int recoveries_ = 0;                               // that have come to their end
  std::function<void(Memory, ports::OperationProgress)> on_progress_;
  LoopObserver* observer_ = nullptr;
};

}  // namespace stackscaler::controller
