// SPDX-License-Identifier: Apache-2.0
//
// Record: what is kept of a forecast between two runs, as bytes.
//
// What it is: the minutes that were seen and the boots that were measured; all else comes back by learning from them
// anew. What it is not: trusted. decode() takes any bytes and gives a record or says what is wrong with them.
// Format: text lines `stackscaler-forecast 1`, `sha256 <of all after this line>`, `basis <hex>`, `boots <milliseconds,
// by spaces>`, `first <minute since 1970>`, `minutes <n>`, then n needs as IEEE 754 binary32, low byte first; NaN is a
// minute without a value. At most half a megabyte and a little. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace stackscaler::forecast {

// What a forecaster holds.
struct Past {
  std::int64_t first = 0;    // the minute since 1970 of the first
  std::vector<float> needs;  // one a minute
};

struct Record {
  std::string basis;  // basis_of() the policy that the needs are of
  std::vector<Duration> boots;
  Past past;
};

inline constexpr std::size_t kMaxRecordMinutes = 131'072;  // 90 days and a little
inline constexpr std::size_t kMaxRecordBytes = 4 * kMaxRecordMinutes + 4096;

[[nodiscard]] std::string encode(const Record& record);
// invalid_input: not a record, damaged, or of a version that this program does not know.
[[nodiscard]] Result<Record> decode(std::string_view bytes);

}  // namespace stackscaler::forecast
