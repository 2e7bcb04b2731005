// SPDX-License-Identifier: Apache-2.0
//
// Turns and TokenBucket: how many requests at once, and how many in a while. Private to src/kube.
//
// Turns gives places in the order of asking, each wait with a deadline and cancellable. A Turn is a place; its end
// gives the place to the next. TokenBucket only counts: who takes a token is told how long to wait for it. Threads: one
// executor's. Lifetime: Turns must outlive its waiters and places.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <list>
#include <utility>

#include "async/clock.hpp"
#include "async/wake.hpp"
#include "base/error.hpp"

namespace stackscaler::kube::detail {

class Turns;

class Turn {
 public:
  Turn() = default;
  explicit Turn(Turns* turns) : turns_(turns) {}
  Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
  Turn& operator=(Turn&& other) noexcept {
    std::swap(turns_, other.turns_);
    return *this;
  }
  ~Turn();

 private:
  Turns* turns_ = nullptr;
};

class Turns {
 public:
  Turns(boost::asio::any_io_executor executor, Clock& clock, int places)
      : executor_(std::move(executor)), clock_(clock), free_(places) {}

  // timeout: none became free until then.
  [[nodiscard]] boost::asio::awaitable<Result<Turn>> enter(SteadyTime until);

 private:
  friend class Turn;
  struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor) : wake(executor) {}
    Wake wake;
    bool granted = false;
  };
  void leave();

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  int free_;
  std::list<Waiter*> waiting_;  // in the waiters' frames
};

class TokenBucket {
 public:
  TokenBucket(double per_second, double burst) : rate_(per_second), burst_(burst), tokens_(burst) {}
  // Takes a token; how long until it is there.
  [[nodiscard]] Duration reserve(SteadyTime now);
  // Takes a token if it is there.
  [[nodiscard]] bool try_take(SteadyTime now);
  [[nodiscard]] bool full(SteadyTime now) const;

 private:
  [[nodiscard]] double level(SteadyTime now) const;
  void refill(SteadyTime now);
  double rate_;
  double burst_;
  double tokens_;
  SteadyTime at_{};
};

}  // namespace stackscaler::kube::detail
