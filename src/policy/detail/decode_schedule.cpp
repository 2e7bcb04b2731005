// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <map>

#include "policy/detail/decode.hpp"
#include "policy/detail/names.hpp"
#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxSchedules = 16;

void read_start(Fields& f, Cron& out) {
  std::string text;
  const Found at = read_string(f, "start", "a cron line such as \"0 8 * * 1-5\"", text);
  if (!at) return;
  auto start = Cron::parse(text);
  if (!start) {
    f.problem(*at, "start", fmt::format("(\"{}\") is no cron line: {}", shorten(text, 60), start.error().message()));
  } else {
    out = std::move(*start);
  }
}

void read_time_zone(Fields& f, std::string& out) {
  std::string name;
  const Found at = read_string(f, "timeZone", "a time zone such as Europe/Berlin", name);
  if (!at) return;
  if (!is_time_zone(name)) {
    f.problem(*at, "timeZone",
              fmt::format("(\"{}\") is not known here; it is a name of the tz database such as Europe/Berlin (package "
                          "tzdata), or UTC",
                          shorten(name, 60)));
  } else {
    out = std::move(name);
  }
}

void read_bounds(Fields& f, const Bounds& base, Schedule& out) {
  int min = 0;
  int max = 0;
  const Found at_min = read_int(f, "min", 0, kMaxInstances, min);
  const Found at_max = read_int(f, "max", 1, kMaxInstances, max);
  if (at_min) out.min = min;
  if (at_max) out.max = max;
  if (!f.has("min") && !f.has("max")) f.problem(f.at(), "min", "is missing (or max)");
  f.finish();
  if (!at_min && !at_max) return;
  const int lower = out.min.value_or(base.min);
  const int upper = out.max.value_or(base.max);
  if (lower > upper) {
    f.problem(at_min ? *at_min : *at_max, "min",
              fmt::format("({}{}) is above {} ({}{})", lower, at_min ? "" : ", of spec.bounds", f.path("max"), upper,
                          at_max ? "" : ", of spec.bounds"));
  }
}

Schedule decode_schedule(Fields& f, const Bounds& bounds) {
  Schedule out;
  read_checked(f, "name", "lower-case letters, digits, '-' and '_', at most 63", is_metric_name, out.name);
  read_start(f, out.start);
  read_duration(f, "duration", 1min, std::chrono::days(31), out.duration);
  for (const std::string_view name : {"name", "start", "duration"}) {
    if (!f.has(name)) f.missing(name, "is missing");
  }
  read_time_zone(f, out.time_zone);
  if (auto inside = read_mapping(f, "bounds")) read_bounds(*inside, bounds, out);
  read_bool(f, "freeze", out.freeze);
  read_bool(f, "suspend", out.suspend);
  if (!f.has("bounds") && !out.freeze && !out.suspend) {
    f.missing("bounds", "is missing (or freeze: true, or suspend: true); the window would change nothing");
  }
  f.finish();
  return out;
}

}  // namespace

std::vector<Schedule> decode_schedules(Fields& spec, const Bounds& bounds) {
  std::vector<Schedule> out;
  std::map<std::string, std::size_t> seen;
  read_mappings(spec, "schedules", kMaxSchedules, [&](Fields& entry) {
    Schedule schedule = decode_schedule(entry, bounds);
    const auto [first, fresh] = seen.emplace(schedule.name, out.size());
    if (!fresh && !schedule.name.empty()) {
      entry.missing("name", fmt::format("'{}' is the name of spec.schedules[{}] too", schedule.name, first->second));
    }
    out.push_back(std::move(schedule));
  });
  return out;
}

}  // namespace stackscaler::policy::detail
