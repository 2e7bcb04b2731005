// SPDX-License-Identifier: Apache-2.0
//
// connect(): a connection to the request's host, made and, for https, proven, before the deadline. Private to src/http.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "base/error.hpp"
#include "http/detail/pool.hpp"
#include "http/message.hpp"

namespace stackscaler::http::detail {

// The referents must outlive the call.
[[nodiscard]] boost::asio::awaitable<Result<std::unique_ptr<Connection>>> connect(std::shared_ptr<Pool> pool,
                                                                                  const Request& request,
                                                                                  SteadyTime deadline);

// What went wrong on that connection.
[[nodiscard]] Error describe(const boost::system::error_code& ec, const Connection& connection, const Request& request);

}  // namespace stackscaler::http::detail
