// SPDX-License-Identifier: Apache-2.0
#include "controller/work_queue.hpp"

#include <algorithm>

namespace stackscaler::controller {

void WorkQueue::add(const Key& key, SteadyTime due) {
  if (const auto busy = in_work_.find(key); busy != in_work_.end()) {
    busy->second.removed = false;
    busy->second.wish = busy->second.wish ? std::min(*busy->second.wish, due) : due;
    return;
  }
  const auto [place, fresh] = waiting_.try_emplace(key, due);
  if (!fresh) {
    if (place->second <= due) return;
    order_.erase({place->second, key});
    place->second = due;
  }
  order_.emplace(due, key);
}

void WorkQueue::remove(const Key& key) {
  erase_waiting(key);
  if (const auto busy = in_work_.find(key); busy != in_work_.end()) {
    busy->second.removed = true;
    busy->second.wish.reset();
  }
}

std::optional<WorkQueue::Key> WorkQueue::take(SteadyTime now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  last_due_ = order_.begin()->first;
  Key key = order_.begin()->second;
  erase_waiting(key);
  in_work_.emplace(key, InWork{});
  return key;
}

void WorkQueue::done(const Key& key, std::optional<SteadyTime> next) {
  const auto busy = in_work_.find(key);
  if (busy == in_work_.end()) return;
  const InWork state = busy->second;
  in_work_.erase(busy);
  if (state.removed) return;
  if (state.wish && next) {
    add(key, std::min(*state.wish, *next));
  } else if (state.wish || next) {
    add(key, state.wish ? *state.wish : *next);
  }
}

std::optional<SteadyTime> WorkQueue::next_due() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first;
}

void WorkQueue::erase_waiting(const Key& key) {
  const auto found = waiting_.find(key);
  if (found == waiting_.end()) return;
  order_.erase({found->second, key});
  waiting_.erase(found);
}

}  // namespace stackscaler::controller
