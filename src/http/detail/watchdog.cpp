// SPDX-License-Identifier: Apache-2.0
#include "http/detail/watchdog.hpp"

#include <boost/asio/steady_timer.hpp>

namespace stackscaler::http::detail {

namespace asio = boost::asio;

struct Watchdog::State {
  explicit State(asio::ip::tcp::socket& watched) : timer(watched.get_executor()), socket(&watched) {}
  asio::steady_timer timer;
  asio::ip::tcp::socket* socket;  // null: the watchdog is gone
  bool on = false;
  bool fired = false;
  bool armed = false;
  SteadyTime deadline{};
  SteadyTime armed_until{};
};

Watchdog::Watchdog(asio::ip::tcp::socket& socket) : state_(std::make_shared<State>(socket)) {}

Watchdog::~Watchdog() {
  state_->socket = nullptr;
  state_->timer.cancel();
}

void Watchdog::start(SteadyTime deadline) {
  state_->on = true;
  state_->fired = false;
  state_->deadline = deadline;
  if (!state_->armed || state_->armed_until > deadline) arm(state_);
}

void Watchdog::stop() {
  state_->on = false;
}

bool Watchdog::fired() const {
  return state_->fired;
}

void Watchdog::arm(const std::shared_ptr<State>& state) {
  state->armed = true;
  state->armed_until = state->deadline;
  state->timer.expires_at(state->deadline);
  state->timer.async_wait([state](const boost::system::error_code& ec) {
    if (ec || state->socket == nullptr) return;
    state->armed = false;
    if (!state->on) return;
    if (std::chrono::steady_clock::now() < state->deadline) {
      arm(state);
      return;
    }
    state->fired = true;
    boost::system::error_code ignored;
    state->socket->close(ignored);
  });
}

}  // namespace stackscaler::http::detail
