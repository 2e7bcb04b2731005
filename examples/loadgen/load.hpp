// SPDX-License-Identifier: Apache-2.0
//
// The load generator's arithmetic: a day's wave compressed into a period, shared by the instances that a stack has.
//
// Load is in instance capacities: 2.6 keeps three instances busy. Pure, but for read_count(), which reads a file and
// blocks.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace stackscaler::loadgen {

struct Wave {
  double low = 0.6;
  double high = 2.6;
  Duration period = std::chrono::minutes(1);
};

// The load after that much time: low at 0, high after half a period, a cosine between.
[[nodiscard]] double load_at(const Wave& wave, Duration elapsed);

// The share of one instance's processor in percent when `count` (at least 1) share the load; at most 100.
[[nodiscard]] double cpu_percent(double load, int count);

// How many instances of the resource ("terraform_data.app", or with "module.x." before it) a Terraform state (format
// 4) holds; objects that Terraform has yet to destroy (deposed) don't count.
[[nodiscard]] Result<int> count_instances(std::string_view state, std::string_view resource);
[[nodiscard]] Result<int> read_count(const std::filesystem::path& state, std::string_view resource);

// Prometheus' text format. Without a count the series of the instances are absent, never zero.
[[nodiscard]] std::string exposition(std::string_view stack, double load, std::optional<int> count);

}  // namespace stackscaler::loadgen
