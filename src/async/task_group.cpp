// SPDX-License-Identifier: Apache-2.0
#include "async/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <exception>

namespace stackscaler {

namespace asio = boost::asio;

namespace {

std::string what_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

TaskGroup::TaskGroup(asio::any_io_executor executor, Logger& logger)
    : executor_(std::move(executor)), logger_(logger), idle_(executor_) {
  idle_.expires_at(asio::steady_timer::time_point::max());
}

TaskGroup::~TaskGroup() {
  if (!tasks_.empty()) {
    logger_.error("a task outlives its group", kv("task", tasks_.front().name));
    std::abort();
  }
}

void TaskGroup::spawn(std::string name, asio::awaitable<void> task) {
  tasks_.emplace_back().name = std::move(name);
  const auto self = std::prev(tasks_.end());
  auto done = [this, self](const std::exception_ptr& failure) {
    if (failure) {
      // A cancelled coroutine ends with operation_aborted: that is the way out, not a fault.
      const std::string what = what_of(failure);
      if (what.find("Operation canceled") == std::string::npos && what.find("Operation aborted") == std::string::npos) {
        logger_.error("task failed", kv("task", self->name), kv("err", what));
      }
    }
    tasks_.erase(self);
    if (tasks_.empty()) idle_.cancel();
  };
  asio::co_spawn(executor_, std::move(task), asio::bind_cancellation_slot(self->signal.slot(), std::move(done)));
}

void TaskGroup::request_stop() {
  // emit() may end a task and so erase it: advance first.
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    const auto current = task++;
    current->signal.emit(asio::cancellation_type::terminal);
  }
}

asio::awaitable<void> TaskGroup::join() {
  while (!tasks_.empty()) {
    boost::system::error_code ec;
    co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }
}

}  // namespace stackscaler
