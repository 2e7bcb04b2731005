// SPDX-License-Identifier: Apache-2.0
//
// What `explain` and `history` print, from records of the journal. Pure. JSON is stable: keys are only ever added.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ports/journal.hpp"

namespace stackscaler::controller {

// One decision: what was decided, each signal and each step of the trace, what came of it. `operation`: the newest on
// the policy's stack, if any.
[[nodiscard]] std::string render_explanation(const ports::DecisionRecord& decision,
                                             const std::optional<ports::OperationRecord>& operation);
[[nodiscard]] std::string render_explanation_json(const ports::DecisionRecord& decision,
                                                  const std::optional<ports::OperationRecord>& operation);

// Decisions and operations in the order of their time, oldest first; at most the newest `limit`.
[[nodiscard]] std::string render_history(const std::vector<ports::DecisionRecord>& decisions,
                                         const std::vector<ports::OperationRecord>& operations, std::size_t limit);
[[nodiscard]] std::string render_history_json(const std::vector<ports::DecisionRecord>& decisions,
                                              const std::vector<ports::OperationRecord>& operations, std::size_t limit);

}  // namespace stackscaler::controller
