// SPDX-License-Identifier: Apache-2.0
#include "cluster/pause_watch.hpp"

#include <boost/asio/this_coro.hpp>

#include "async/cancelled.hpp"
#include "cluster/pause_text.hpp"
#include "cluster/resource.hpp"
#include "kube/secret_data.hpp"

namespace stackscaler::cluster {

namespace asio = boost::asio;

namespace {
constexpr Duration kLook = std::chrono::milliseconds(500);
}

asio::awaitable<void> PauseWatch::look() {
  std::string annotation(kPauseAnnotation);
  auto found = co_await kube::read_config_map_annotation(client_, namespace_, name_, std::move(annotation));
  if (!found && found.error().kind() == ErrorKind::cancelled) co_return;
  if (!found && found.error().kind() != ErrorKind::not_found) {
    if (!troubled_) {
      logger_.warn("the emergency stop of the cluster can't be read; what was known holds",
                   kv("err", found.error().message()));
    }
    troubled_ = true;
    co_return;
  }
  troubled_ = false;
  sentence_.clear();
  if (found && *found) {
    sentence_ = pause_sentence(
        "the annotation " + std::string(kPauseAnnotation) + " of configmap " + namespace_ + "/" + name_, **found);
  }
}

asio::awaitable<void> PauseWatch::watch() {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    co_await look();
    // A cancellation comes once, and may find the request.
    if (co_await is_cancelled()) co_return;
    auto slept = co_await clock_.sleep_for(kLook);
    if (!slept) co_return;
  }
}

}  // namespace stackscaler::cluster
