// SPDX-License-Identifier: Apache-2.0
//
// post_json(): the POST of a stack's webhook, for the Terraform driver, which knows no HTTP.
//
// Gives the answer's status, whatever it is; redirects are not followed. An https server is checked against the
// system's authorities. Errors: invalid_input for a URL that the client can't call, unavailable for an answer over the
// limit, otherwise the client's. Threads: the client's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "base/error.hpp"
#include "http/client.hpp"

namespace stackscaler::controller {

[[nodiscard]] boost::asio::awaitable<Result<int>> post_json(http::Client& client, std::string url, std::string body,
                                                            Duration timeout);

}  // namespace stackscaler::controller
