// SPDX-License-Identifier: Apache-2.0
#include "controller/webhook.hpp"

namespace stackscaler::controller {

boost::asio::awaitable<Result<int>> post_json(http::Client& client, std::string url, std::string body,
                                              Duration timeout) {
  constexpr std::size_t kMaxAnswer = 1U << 20U;  // it is not looked at
  auto target = http::parse_url(url);
  if (!target) co_return fail(std::move(target).error());
  http::Request request(http::Method::post, *target);
  request.headers.add("Content-Type", "application/json");
  request.body = std::move(body);
  request.deadline = timeout;
  request.body_limit = kMaxAnswer;
  auto answer = co_await client.send(std::move(request));
  // An answer over the limit is no fault of the URL.
  if (!answer && answer.error().kind() == ErrorKind::invalid_input) {
    co_return fail(ErrorKind::unavailable, answer.error().message());
  }
  if (!answer) co_return fail(std::move(answer).error());
  co_return answer->status;
}

}  // namespace stackscaler::controller
