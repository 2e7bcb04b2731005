// SPDX-License-Identifier: Apache-2.0
#include "controller/simulate_render.hpp"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "controller/render.hpp"

namespace stackscaler::controller {
namespace {

using nlohmann::ordered_json;

// Six decimals are enough for anybody, and the last bits of a sum are nobody's business.
double rounded(double value) {
  return std::round(value * 1e6) / 1e6;
}

ordered_json json_of(const SimulatedPolicy& row, const simulate::Load& load) {
  const simulate::Measures& m = row.measures;
  return {{"policy", row.policy},
          {"advisor", row.advisor},
          {"start", format_rfc3339(load.start)},
          {"hours", rounded(m.hours)},
          {"ticks", load.values.size()},
          {"capacityPerInstance", rounded(load.capacity)},
          {"instanceHours", rounded(m.instance_hours)},
          {"minutesAbove80", rounded(m.minutes_above_80)},
          {"minutesAbove90", rounded(m.minutes_above_90)},
          {"actions", m.actions},
          {"flaps", m.flaps},
          {"thetaU", rounded(m.theta_u)},
          {"thetaO", rounded(m.theta_o)},
          {"tauU", rounded(m.tau_u)},
          {"tauO", rounded(m.tau_o)},
          {"upsilon", rounded(m.upsilon)},
          {"lostLoad", rounded(m.lost_load)},
          {"offeredLoad", rounded(m.offered_load)},
          {"cost", rounded(m.cost)},
          {"decisions", m.decisions}};
}

}  // namespace

std::string render_simulation_table(const std::vector<SimulatedPolicy>& rows, bool with_cost) {
  std::vector<std::vector<std::string>> table{{"POLICY", "ADVISOR", "INSTANCE HOURS", "MIN > 80%", "MIN > 90%",
                                               "ACTIONS", "FLAPS", "THETA U %", "THETA O %", "TAU U %", "TAU O %",
                                               "UPSILON %", "LOST LOAD"}};
  if (with_cost) table.front().emplace_back("COST");
  for (const SimulatedPolicy& row : rows) {
    const simulate::Measures& m = row.measures;
    table.push_back({row.policy, row.advisor, fmt::format("{:.1f}", m.instance_hours),
                     fmt::format("{:.0f}", m.minutes_above_80), fmt::format("{:.0f}", m.minutes_above_90),
                     fmt::format("{}", m.actions), fmt::format("{}", m.flaps), fmt::format("{:.2f}", m.theta_u),
                     fmt::format("{:.2f}", m.theta_o), fmt::format("{:.2f}", m.tau_u), fmt::format("{:.2f}", m.tau_o),
                     fmt::format("{:.2f}", m.upsilon), fmt::format("{:.2f}", m.lost_load)});
    if (with_cost) table.back().push_back(fmt::format("{:.2f}", m.cost));
  }
  return render_table(table);
}

std::string render_simulation_json(const std::vector<SimulatedPolicy>& rows, const simulate::Load& load) {
  ordered_json out = ordered_json::array();
  for (const SimulatedPolicy& row : rows) out.push_back(json_of(row, load));
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string render_one_simulation_json(const SimulatedPolicy& row, const simulate::Load& load) {
  return json_of(row, load).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string steps_header() {
  return "time,load,serving,total,utilization,desired,action,reason,demand,policy\n";
}

std::string steps_line(const std::string& policy, const simulate::Step& step) {
  return fmt::format("{},{:.6f},{},{},{:.4f},{},{},{},{},{}\n", format_rfc3339(step.time), step.load, step.serving,
                     step.total, step.utilization, step.desired, to_string(step.action), step.reason, step.demand,
                     policy);
}

}  // namespace stackscaler::controller
