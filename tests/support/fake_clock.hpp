// SPDX-License-Identifier: Apache-2.0
//
// FakeClock: time that only the test moves. advance() wakes the sleepers whose time has come, in order, and runs the
// loop dry after each.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>

#include "async/clock.hpp"

namespace stackscaler::test {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(boost::asio::io_context& io);
  [[nodiscard]] WallTime wall_now() const override { return wall_; }
  [[nodiscard]] SteadyTime steady_now() const override { return steady_; }
  [[nodiscard]] boost::asio::awaitable<Result<void>> sleep_until(SteadyTime until) override;

  void advance(Duration duration);
  void set_wall(WallTime now) { wall_ = now; }
  [[nodiscard]] std::size_t sleepers() const { return sleepers_.size(); }

 private:
  void run_ready();

  boost::asio::io_context& io_;
  WallTime wall_ = std::chrono::sys_days{std::chrono::year{2026} / 1 / 5} + std::chrono::hours(10);  // a Monday
  SteadyTime steady_{std::chrono::hours(1)};
  std::multimap<SteadyTime, std::shared_ptr<boost::asio::steady_timer>> sleepers_;
};

}  // namespace stackscaler::test
