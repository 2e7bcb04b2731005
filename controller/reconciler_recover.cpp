// SPDX-License-Identifier: Apache-2.0
//
// Operations that an earlier process has left open.
#include <algorithm>

#include "controller/reconciler.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr Duration kRetryFirst = 5s;
constexpr Duration kRetryCap = 5min;

}  // namespace

bool Reconciler::recovering(const std::string& stack) const {
  return std::any_of(recovering_.begin(), recovering_.end(),
                     [&](const auto& item) { return item.second.stack == stack; });
}

void Reconciler::expect_recovery(const ports::OperationRecord& open) {
  recovering_[open.id] =
      OpenOperation{open.stack, "an operation that an earlier process began is being brought to its end"};
}

asio::awaitable<void> Reconciler::recover(ports::OperationRecord open, int attempts) {
  const std::string stack = open.stack;
  const std::string id = open.id;
  ports::WriteRequest request;
  request.origin = ports::Origin::recovery;
  const auto permit = parts_.gate.permit(request);
  if (!permit) {
    recovering_[id] = OpenOperation{stack, "an operation of an earlier process is open: " + permit.error().message()};
    parts_.logger.warn("an open operation of an earlier process is left as it is", kv("operation", id),
                       kv("stack", stack), kv("reason", permit.error().reason()));
    co_return;  // the stack stays in recovering_: nothing is changed on top of an open operation
  }
  for (int attempt = 1;; ++attempt) {
    ports::OperationRecord copy = open;
    ports::ProgressSink silent = [](const ports::OperationProgress&) {};
    auto closed = co_await parts_.driver.recover(*permit, std::move(copy), std::move(silent));
    if (closed) {
      recovering_.erase(id);
      ++recoveries_;
      parts_.logger.info("an open operation was brought to its end", kv("operation", id), kv("stack", stack),
                         kv("phase", ports::to_string(closed->phase)), kv("from", closed->from), kv("to", closed->to),
                         kv("outcome", closed->outcome));
      co_return;
    }
    recovering_[id] = OpenOperation{stack, "an operation of an earlier process is open: " + closed.error().message()};
    parts_.logger.error("an open operation could not be brought to its end yet", kv("operation", id),
                        kv("stack", stack), kv("err", closed.error().message()));
    if (attempt >= attempts) co_return;
    const SteadyTime again = parts_.clock.steady_now() + backoff_delay(parts_.random, attempt, kRetryFirst, kRetryCap);
    while (parts_.clock.steady_now() < again) {
      if (parts_.gate.stopping()) co_return;  // still open: the next start goes on with it
      (void)co_await parts_.clock.sleep_for(1s);
    }
  }
}

}  // namespace stackscaler::controller
