// SPDX-License-Identifier: Apache-2.0
//
// ApiActions: what the API may order: a scale by hand, advice, a turn now, the emergency stop.
//
// A scale by hand runs as a task of its own: a client that goes, or does not wait, ends nothing, and a stop follows it
// to its end (law 13). Afterwards the loop reads the count again and leaves the stack alone for a while
// (--outside-change-hold). A turn now is the loop's own, with all its guards; this only waits for it.
// Threads: the loop's. Parts outlive it; await drain() before its end.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "api/fleet.hpp"
#include "async/task_group.hpp"
#include "async/wake.hpp"
#include "controller/loop.hpp"
#include "controller/program.hpp"

namespace stackscaler::controller {

class ApiBridge;

class ApiActions final : public api::Actions {
 public:
  ApiActions(Program& program, Reconciler& reconciler, Loop& loop, ApiBridge& bridge);

  [[nodiscard]] boost::asio::awaitable<Result<api::ChangeView>> scale(api::ScaleCommand command,
                                                                      Duration wait) override;
  [[nodiscard]] boost::asio::awaitable<Result<api::RecommendationView>> recommend(std::string stack) override;
  [[nodiscard]] boost::asio::awaitable<Result<api::AutoScaleView>> auto_scale(std::string stack, api::Asker by,
                                                                              Duration wait) override;
  [[nodiscard]] boost::asio::awaitable<Result<api::PauseView>> pause(api::Asker by, std::string reason) override;
  [[nodiscard]] boost::asio::awaitable<Result<api::PauseView>> resume(api::Asker by) override;

  // What the loop does; from the bridge.
  void turn_began(const policy::PolicyKey& key);
  void turn_decided(const Turn& turn);
  void turn_moved(const policy::PolicyKey& key, const ports::OperationProgress& progress);
  void turn_ended(const Turn& turn);

  [[nodiscard]] boost::asio::awaitable<void> drain() { return tasks_.join(); }
  [[nodiscard]] static api::PauseView pause_view(const Program& program);

 private:
  // A change by hand under way. Shared by the task and by who waits.
  struct Job {
    explicit Job(const boost::asio::any_io_executor& executor) : changed(executor) {}
    std::string operation;
    int from = 0;
    int to = 0;
    std::optional<Result<ports::ScaleReport>> result;
    Wake changed;
  };
  // Somebody who waits for a turn.
  struct Waiter {
    Waiter(policy::PolicyKey key_, const boost::asio::any_io_executor& executor)
        : key(std::move(key_)), changed(executor) {}
    policy::PolicyKey key;
    bool began = false;
    std::optional<api::RecommendationView> decided;
    std::optional<ports::OperationProgress> operation;
    std::optional<api::ChangeView> change;
    std::optional<Error> error;
    Wake changed;
  };

  [[nodiscard]] Result<Reconciler::ManualOrder> order_for(const api::ScaleCommand& command,
                                                          const policy::ScalingPolicy& policy, std::string& note) const;
  [[nodiscard]] boost::asio::awaitable<void> run(std::shared_ptr<Job> job, std::string stack,
                                                 Reconciler::ManualOrder order, std::optional<policy::PolicyKey> key);
  [[nodiscard]] api::ChangeView view_of(const Job& job, const std::string& note) const;
  [[nodiscard]] boost::asio::awaitable<void> wait_for_turn(std::shared_ptr<Waiter> waiter, Duration wait);

  Program& program_;
  Reconciler& reconciler_;
  Loop& loop_;
  ApiBridge& bridge_;
  std::list<std::shared_ptr<Waiter>> waiters_;
  TaskGroup tasks_;
};

}  // namespace stackscaler::controller
