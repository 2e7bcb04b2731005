// SPDX-License-Identifier: Apache-2.0
#include "async/slots.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace stackscaler {

namespace asio = boost::asio;

asio::awaitable<void> Slots::acquire() {
  if (free_ > 0) {
    --free_;
    co_return;
  }
  // A timer that never ends stands for the wait; release() cancels the first one. A cancellation of the waiter must not
  // end it: it would leave without its turn, and its timer's address here.
  asio::steady_timer timer(executor_, asio::steady_timer::time_point::max());
  waiting_.push_back(&timer);
  boost::system::error_code ec;
  const asio::cancellation_slot none;
  co_await timer.async_wait(asio::bind_cancellation_slot(none, asio::redirect_error(asio::use_awaitable, ec)));
}

void Slots::release() {
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  asio::steady_timer* next = waiting_.front();
  waiting_.pop_front();
  next->cancel();
}

}  // namespace stackscaler
