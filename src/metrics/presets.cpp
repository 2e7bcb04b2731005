// SPDX-License-Identifier: Apache-2.0
#include "metrics/presets.hpp"

#include <fmt/core.h>

namespace stackscaler::metrics {

std::string promql_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

PresetQueries preset_queries(policy::Preset preset, std::string_view stack_label) {
  if (preset == policy::Preset::none) return {};
  const std::string stack = "stack=" + promql_string(stack_label);
  PresetQueries queries;
  queries.reporting = fmt::format("count(up{{{}}} == 1)", stack);
  switch (preset) {
    case policy::Preset::cpu:
      queries.query = fmt::format("100 * (1 - avg(rate(node_cpu_seconds_total{{{},mode=\"idle\"}}[2m])))", stack);
      queries.freshness = fmt::format("max(timestamp(node_cpu_seconds_total{{{},mode=\"idle\"}}))", stack);
      break;
    case policy::Preset::memory:
      queries.query = fmt::format(
          "100 * (1 - sum(node_memory_MemAvailable_bytes{{{0}}}) / sum(node_memory_MemTotal_bytes{{{0}}}))", stack);
      queries.freshness = fmt::format("max(timestamp(node_memory_MemAvailable_bytes{{{}}}))", stack);
      break;
    case policy::Preset::instances:
      queries.query = queries.reporting;
      queries.freshness = fmt::format("max(timestamp(up{{{}}}))", stack);
      break;
    case policy::Preset::none: break;
  }
  return queries;
}

}  // namespace stackscaler::metrics
