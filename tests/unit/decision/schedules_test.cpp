// SPDX-License-Identifier: Apache-2.0
//
// Bounds by schedule, freezes and suspensions in a decision.
#include "decision/schedules.hpp"

#include <gtest/gtest.h>

#include "advisor/rules.hpp"
#include "decision/decide.hpp"

namespace stackscaler::decision {
namespace {

using namespace std::chrono_literals;

WallTime at(const char* text) {
  return *parse_rfc3339(text);
}

policy::Schedule daily(const char* name, const char* start, Duration duration) {
  policy::Schedule out;
  out.name = name;
  out.start = *policy::Cron::parse(start);
  out.duration = duration;
  return out;
}

policy::Spec spec_with(std::vector<policy::Schedule> schedules) {
  policy::Spec spec;
  spec.bounds = {2, 20};
  policy::Metric cpu;
  cpu.name = "cpu";
  cpu.threshold = policy::Threshold{75, 30, {1, false}};
  spec.metrics.push_back(cpu);
  spec.behavior.scale_down.stabilization_window = Duration(0);
  spec.schedules = std::move(schedules);
  return spec;
}

Decision decided(const policy::Spec& spec, int current, std::optional<double> cpu, const char* now) {
  Observation observation;
  observation.current = current;
  MetricReading reading;
  reading.name = "cpu";
  reading.value = cpu;
  if (!cpu) reading.missing = "no data";
  observation.metrics.push_back(reading);
  const Signals signals = read_signals(spec, observation, {}, at(now));
  return decide(spec, observation, advisor::rules_advice(observation, signals), {}, at(now));
}

TEST(SchedulesTest, MinHoldsInTheWindowAlone) {
  auto business = daily("business", "0 8 * * 1-5", 10h);
  business.time_zone = "Europe/Berlin";
  business.min = 6;
  const auto spec = spec_with({business});

  const auto before = decided(spec, 3, 50.0, "2026-11-24T06:59:59Z");
  EXPECT_EQ(before.to, 3);
  EXPECT_EQ(before.bounds, (policy::Bounds{2, 20}));

  const auto inside = decided(spec, 3, 50.0, "2026-11-24T07:00:00Z");
  EXPECT_EQ(inside.to, 6);
  EXPECT_EQ(inside.reason, "TooFewInstances");
  EXPECT_NE(inside.message.find("bounds.min is 6 by schedule"), std::string::npos) << inside.message;
  EXPECT_EQ(inside.bounds, (policy::Bounds{6, 20}));
  EXPECT_EQ(inside.trace.front().step, "schedule");
  EXPECT_EQ(inside.trace.front().message, "schedule business until 2026-11-24T17:00:00Z: bounds 6 to 20");
}

TEST(SchedulesTest, AMinNeedsNoMetrics) {
  auto business = daily("business", "0 8 * * *", 10h);
  business.min = 6;

  EXPECT_EQ(decided(spec_with({business}), 3, std::nullopt, "2026-11-24T09:00:00Z").to, 6);
}

TEST(SchedulesTest, AMaxThatComesDownIsAScaleDownLikeAnyOther) {
  auto night = daily("night", "0 22 * * *", 8h);
  night.max = 3;
  const auto spec = spec_with({night});

  EXPECT_EQ(decided(spec, 8, 50.0, "2026-11-24T23:00:00Z").to, 6);  // maxStep: a quarter
  const auto blind = decided(spec, 8, std::nullopt, "2026-11-24T23:00:00Z");
  EXPECT_EQ(blind.to, 8);
  EXPECT_EQ(blind.reason, "MetricsMissing");
}

TEST(SchedulesTest, OfSeveralTheLaterInTheListHoldsAndMinWinsWhereTheyCross) {
  auto first = daily("first", "0 0 * * *", 24h);
  first.min = 4;
  auto second = daily("second", "0 0 * * *", 24h);
  second.min = 3;
  second.max = 9;
  EXPECT_EQ(active_schedules(spec_with({first, second}), at("2026-11-24T12:00:00Z")).bounds, (policy::Bounds{3, 9}));

  auto low = daily("low", "0 0 * * *", 24h);
  low.max = 3;
  EXPECT_EQ(active_schedules(spec_with({first, low}), at("2026-11-24T12:00:00Z")).bounds, (policy::Bounds{4, 4}));
}

TEST(SchedulesTest, AFreezeHoldsEveryWayDownAndNoneUp) {
  auto launch = daily("launch", "0 0 24 11 *", 3 * 24h);
  launch.freeze = true;
  auto spec = spec_with({launch});

  const auto down = decided(spec, 8, 10.0, "2026-11-25T12:00:00Z");
  EXPECT_EQ(down.to, 8);
  EXPECT_EQ(down.reason, "ScaleDownFrozen");
  EXPECT_NE(down.message.find("no scale-down during schedule launch"), std::string::npos) << down.message;
  EXPECT_EQ(decided(spec, 8, 90.0, "2026-11-25T12:00:00Z").to, 9);
  EXPECT_EQ(decided(spec, 8, 10.0, "2026-11-27T12:00:00Z").to, 7);

  spec.behavior.enforce_max = policy::EnforceMax::immediate;
  EXPECT_EQ(decided(spec, 30, 50.0, "2026-11-25T12:00:00Z").to, 30);
}

TEST(SchedulesTest, ASuspensionIsSaidAndDecidesNothing) {
  auto maintenance = daily("maintenance", "0 3 * * SUN", 2h);
  maintenance.suspend = true;
  const auto spec = spec_with({maintenance});

  const auto decision = decided(spec, 3, 90.0, "2026-11-22T03:30:00Z");
  EXPECT_EQ(decision.suspended_by, "maintenance");
  EXPECT_EQ(decision.to, 4);  // the gate holds it back, and says so
  EXPECT_EQ(decided(spec, 3, 90.0, "2026-11-22T05:00:00Z").suspended_by, "");
}

}  // namespace
}  // namespace stackscaler::decision
