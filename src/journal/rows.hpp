// SPDX-License-Identifier: Apache-2.0
//
// What the store's parts share: times as milliseconds since 1970, and a statement that gives no rows.
#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "journal/database.hpp"

namespace stackscaler::journal {

inline WallTime time_of(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}
inline std::int64_t ms_of(WallTime time) {
  return time.time_since_epoch().count();
}
[[nodiscard]] inline Result<void> run(Statement& statement) {
  auto done = statement.step();
  if (!done) return fail(std::move(done).error());
  return {};
}

}  // namespace stackscaler::journal
