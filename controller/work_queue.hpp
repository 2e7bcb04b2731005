// SPDX-License-Identifier: Apache-2.0
//
// WorkQueue: which policy is due when. The queue carries keys, never objects or events.
//
// A key is waiting, in work, or unknown. The earliest wish wins; a key in work is never handed out a second time, and a
// wish made meanwhile is kept for when it is done. Pure data structure: the caller owns time. Semantics are those of
// client-go's workqueue (dirty and processing sets, delayed adds).
#pragma once

#include <map>
#include <optional>
#include <set>

#include "base/time.hpp"
#include "policy/types.hpp"

namespace stackscaler::controller {

class WorkQueue {
 public:
  using Key = policy::PolicyKey;

  // Wishes that `key` be worked on at `due`.
  void add(const Key& key, SteadyTime due);
  // Forgets the key. If it is in work, that work goes on and its wishes are dropped.
  void remove(const Key& key);
  // The key that has waited longest of those due at `now`, now in work; or nothing.
  [[nodiscard]] std::optional<Key> take(SteadyTime now);
  // The work is done; `next` is the wish that it leaves (a wish made meanwhile wins if earlier).
  void done(const Key& key, std::optional<SteadyTime> next);

  [[nodiscard]] std::optional<SteadyTime> next_due() const;
  // When a waiting key is due.
  [[nodiscard]] std::optional<SteadyTime> due_of(const Key& key) const {
    const auto found = waiting_.find(key);
    return found == waiting_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::size_t waiting() const { return order_.size(); }
  [[nodiscard]] std::size_t in_work() const { return in_work_.size(); }
  // When the key was due that take() gave last: for measuring lateness.
  [[nodiscard]] SteadyTime last_due() const { return last_due_; }

 private:
  struct InWork {
    std::optional<SteadyTime> wish;
    bool removed = false;
  };

  void erase_waiting(const Key& key);

  std::map<Key, SteadyTime> waiting_;
  std::set<std::pair<SteadyTime, Key>> order_;
  std::map<Key, InWork> in_work_;
  SteadyTime last_due_{};
};

}  // namespace stackscaler::controller
