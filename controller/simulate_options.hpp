// SPDX-License-Identifier: Apache-2.0
//
// The arguments of `stackscaler simulate`: declared, read and checked in one place.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace CLI {
class App;
}

namespace stackscaler::controller {

struct Options;

// Who advises in a simulation: whom the policy names, or one for all.
enum class SimulateAdvisor { policy, rules, forecast, oracle };

struct SimulateOptions {
  std::vector<std::filesystem::path> policies;
  std::filesystem::path trace;  // empty: from Prometheus
  std::string from;             // RFC 3339, or a duration before now
  std::string to;
  std::string query;  // of the load; empty: the first policy's first metric
  Duration tick = std::chrono::seconds(60);
  Duration boot_delay = std::chrono::seconds(120);
  double slo = 0.8;
  int peak_instances = 20;
  std::optional<double> capacity_per_instance;
  double price_per_hour = 0;
  std::optional<int> start;
  SimulateAdvisor advisor = SimulateAdvisor::policy;
  std::filesystem::path steps;
  std::filesystem::path html;
};

// What the command line said, as text.
struct SimulateFlags {
  std::string tick;
  std::string boot_delay;
  std::string advisor = "policy";
  double capacity = 0;
  int start = -1;
};

void add_simulate(CLI::App& app, Options& options, SimulateFlags& flags);
void read_simulate(const CLI::App& app, Options& options, const SimulateFlags& flags,
                   std::vector<std::string>& problems);

}  // namespace stackscaler::controller
