// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "load.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::loadgen {
namespace {

using namespace std::chrono_literals;

TEST(WaveTest, GoesFromLowToHighAndBackInOnePeriod) {
  const Wave wave{0.6, 2.6, 60s};

  EXPECT_DOUBLE_EQ(load_at(wave, 0s), 0.6);
  EXPECT_DOUBLE_EQ(load_at(wave, 15s), 1.6);
  EXPECT_DOUBLE_EQ(load_at(wave, 30s), 2.6);
  EXPECT_NEAR(load_at(wave, 60s), 0.6, 1e-9);
  EXPECT_NEAR(load_at(wave, 90s), 2.6, 1e-9);
}

TEST(CpuTest, IsSharedByTheInstancesAndNeverAboveOneHundred) {
  EXPECT_DOUBLE_EQ(cpu_percent(1.5, 3), 50);
  EXPECT_DOUBLE_EQ(cpu_percent(2.6, 1), 100);
}

std::string state_with(const std::string& resources) {
  return R"({"version":4,"terraform_version":"1.9.0","serial":3,"lineage":"x","resources":[)" + resources + "]}";
}
const std::string kTwo =
    R"({"mode":"managed","type":"terraform_data","name":"app","instances":[{"index_key":0},{"index_key":1}]})";

TEST(CountTest, CountsTheInstancesOfThatResourceAlone) {
  const std::string state = state_with(
      kTwo + R"(,{"mode":"data","type":"terraform_data","name":"app","instances":[{}]})" +
      R"(,{"mode":"managed","type":"terraform_data","name":"other","instances":[{}]})" +
      R"(,{"module":"module.m","mode":"managed","type":"terraform_data","name":"app","instances":[{},{},{}]})");

  EXPECT_EQ(count_instances(state, "terraform_data.app").value(), 2);
  EXPECT_EQ(count_instances(state, "module.m.terraform_data.app").value(), 3);
  EXPECT_EQ(count_instances(state_with(""), "terraform_data.app").value(), 0);
}

TEST(CountTest, LeavesOutWhatIsYetToBeDestroyed) {
  const std::string state = state_with(
      R"({"mode":"managed","type":"terraform_data","name":"app","instances":[{"index_key":0},{"index_key":0,"deposed":"ab12"}]})");

  EXPECT_EQ(count_instances(state, "terraform_data.app").value(), 1);
}

TEST(CountTest, WhatIsNoStateIsAnErrorNotZero) {
  for (const char* const text : {"", "{", "[]", "{}", R"({"version":3,"resources":[]})", R"({"version":4})",
                                 R"({"version":4,"resources":{}})"}) {
    EXPECT_FALSE(count_instances(text, "terraform_data.app")) << text;
  }
}

TEST(CountTest, ReadsAFileAndNamesItInErrors) {
  const test::TempDir folder;
  std::ofstream(folder / "good") << state_with(kTwo);
  std::ofstream(folder / "bad") << "{";

  EXPECT_EQ(read_count(folder / "good", "terraform_data.app").value(), 2);
  const auto bad = read_count(folder / "bad", "terraform_data.app");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message().find("/bad: not a Terraform state"), std::string::npos) << bad.error().message();
  EXPECT_FALSE(read_count(folder / "none", "terraform_data.app"));
}

TEST(ExpositionTest, HasOneSeriesAnInstance) {
  const std::string text = exposition("we\"b", 1.5, 2);

  EXPECT_NE(text.find("demo_load{stack=\"we\\\"b\"} 1.5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("demo_instances{stack=\"we\\\"b\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("demo_cpu_percent{stack=\"we\\\"b\",index=\"0\"} 75\n"), std::string::npos);
  EXPECT_NE(text.find("demo_cpu_percent{stack=\"we\\\"b\",index=\"1\"} 75\n"), std::string::npos);
  EXPECT_EQ(text.find("index=\"2\""), std::string::npos);
}

TEST(ExpositionTest, AnUnknownCountLeavesTheSeriesOut) {
  const std::string text = exposition("web", 1.5, std::nullopt);

  EXPECT_NE(text.find("demo_load"), std::string::npos);
  EXPECT_EQ(text.find("demo_instances"), std::string::npos);
  EXPECT_EQ(text.find("demo_cpu_percent"), std::string::npos);
}

}  // namespace
}  // namespace stackscaler::loadgen
