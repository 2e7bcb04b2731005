// SPDX-License-Identifier: Apache-2.0
#include "simulate/load.hpp"

#include <gtest/gtest.h>

namespace stackscaler::simulate {
namespace {

using namespace std::chrono_literals;

Trace trace_of(std::vector<double> values, Duration step) {
  std::vector<Point> points;
  for (std::size_t i = 0; i < values.size(); ++i) points.push_back({WallTime(step * static_cast<long>(i)), values[i]});
  return *make_trace(std::move(points), "test");
}

Scale capacity(double value) {
  Scale scale;
  scale.capacity_per_instance = value;
  return scale;
}

TEST(LoadTest, EachSampleIsHeldUntilTheNext) {
  const auto load = make_load(trace_of({10, 20}, 3min), capacity(10));

  ASSERT_TRUE(load);
  EXPECT_EQ(load->values, (std::vector<double>{1, 1, 1, 2, 2, 2}));
  EXPECT_DOUBLE_EQ(load->hours(), 0.1);
}

TEST(LoadTest, SamplesBetweenTicksCountFromTheNextTickOn) {
  const auto load = make_load(trace_of({1, 2, 3, 4}, 30s), capacity(1));

  EXPECT_EQ(load->values, (std::vector<double>{1, 3}));
}

TEST(LoadTest, ThePeakOfFiveMinuteMeansNeedsThePeakInstances) {
  // Two windows: means 10 and 30; the 99.9th percentile between ranks is 10 + 0.999 * 20.
  Scale scale;
  scale.peak_instances = 20;
  const auto load = make_load(trace_of({10, 10, 10, 10, 10, 20, 20, 30, 30, 50}, 1min), scale);

  ASSERT_TRUE(load);
  EXPECT_NEAR(load->capacity, 29.98 / 16, 1e-12);
  EXPECT_NEAR(load->values[9], 50 * 16 / 29.98, 1e-12);
}

TEST(LoadTest, NothingButZerosCannotBeScaled) {
  EXPECT_FALSE(make_load(trace_of({0, 0}, 1min), Scale{}));
  EXPECT_TRUE(make_load(trace_of({0, 0}, 1min), capacity(1)));
}

TEST(LoadTest, DemandKeepsTheSlo) {
  EXPECT_EQ(demand(0, 0.8), 0);
  EXPECT_EQ(demand(0.8, 0.8), 1);
  EXPECT_EQ(demand(0.81, 0.8), 2);
  EXPECT_EQ(demand(16, 0.8), 20);
  EXPECT_EQ(demand(2.4000000000000004, 0.8), 3);
}

}  // namespace
}  // namespace stackscaler::simulate
