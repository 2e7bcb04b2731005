// SPDX-License-Identifier: Apache-2.0
#include "forecast/series.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stackscaler::forecast {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

void Series::add(float value) {
  if (values_.size() < capacity_) {
    values_.push_back(value);
  } else {
    at_mut(end_) = value;
  }
  ++end_;
}

double Series::mean(std::int64_t from, std::int64_t to) const {
  double sum = 0;
  int count = 0;
  for (std::int64_t i = std::max(from, begin()); i <= std::min(to, end_ - 1); ++i) {
    if (std::isnan(at(i))) continue;
    sum += static_cast<double>(at(i));
    ++count;
  }
  return count > 0 ? sum / count : kNone;
}

double Series::max(std::int64_t from, std::int64_t to) const {
  double out = kNone;
  for (std::int64_t i = std::max(from, begin()); i <= std::min(to, end_ - 1); ++i) {
    if (!std::isnan(at(i)) && !(out >= static_cast<double>(at(i)))) out = static_cast<double>(at(i));
  }
  return out;
}

std::vector<float> Series::values() const {
  std::vector<float> out;
  out.reserve(values_.size());
  for (std::int64_t i = begin(); i < end_; ++i) out.push_back(at(i));
  return out;
}

bool Series::complete(std::int64_t from, std::int64_t to) const {
  if (from < begin() || to >= end_) return false;
  for (std::int64_t i = from; i <= to; ++i) {
    if (std::isnan(at(i))) return false;
  }
  return true;
}

}  // namespace stackscaler::forecast
