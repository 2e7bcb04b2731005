// SPDX-License-Identifier: Apache-2.0
//
// ForecastFiles: the records of forecasts in a folder, one file a policy.
//
// A file is written whole and atomically, 0600, as <folder>/<namespace>/<name>.forecast. What it is not: the truth; a
// forecast that has lost its file learns anew. Bounded: a file is at most kMaxRecordBytes, and what nobody has written
// for kForgottenAfter is removed. Blocking: on the pool. A value; equal folders are the same files.
#pragma once

#include <filesystem>

#include "base/time.hpp"
#include "forecast/record.hpp"
#include "policy/types.hpp"

namespace stackscaler::advisor {

class ForecastFiles {
 public:
  explicit ForecastFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // not_found: there is none. invalid_input: there is one that is of no use; the message names it.
  [[nodiscard]] Result<forecast::Record> read(const policy::PolicyKey& key) const;
  [[nodiscard]] Result<void> write(const policy::PolicyKey& key, const forecast::Record& record) const;
  // How many were removed.
  int remove_old() const;
  [[nodiscard]] std::filesystem::path file_of(const policy::PolicyKey& key) const;

  static constexpr Duration kForgottenAfter = std::chrono::days(90);

 private:
  std::filesystem::path folder_;
};

}  // namespace stackscaler::advisor
