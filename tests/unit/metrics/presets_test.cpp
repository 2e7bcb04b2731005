// SPDX-License-Identifier: Apache-2.0
#include "metrics/presets.hpp"

#include <gtest/gtest.h>

namespace stackscaler::metrics {
namespace {

using policy::Preset;

TEST(PresetsTest, CpuIsTheBusyShareOfAllCores) {
  const PresetQueries cpu = preset_queries(Preset::cpu, "web");

  EXPECT_EQ(cpu.query, R"(100 * (1 - avg(rate(node_cpu_seconds_total{stack="web",mode="idle"}[2m]))))");
  EXPECT_EQ(cpu.freshness, R"(max(timestamp(node_cpu_seconds_total{stack="web",mode="idle"})))");
  EXPECT_EQ(cpu.reporting, R"(count(up{stack="web"} == 1))");
}

TEST(PresetsTest, MemoryIsTheShareThatIsNotAvailable) {
  const PresetQueries memory = preset_queries(Preset::memory, "web");

  EXPECT_EQ(
      memory.query,
      R"(100 * (1 - sum(node_memory_MemAvailable_bytes{stack="web"}) / sum(node_memory_MemTotal_bytes{stack="web"})))");
  EXPECT_EQ(memory.freshness, R"(max(timestamp(node_memory_MemAvailable_bytes{stack="web"})))");
}

TEST(PresetsTest, InstancesAreThoseThatReport) {
  const PresetQueries instances = preset_queries(Preset::instances, "web");

  EXPECT_EQ(instances.query, instances.reporting);
  EXPECT_EQ(instances.freshness, R"(max(timestamp(up{stack="web"})))");
}

TEST(PresetsTest, NoPresetHasNoQueries) {
  EXPECT_EQ(preset_queries(Preset::none, "web").query, "");
}

TEST(PresetsTest, AStackNameCannotLeaveItsString) {
  EXPECT_EQ(promql_string("a\"} or vector(1) #\\"), R"("a\"} or vector(1) #\\")");
  EXPECT_EQ(promql_string("a\nb\tc"), R"("a\nb\x09c")");
  EXPECT_EQ(preset_queries(Preset::instances, "a\"b").query, R"(count(up{stack="a\"b"} == 1))");
}

}  // namespace
}  // namespace stackscaler::metrics
