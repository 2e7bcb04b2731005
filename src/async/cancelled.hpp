// SPDX-License-Identifier: Apache-2.0
//
// is_cancelled(): whether this coroutine was told to stop.
//
// A cancellation is told once, to what is awaited at that moment; an operation that had ended just then gives its
// result, and the next one begins as if nothing had been. A loop that has called this_coro::throw_if_cancelled(false),
// itself or through what it awaits, has to ask. Without that call awaiting this throws operation_aborted instead, as
// any wait does.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

namespace stackscaler {

[[nodiscard]] inline boost::asio::awaitable<bool> is_cancelled() {
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  co_return state.cancelled() != boost::asio::cancellation_type::none;
}

}  // namespace stackscaler
