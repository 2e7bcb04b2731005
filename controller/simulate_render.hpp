// SPDX-License-Identifier: Apache-2.0
//
// What `stackscaler simulate` prints: the comparison as a table or as JSON, and the CSV of every tick. Pure. The JSON's
// keys are only ever added to.
#pragma once

#include <string>
#include <vector>

#include "simulate/replay.hpp"

namespace stackscaler::controller {

struct SimulatedPolicy {
  std::string policy;
  std::string advisor;
  simulate::Measures measures;
};

[[nodiscard]] std::string render_simulation_table(const std::vector<SimulatedPolicy>& rows, bool with_cost);
[[nodiscard]] std::string render_simulation_json(const std::vector<SimulatedPolicy>& rows, const simulate::Load& load);
// One object of that array, on one line.
[[nodiscard]] std::string render_one_simulation_json(const SimulatedPolicy& row, const simulate::Load& load);

[[nodiscard]] std::string steps_header();
[[nodiscard]] std::string steps_line(const std::string& policy, const simulate::Step& step);

}  // namespace stackscaler::controller
