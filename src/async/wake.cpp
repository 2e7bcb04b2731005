// SPDX-License-Identifier: Apache-2.0
#include "async/wake.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace stackscaler {

boost::asio::awaitable<Result<void>> Wake::wait() {
  boost::system::error_code ec;
  co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
  co_return Result<void>{};
}

}  // namespace stackscaler
