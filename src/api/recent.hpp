// SPDX-License-Identifier: Apache-2.0
//
// Recent: the values and counts of each policy's last turns, for plots that the journal is too coarse for.
//
// Bounded: kPoints a policy, and kAll over all; with many policies each has fewer. Lost at a restart. What it is not: a
// history of decisions; the journal is that. Threads: the loop's.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "api/views.hpp"
#include "policy/types.hpp"

namespace stackscaler::api {

class Recent {
 public:
  static constexpr std::size_t kPoints = 720;
  static constexpr std::size_t kAll = 60'000;

  void add(const policy::PolicyKey& key, HistoryPoint point);
  void forget(const policy::PolicyKey& key) { series_.erase(key); }
  // Oldest first, within [since, until), at most the newest `limit`.
  [[nodiscard]] std::vector<HistoryPoint> points(const policy::PolicyKey& key, WallTime since, WallTime until,
                                                 std::size_t limit) const;

 private:
  struct Point {
    WallTime time{};
    int count = -1;
    int desired = -1;
    std::vector<double> values;  // NaN: missing
  };
  struct Series {
    std::vector<std::string> names;
    std::deque<Point> points;
  };
  std::map<policy::PolicyKey, Series> series_;
};

}  // namespace stackscaler::api
