// SPDX-License-Identifier: Apache-2.0
#include "decision/schedules.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace stackscaler::decision {

Active active_schedules(const policy::Spec& spec, WallTime now) {
  Active out;
  out.bounds = spec.bounds;
  for (const policy::Schedule& schedule : spec.schedules) {
    const auto window = policy::window_at(schedule.start, schedule.duration, schedule.time_zone, now);
    if (!window) continue;
    std::string what;
    const auto say = [&what](const std::string& text) { what += (what.empty() ? "" : ", ") + text; };
    if (schedule.min) out.bounds.min = *schedule.min;
    if (schedule.max) out.bounds.max = *schedule.max;
    out.bounds.max = std::max(out.bounds.max, out.bounds.min);
    if (schedule.min || schedule.max) say(fmt::format("bounds {} to {}", out.bounds.min, out.bounds.max));
    if (schedule.freeze) say("nothing scales in");
    if (schedule.suspend) say("the policy is suspended");
    if (schedule.freeze && out.freeze.empty()) out.freeze = schedule.name;
    if (schedule.suspend && out.suspend.empty()) out.suspend = schedule.name;
    out.lines.push_back({schedule.name, window->end,
                         fmt::format("schedule {} until {}: {}", schedule.name, format_rfc3339(window->end), what)});
  }
  return out;
}

}  // namespace stackscaler::decision
