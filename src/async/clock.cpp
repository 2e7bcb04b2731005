// SPDX-License-Identifier: Apache-2.0
#include "async/clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace stackscaler {

namespace asio = boost::asio;

WallTime system_wall_time() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

WallTime SystemClock::wall_now() const {
  return system_wall_time();
}

SteadyTime SystemClock::steady_now() const {
  return std::chrono::steady_clock::now();
}

asio::awaitable<Result<void>> SystemClock::sleep_until(SteadyTime until) {
  co_await asio::this_coro::throw_if_cancelled(false);
  asio::steady_timer timer(executor_, until);
  boost::system::error_code ec;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(ErrorKind::cancelled, "stopping");
  co_return Result<void>{};
}

}  // namespace stackscaler
