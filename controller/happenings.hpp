// SPDX-License-Identifier: Apache-2.0
//
// What of a turn is an event: something happened now, as opposed to still being so.
//
// Scaled, ScaleRefused, ScaleFailed, DryRun, MetricsUnavailable, AdvisorFallback, Healed, CountChangedOutside, and the
// reason of a stack that can't be read; each told when it begins or changes, and the end of missing metrics and of a
// fallback too. docs/reference/events.md lists them. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "controller/turn.hpp"
#include "ports/event_sink.hpp"

namespace stackscaler::controller {

// `told`: what of each kind was told last; the caller keeps it for the policy.
[[nodiscard]] std::vector<ports::Happening> happenings_of(const Turn& turn, const PolicyMemory& memory,
                                                          ToldEvents& told);

}  // namespace stackscaler::controller
