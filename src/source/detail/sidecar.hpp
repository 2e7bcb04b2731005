// SPDX-License-Identifier: Apache-2.0
//
// Sidecars: statuses in files of their own, one a policy: <folder>/<namespace>/<name>.yaml.
//
// Each is a whole document (apiVersion, kind, metadata, status) and is replaced as a whole. What it is not: history; it
// is never read back. Blocking; one thread at a time.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "policy/types.hpp"

namespace stackscaler::source::detail {

// Marks the folder of sidecars: it may lie in a folder of policies, and they are none.
inline constexpr std::string_view kSidecarMark = ".stackscaler-status";

class Sidecars {
 public:
  explicit Sidecars(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::filesystem::path file_of(const policy::PolicyKey& key) const;
  // `about`: where the policy itself is, for the reader.
  [[nodiscard]] Result<void> write(const policy::PolicyKey& key, std::string_view status_block,
                                   const std::string& about) const;
  void remove(const policy::PolicyKey& key) const;
  // Removes the sidecars of all others, and folders that are empty then.
  void keep_only(const std::set<policy::PolicyKey>& keys) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace stackscaler::source::detail
