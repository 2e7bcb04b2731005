// SPDX-License-Identifier: Apache-2.0
//
// Clock: both clocks and the sleep, behind one port, so that tests own time.
//
// wall_now() is for people, status and history; steady_now() for intervals. Threads: the loop's thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/time.hpp"

namespace stackscaler {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
  [[nodiscard]] virtual SteadyTime steady_now() const = 0;
  // Returns at `until`, or with `cancelled` when the coroutine is cancelled before.
  [[nodiscard]] virtual boost::asio::awaitable<Result<void>> sleep_until(SteadyTime until) = 0;

  [[nodiscard]] boost::asio::awaitable<Result<void>> sleep_for(Duration duration) {
    return sleep_until(steady_now() + duration);
  }
};

// The system's wall clock, for what has no Clock: the log. Any thread.
[[nodiscard]] WallTime system_wall_time();

class SystemClock final : public Clock {
 public:
  explicit SystemClock(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  [[nodiscard]] WallTime wall_now() const override;
  [[nodiscard]] SteadyTime steady_now() const override;
  [[nodiscard]] boost::asio::awaitable<Result<void>> sleep_until(SteadyTime until) override;

 private:
  boost::asio::any_io_executor executor_;
};

}  // namespace stackscaler
