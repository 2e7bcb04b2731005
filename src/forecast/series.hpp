// SPDX-License-Identifier: Apache-2.0
//
// Series: one number a minute, the last so many minutes of them. Positions count from the first minute ever added and
// stay the same when old minutes are dropped. A minute without a value is NaN and is passed over. Any thread, one at a
// time.
#pragma once

#include <cstdint>
#include <vector>

namespace stackscaler::forecast {

class Series {
 public:
  explicit Series(std::size_t capacity) : capacity_(capacity) {}
  void add(float value);
  void replace_last(float value) { at_mut(end_ - 1) = value; }
  [[nodiscard]] std::int64_t end() const { return end_; }  // the position after the last
  // Over the positions [from, to]; NaN when none has a value.
  [[nodiscard]] double mean(std::int64_t from, std::int64_t to) const;
  [[nodiscard]] double max(std::int64_t from, std::int64_t to) const;
  [[nodiscard]] bool complete(std::int64_t from, std::int64_t to) const;  // each of them has a value
  [[nodiscard]] bool holds(std::int64_t from) const { return from >= begin(); }
  [[nodiscard]] std::size_t bytes() const { return values_.capacity() * sizeof(float); }
  // All that it holds, oldest first.
  [[nodiscard]] std::vector<float> values() const;

 private:
  [[nodiscard]] std::int64_t begin() const { return end_ - static_cast<std::int64_t>(values_.size()); }
  [[nodiscard]] float at(std::int64_t position) const {
    return values_[static_cast<std::size_t>(position) % capacity_];
  }
  float& at_mut(std::int64_t position) { return values_[static_cast<std::size_t>(position) % capacity_]; }

  std::size_t capacity_;
  std::vector<float> values_;  // a ring once it is full
  std::int64_t end_ = 0;
};

}  // namespace stackscaler::forecast
