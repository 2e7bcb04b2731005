// SPDX-License-Identifier: Apache-2.0
//
// Slots: at most so many at a time, in the order of their asking.
//
// acquire() waits for a free slot and takes it; release() hands it to the next. What it is not: cancellable; whoever
// waits looks after acquire() whether it is still wanted. Threads: one executor's. It must outlive its waiters.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>

namespace stackscaler {

class Slots {
 public:
  Slots(boost::asio::any_io_executor executor, int count) : executor_(std::move(executor)), free_(count) {}
  [[nodiscard]] boost::asio::awaitable<void> acquire();
  void release();

 private:
  boost::asio::any_io_executor executor_;
  int free_;
  std::list<boost::asio::steady_timer*> waiting_;  // in the waiters' frames
};

// Gives a slot back on every way out. Make it right after acquire().
class SlotHolder {
 public:
  explicit SlotHolder(Slots& slots) : slots_(slots) {}
  ~SlotHolder() { slots_.release(); }
  SlotHolder(const SlotHolder&) = delete;
  SlotHolder& operator=(const SlotHolder&) = delete;

 private:
  Slots& slots_;
};

}  // namespace stackscaler
