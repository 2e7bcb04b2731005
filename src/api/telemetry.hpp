// SPDX-License-Identifier: Apache-2.0
//
// Telemetry: the counters of the metrics page, and the page itself (Prometheus text format 0.0.4).
//
// Label sets are bounded: actions, outcomes and advisors are closed lists, reasons those of policy/reasons.hpp and
// `other`, routes those of the API and `other`. Series of closed lists exist at zero from the start. Gauges are taken
// from the Fleet at the scrape. docs/reference/metrics.md is checked against the page. Threads: the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "api/fleet.hpp"
#include "ports/journal.hpp"

namespace stackscaler::api {

class Telemetry {
 public:
  // Policies with series of their own; beyond that only the sums are told.
  static constexpr std::size_t kOwnSeries = 10'000;

  Telemetry();

  void decided(std::string_view action, std::string_view reason);
  // not_wanted | gated | held | scaled | failed | error
  void reconciled(std::string_view outcome);
  // ok | fallback | cached | skipped
  void consulted(std::string_view advisor, std::string_view outcome);
  void operation_ended(const ports::OperationRecord& record);
  void answered(std::string_view route, int status);

  // What the page tells beside the fleet.
  struct Gauges {
    std::size_t streams = 0;
    std::size_t connections = 0;
    std::size_t running_operations = 0;
    double uptime_seconds = 0;
  };
  [[nodiscard]] std::string page(const Fleet& fleet, const Gauges& gauges) const;

 private:
  using Pair = std::pair<std::string, std::string>;
  struct Seconds {
    double sum = 0;
    std::uint64_t count = 0;
  };

  std::map<Pair, std::uint64_t> decisions_;
  std::map<std::string, std::uint64_t, std::less<>> reconciles_;
  std::map<Pair, std::uint64_t> consultations_;
  std::map<std::string, std::uint64_t, std::less<>> operations_;
  std::map<std::string, Seconds, std::less<>> steps_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
};

}  // namespace stackscaler::api
