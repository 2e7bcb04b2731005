// SPDX-License-Identifier: Apache-2.0
#include "support/fake_clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace stackscaler::test {

namespace asio = boost::asio;

FakeClock::FakeClock(asio::io_context& io) : io_(io) {}

asio::awaitable<Result<void>> FakeClock::sleep_until(SteadyTime until) {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (until <= steady_) co_return Result<void>{};
  auto timer = std::make_shared<asio::steady_timer>(io_, asio::steady_timer::time_point::max());
  const auto self = sleepers_.emplace(until, timer);
  boost::system::error_code ec;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (until <= steady_) co_return Result<void>{};  // advance() has taken the entry out
  sleepers_.erase(self);
  co_return fail(ErrorKind::cancelled, "stopping");
}

void FakeClock::advance(Duration duration) {
  const SteadyTime end = steady_ + duration;
  run_ready();
  while (!sleepers_.empty() && sleepers_.begin()->first <= end) {
    const auto first = sleepers_.begin();
    const auto moved = std::chrono::duration_cast<Duration>(first->first - steady_);
    steady_ += moved;
    wall_ += moved;
    if (steady_ < first->first) steady_ = first->first;
    const auto timer = first->second;
    sleepers_.erase(first);
    timer->cancel();
    run_ready();
  }
  wall_ += std::chrono::duration_cast<Duration>(end - steady_);
  steady_ = end;
  run_ready();
}

void FakeClock::run_ready() {
  io_.restart();
  io_.poll();
}

}  // namespace stackscaler::test
