// SPDX-License-Identifier: Apache-2.0
//
// MetricSource: the port through which the loop reads a policy's metrics.
//
// A failure is data: a metric that can't be read comes back as missing with its cause, so the call itself never fails.
// Missing is never zero. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "decision/decide.hpp"
#include "policy/types.hpp"

namespace stackscaler::ports {

struct MetricsReading {
  std::vector<decision::MetricReading> metrics;  // in the order of spec.metrics
  std::optional<int> reporting;                  // set when a preset metric was asked for and answered
  std::string reporting_missing;                 // why it is not set although it was asked for, or ""
};

// What a decision rests on: the reading, and the count that the state holds.
[[nodiscard]] inline decision::Observation observation_of(MetricsReading reading, int current) {
  decision::Observation out;
  out.current = current;
  out.metrics = std::move(reading.metrics);
  out.reporting = reading.reporting;
  out.reporting_missing = std::move(reading.reporting_missing);
  return out;
}

class MetricSource {
 public:
  virtual ~MetricSource() = default;
  // Reads all metrics of one policy, each within its deadline. `policy` must stay alive until the end.
  [[nodiscard]] virtual boost::asio::awaitable<MetricsReading> read(const policy::ScalingPolicy& policy) = 0;
};

}  // namespace stackscaler::ports
