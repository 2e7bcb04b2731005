// SPDX-License-Identifier: Apache-2.0
//
// TaskGroup: the owner of coroutines. A task never outlives its group.
//
// spawn() starts a task; request_stop() cancels all; join() returns when none is left. The destructor aborts the
// program if a task is still alive: a missing join is a fault of the program, and going on would touch freed memory.
// A task that throws is logged once with its name and ends; the others go on. Threads: one executor's.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <string>

#include "base/log.hpp"

namespace stackscaler {

class TaskGroup {
 public:
  TaskGroup(boost::asio::any_io_executor executor, Logger& logger);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(std::string name, boost::asio::awaitable<void> task);
  // Terminal cancellation of every task alive now. Tasks that must end in order watch a flag of their own instead.
  void request_stop();
  [[nodiscard]] boost::asio::awaitable<void> join();
  [[nodiscard]] std::size_t size() const { return tasks_.size(); }

 private:
  struct Task {
    std::string name;
    boost::asio::cancellation_signal signal;
  };

  boost::asio::any_io_executor executor_;
  Logger& logger_;
  std::list<Task> tasks_;
  boost::asio::steady_timer idle_;
};

}  // namespace stackscaler
