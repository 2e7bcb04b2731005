// SPDX-License-Identifier: Apache-2.0
#include "controller/decision_json.hpp"

#include <nlohmann/json.hpp>

namespace stackscaler::controller {

std::string decision_detail_json(const decision::Decision& decision) {
  using nlohmann::ordered_json;
  ordered_json signals = ordered_json::array();
  for (const decision::Signal& s : decision.signals) {
    ordered_json one{{"name", s.name}};
    if (s.value) one["value"] = *s.value;
    if (s.proposal) one["proposal"] = *s.proposal;
    if (!s.missing.empty()) one["missing"] = s.missing;
    one["message"] = s.message;
    signals.push_back(std::move(one));
  }
  ordered_json trace = ordered_json::array();
  for (const decision::TraceLine& t : decision.trace) {
    trace.push_back(ordered_json{{"step", t.step}, {"before", t.before}, {"after", t.after}, {"message", t.message}});
  }
  const ordered_json out{{"signals", std::move(signals)}, {"trace", std::move(trace)}};
  // Metric texts come from outside: bytes that are no UTF-8 are replaced, never thrown about.
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace stackscaler::controller
