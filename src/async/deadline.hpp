// SPDX-License-Identifier: Apache-2.0
//
// with_deadline(): the result of an operation, or `timeout` when it is not done in time.
//
// The operation is cancelled at the deadline and awaited, so nothing of it runs on afterwards. It must return a
// Result and must not throw: Asio's operator|| hides an exception until the timer ends.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <string>

#include "async/clock.hpp"
#include "base/error.hpp"

namespace stackscaler {

template <class T>
[[nodiscard]] boost::asio::awaitable<Result<T>> with_deadline(Clock& clock, Duration limit, std::string what,
                                                              boost::asio::awaitable<Result<T>> operation) {
  using boost::asio::experimental::awaitable_operators::operator||;
  auto timer = clock.sleep_for(limit);
  auto first = co_await (std::move(operation) || std::move(timer));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  if (!std::get<1>(first)) co_return fail(ErrorKind::cancelled, "stopping");
  co_return fail(ErrorKind::timeout, what + ": no answer within " + format_duration(limit));
}

}  // namespace stackscaler
