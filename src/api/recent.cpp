// SPDX-License-Identifier: Apache-2.0
#include "api/recent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stackscaler::api {

void Recent::add(const policy::PolicyKey& key, HistoryPoint point) {
  Series& series = series_[key];
  std::vector<std::string> names;
  Point next;
  next.time = point.time;
  next.count = point.count.value_or(-1);
  next.desired = point.desired.value_or(-1);
  for (auto& [name, value] : point.values) {
    names.push_back(std::move(name));
    next.values.push_back(value.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  if (names != series.names) {
    series.names = std::move(names);  // other metrics: what is there has no names any more
    series.points.clear();
  }
  series.points.push_back(std::move(next));
  const std::size_t most = std::clamp<std::size_t>(kAll / series_.size(), 8, kPoints);
  while (series.points.size() > most) series.points.pop_front();
}

std::vector<HistoryPoint> Recent::points(const policy::PolicyKey& key, WallTime since, WallTime until,
                                         std::size_t limit) const {
  std::vector<HistoryPoint> out;
  const auto found = series_.find(key);
  if (found == series_.end()) return out;
  for (const Point& point : found->second.points) {
    if (point.time < since || point.time >= until) continue;
    HistoryPoint one;
    one.time = point.time;
    if (point.count >= 0) one.count = point.count;
    if (point.desired >= 0) one.desired = point.desired;
    for (std::size_t i = 0; i < point.values.size(); ++i) {
      const double value = point.values[i];
      one.values.emplace_back(found->second.names[i], std::isnan(value) ? std::nullopt : std::optional<double>(value));
    }
    out.push_back(std::move(one));
  }
  if (out.size() > limit) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(limit));
  return out;
}

}  // namespace stackscaler::api
