// SPDX-License-Identifier: Apache-2.0
//
// under_pressure(): whether a model is worth asking with `consult: onPressure`.
//
// True when the metrics propose another count than the present one, when a value is within a tenth of a threshold, or
// when it is more than half of the tolerance away from its target. Pure; any thread.
#pragma once

#include "decision/decide.hpp"

namespace stackscaler::advisor {

[[nodiscard]] bool under_pressure(const policy::Spec& spec, const decision::Observation& observation,
                                  const decision::Signals& signals);

}  // namespace stackscaler::advisor
