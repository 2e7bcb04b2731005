// SPDX-License-Identifier: Apache-2.0
//
// A decision's signals, trace and advice as JSON text, for the journal and `-o json`; and back, so that a decision can
// be made again from the journal.
//
// A model's answer is in it as it was validated, with the numbers that the model was shown: decide() with the policy,
// this observation, this advice and the history of then gives the same decision, whatever the model would say today.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "controller/turn.hpp"
#include "decision/decide.hpp"
#include "ports/journal.hpp"

namespace stackscaler::controller {

// {"signals":[{"name","value","proposal","missing","message"}],"trace":[{"step","before","after","message"}],
//  "advice":{"action","target","confidence","advisor","reason","message","trace","asked","unavailable",
//            "unavailableMessage","beside"},
//  "observation":{"current","reporting","reportingMissing","metrics":[{"name","value","missing","partial"}]}}
// and "bounds":{"min","max"}, "outcome":{"reason","message"} where the gate, a hold or a failure had a word. What is
// empty or null is left out.
[[nodiscard]] std::string decision_detail_json(const decision::Decision& decision,
                                               const decision::Observation* observation = nullptr,
                                               const ConvergeResult* outcome = nullptr);

// The decision's own part of its record in the journal.
[[nodiscard]] ports::DecisionRecord record_of(const decision::Decision& decision);

// What a decision was made of, as decision_detail_json() wrote it.
struct RecordedInput {
  decision::Observation observation;
  std::optional<decision::Advice> advice;
};
// invalid_input for a text that is no such JSON, or holds no observation.
[[nodiscard]] Result<RecordedInput> recorded_input(std::string_view detail);

}  // namespace stackscaler::controller
