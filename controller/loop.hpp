// SPDX-License-Identifier: Apache-2.0
//
// Loop: when which policy gets its turn. It receives policies from a source, keeps them in the work queue, and runs
// turns as tasks.
//
// At most `workers` turns observe and decide at once; a turn that converges leaves its place to others, since Terraform
// may take minutes (the driver bounds those itself). Stopping: stop() takes nothing new in; drain() returns when every
// turn has ended, converging ones included. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "async/task_group.hpp"
#include "async/wake.hpp"
#include "controller/lateness.hpp"
#include "controller/reconciler.hpp"
#include "controller/work_queue.hpp"

namespace stackscaler::controller {

// What the loop has done so far; for metrics, tests and benchmarks.
struct LoopCounters {
  std::uint64_t turns = 0;
  Lateness lateness;
};

class Loop final : public ports::PolicySink {
 public:
  Loop(boost::asio::any_io_executor executor, Clock& clock, Logger& logger, Random& random, Reconciler& reconciler,
       int workers = 256);

  void upsert(std::shared_ptr<const policy::ScalingPolicy> policy) override;
  void remove(const policy::PolicyKey& key) override;

  // Hands out turns until stop(). Spawn it once.
  [[nodiscard]] boost::asio::awaitable<void> run();
  // Wakes the policies whose stack's state changed, every few seconds until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> watch_states();
  // Notices the emergency stop and its end: logs it, and wakes every policy so that its status says so; until
  // cancelled.
  [[nodiscard]] boost::asio::awaitable<void> watch_pause(const ports::Gate& gate);
  // Makes the plan checks that are due, one at a time, until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> watch_plans();
  void stop();
  [[nodiscard]] boost::asio::awaitable<void> drain();

  // Null: nobody. Before the first policy.
  void observe_with(LoopObserver* observer) { observer_ = observer; }
  // A turn of that policy is wanted now. `state_changed`: with the count read again. False: there is no such policy.
  bool wake(const policy::PolicyKey& key, bool state_changed);
  [[nodiscard]] std::vector<policy::PolicyKey> keys() const;
  // Null: there is no such policy.
  [[nodiscard]] const PolicyMemory* memory(const policy::PolicyKey& key) const;
  // Nothing while its turn is under way.
  [[nodiscard]] std::optional<SteadyTime> next_turn(const policy::PolicyKey& key) const { return queue_.due_of(key); }
  [[nodiscard]] std::size_t waiting() const { return queue_.waiting(); }
  [[nodiscard]] std::size_t in_work() const { return queue_.in_work(); }

  [[nodiscard]] const LoopCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t policies() const { return memories_.size(); }

 private:
  [[nodiscard]] boost::asio::awaitable<void> work(policy::PolicyKey key, Reconciler::Memory memory);
  void start_due_turns();
  void wake_for(SteadyTime due);

  Clock& clock_;
  Logger& logger_;
  Random& random_;
  Reconciler& reconciler_;
  int free_workers_;
  bool stopping_ = false;
  WorkQueue queue_;
  std::map<policy::PolicyKey, Reconciler::Memory> memories_;
  LoopCounters counters_;
  LoopObserver* observer_ = nullptr;
  Wake wake_;
  SteadyTime sleeping_until_ = SteadyTime::min();
  TaskGroup tasks_;
};

}  // namespace stackscaler::controller
