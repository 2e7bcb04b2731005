// SPDX-License-Identifier: Apache-2.0
//
// What the schedules of a policy say at one instant. Pure but for the tz database, which policy/cron.hpp reads once.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "policy/types.hpp"

namespace stackscaler::decision {

struct Active {
  policy::Bounds bounds;  // min wins where schedules that overlap cross
  std::string freeze;     // the name of the first schedule that freezes, or ""
  std::string suspend;
  struct Line {
    std::string name;
    WallTime until;
    std::string message;  // "schedule business until 2026-11-24T17:00:00Z: bounds 6 to 20"
  };
  std::vector<Line> lines;  // one for each schedule that is active, in the policy's order
};

[[nodiscard]] Active active_schedules(const policy::Spec& spec, WallTime now);

}  // namespace stackscaler::decision
