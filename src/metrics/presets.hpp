// SPDX-License-Identifier: Apache-2.0
//
// Presets: the PromQL that `preset: cpu | memory | instances` stands for. Pure.
//
// The series are those of node_exporter (node_cpu_seconds_total, node_memory_*) and Prometheus' own `up`, all carrying
// a label `stack` with the stack's name. cpu and memory are percentages over the whole stack, instances is a count.
// Freshness is the time stamp (seconds since 1970) of the newest sample of the series that the query reads.
#pragma once

#include <string>
#include <string_view>

#include "policy/types.hpp"

namespace stackscaler::metrics {

struct PresetQueries {
  std::string query;
  std::string freshness;
  std::string reporting;  // how many instances of the stack answer scrapes
};

// All empty for Preset::none.
[[nodiscard]] PresetQueries preset_queries(policy::Preset preset, std::string_view stack_label);

// The text as a PromQL string literal, quotes included.
[[nodiscard]] std::string promql_string(std::string_view text);

}  // namespace stackscaler::metrics
