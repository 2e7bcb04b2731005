// SPDX-License-Identifier: Apache-2.0
//
// Where `stackscaler simulate` has its load from: a CSV file, or a range query of Prometheus. Blocking; runs an event
// loop of its own for the query.
#pragma once

#include <vector>

#include "controller/options.hpp"
#include "simulate/load.hpp"

namespace stackscaler::controller {

[[nodiscard]] Result<simulate::Load> simulation_load(const Options& options,
                                                     const std::vector<policy::ScalingPolicy>& policies);

}  // namespace stackscaler::controller
