// SPDX-License-Identifier: Apache-2.0
//
// Wake: lets one coroutine wait until another says so.
//
// wait() returns at the next notify() or when cancelled. A notify() without a waiter is forgotten: the waiter looks at
// what it waits for before it waits. Threads: one executor's. It must outlive its waiter.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/error.hpp"

namespace stackscaler {

class Wake {
 public:
  explicit Wake(const boost::asio::any_io_executor& executor)
      : timer_(executor, boost::asio::steady_timer::time_point::max()) {}
  void notify() { timer_.cancel(); }
  [[nodiscard]] boost::asio::awaitable<Result<void>> wait();

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace stackscaler
