// SPDX-License-Identifier: Apache-2.0
#include "controller/decision_json.hpp"

#include <nlohmann/json.hpp>

namespace stackscaler::controller {

std::string decision_detail_json(const decision::Decision& decision, const ConvergeResult& converge) {
  using nlohmann::ordered_json;
  ordered_json signals = ordered_json::array();
  for (const decision::Signal& s : decision.signals) {
    ordered_json one{{"name", s.name}};
    if (s.value) one["value"] = *s.value;
    if (s.proposal) one["proposal"] = *s.proposal;
    if (!s.missing.empty()) one["missing"] = s.missing;
    if (!s.reason.empty()) one["reason"] = s.reason;
    one["message"] = s.message;
    signals.push_back(std::move(one));
  }
  ordered_json trace = ordered_json::array();
  for (const decision::TraceLine& t : decision.trace) {
    trace.push_back(ordered_json{{"step", t.step}, {"before", t.before}, {"after", t.after}, {"message", t.message}});
  }
  ordered_json out{{"bounds", {{"min", decision.bounds.min}, {"max", decision.bounds.max}}},
                   {"signals", std::move(signals)},
                   {"trace", std::move(trace)}};
  if (!converge.reason.empty() || !converge.message.empty()) {
    out["outcome"] = ordered_json{{"reason", converge.reason}, {"message", converge.message}};
  }
  // Metric texts come from outside: bytes that are no UTF-8 are replaced, never thrown about.
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace stackscaler::controller
