// SPDX-License-Identifier: Apache-2.0
//
// From a turn to what people and machines read: status, conditions, and whether a failure needs a person. Pure.
#pragma once

#include "controller/turn.hpp"
#include "ports/gate.hpp"

namespace stackscaler::controller {

// True for reasons that no retry mends: a person has to act (kstatus' Stalled).
[[nodiscard]] bool needs_a_person(std::string_view reason);

// The status after `turn`, from the one before (`memory.written`), so that transition times are kept.
[[nodiscard]] policy::Status status_after(const Turn& turn, const PolicyMemory& memory, const ports::GateSettings& gate,
                                          WallTime now);

// The status while an operation runs: as written before, with the operation and Reconciling=True.
[[nodiscard]] policy::Status status_during(const policy::Status& before, const ports::OperationProgress& progress,
                                           WallTime now);

// "cpu=81.3,memory=?" for the log line.
[[nodiscard]] std::string metrics_summary(const decision::Decision& decision);

}  // namespace stackscaler::controller
