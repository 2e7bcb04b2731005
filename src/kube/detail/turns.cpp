// SPDX-License-Identifier: Apache-2.0
#include "kube/detail/turns.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <cmath>

namespace stackscaler::kube::detail {

namespace asio = boost::asio;

Turn::~Turn() {
  if (turns_ != nullptr) turns_->leave();
}

asio::awaitable<Result<Turn>> Turns::enter(SteadyTime until) {
  using asio::experimental::awaitable_operators::operator||;
  co_await asio::this_coro::throw_if_cancelled(false);
  if (free_ > 0) {
    --free_;
    co_return Turn(this);
  }
  Waiter waiter(executor_);
  // The entry leaves the list with this frame, also when the frame is destroyed without being resumed.
  struct Entry {
    std::list<Waiter*>& list;
    std::list<Waiter*>::iterator at;
    Waiter& waiter;
    ~Entry() {
      if (!waiter.granted) list.erase(at);
    }
  };
  {
    const Entry entry{waiting_, waiting_.insert(waiting_.end(), &waiter), waiter};
    auto wait = waiter.wake.wait();
    auto timer = clock_.sleep_until(until);
    (void)co_await (std::move(wait) || std::move(timer));
  }
  Turn turn(waiter.granted ? this : nullptr);
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return fail(ErrorKind::cancelled, "stopping");
  if (waiter.granted) co_return std::move(turn);
  co_return fail(ErrorKind::timeout, "too many requests are in progress: no place became free in time");
}

void Turns::leave() {
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  Waiter* const next = waiting_.front();
  waiting_.pop_front();
  next->granted = true;
  next->wake.notify();
}

double TokenBucket::level(SteadyTime now) const {
  if (at_ == SteadyTime{}) return tokens_;
  const double passed = std::chrono::duration<double>(now - at_).count();
  return std::min(burst_, tokens_ + std::max(0.0, passed) * rate_);
}

void TokenBucket::refill(SteadyTime now) {
  tokens_ = level(now);
  at_ = now;
}

Duration TokenBucket::reserve(SteadyTime now) {
  refill(now);
  tokens_ -= 1.0;
  if (tokens_ >= 0.0) return Duration::zero();
  return Duration(static_cast<Duration::rep>(std::ceil(-tokens_ / rate_ * 1000.0)));
}

bool TokenBucket::try_take(SteadyTime now) {
  refill(now);
  if (tokens_ < 1.0) return false;
  tokens_ -= 1.0;
  return true;
}

bool TokenBucket::full(SteadyTime now) const {
  return level(now) >= burst_;
}

}  // namespace stackscaler::kube::detail
