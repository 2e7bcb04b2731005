// SPDX-License-Identifier: Apache-2.0
//
// ApiBridge: the program as the API sees it: what the loop knows and did, the journal's pages, the registry.
//
// What it is: views, made when asked for, and the loop's events passed on. What it is not: a second memory of what is
// in the journal. It keeps the last turn of each policy. Threads: the loop's. Parts outlive it; await join() before its
// end.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/api.hpp"
#include "api/fleet.hpp"
#include "async/task_group.hpp"
#include "controller/loop.hpp"
#include "controller/observer.hpp"
#include "controller/program.hpp"

namespace stackscaler::controller {

class ApiActions;

class ApiBridge final : public api::Fleet, public api::Records, public LoopObserver {
 public:
  ApiBridge(Program& program, Reconciler& reconciler, Loop& loop);

  // Who is told; both before the first event.
  void tell(api::Api& api, ApiActions& actions) {
    api_ = &api;
    actions_ = &actions;
  }
  void set_ready() { ready_ = true; }
  [[nodiscard]] boost::asio::awaitable<void> join() { return tasks_.join(); }

  // An operation that no turn is about: a change by hand.
  void operation_moved(const std::string& stack, const std::string& by, const std::string& reason,
                       const std::string& message, const ports::OperationProgress& progress);
  // The stack's operation, if it is that one's, is over; `outcome`: said where the journal has no record of it.
  void operation_over(const std::string& stack, const std::string& by, const std::string& outcome);
  // A copy that lasts, or null.
  [[nodiscard]] std::shared_ptr<const policy::ScalingPolicy> policy_named(const policy::PolicyKey& key) const;

  // The policy that names the stack, else that of the defaults. Fails when there is no such stack.
  [[nodiscard]] boost::asio::awaitable<Result<std::shared_ptr<const policy::ScalingPolicy>>> policy_for(
      std::string stack);

  // api::Fleet
  [[nodiscard]] std::vector<policy::PolicyKey> keys() const override { return loop_.keys(); }
  [[nodiscard]] std::optional<api::PolicyView> policy(const policy::PolicyKey& key) const override;
  [[nodiscard]] std::optional<policy::PolicyKey> policy_of(const std::string& stack) const override;
  [[nodiscard]] api::ControllerView controller() const override;
  [[nodiscard]] boost::asio::awaitable<Result<api::PolicyText>> text(policy::PolicyKey key) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<api::StackView>>> stacks() override;
  [[nodiscard]] boost::asio::awaitable<Result<api::StackView>> stack(std::string id) override;
  [[nodiscard]] boost::asio::awaitable<Result<api::MetricsView>> metrics(std::string stack) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> simulate(api::SimulationQuery query) override;

  // api::Records
  [[nodiscard]] boost::asio::awaitable<Result<api::DecisionPage>> decisions(api::DecisionQuery query) override;
  [[nodiscard]] boost::asio::awaitable<Result<api::OperationPage>> operations(api::OperationQuery query) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::optional<ports::OperationRecord>>> operation(
      std::string id) override;
  [[nodiscard]] std::string explain(const ports::DecisionRecord& decision,
                                    const std::optional<ports::OperationRecord>& operation) const override;

  // LoopObserver
  void known(const policy::ScalingPolicy& policy) override;
  void gone(const policy::PolicyKey& key) override;
  void began(const policy::PolicyKey& key) override;
  void decided(const Turn& turn) override;
  void ended(const PolicyMemory& memory, const Turn& turn, const policy::Status& status) override;
  void moved(const policy::ScalingPolicy& policy, const ports::OperationProgress& progress) override;

 private:
  struct Seen {
    api::LastTurn last;
    std::string told;  // the last decision that was told as news
  };
  [[nodiscard]] boost::asio::awaitable<void> finish(ports::OperationRecord known, std::string outcome);
  void count_turn(const Turn& turn);
  void note_point(const Turn& turn, WallTime now);

  Program& program_;
  Reconciler& reconciler_;
  Loop& loop_;
  api::Api* api_ = nullptr;
  ApiActions* actions_ = nullptr;
  bool ready_ = false;
  bool simulating_ = false;
  std::string terraform_;
  WallTime started_;
  std::map<policy::PolicyKey, Seen> seen_;
  std::map<std::string, policy::PolicyKey> by_stack_;
  std::map<std::string, ports::OperationRecord> running_;  // by stack
  TaskGroup tasks_;
};

// The decision of a turn as a record of the journal.
[[nodiscard]] ports::DecisionRecord record_of_turn(const Turn& turn, WallTime now);

}  // namespace stackscaler::controller
