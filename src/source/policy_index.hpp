// SPDX-License-Identifier: Apache-2.0
//
// PolicyIndex: which file each policy was read from. FileSource keeps it, FileStatusWriter asks it.
//
// What it is not: a list of policies (the sink has that) or a promise that the file still holds the policy.
// Threads: the loop's. Lifetime: outlives both of its users.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "policy/types.hpp"

namespace stackscaler::source {

class PolicyIndex {
 public:
  using Paths = std::map<policy::PolicyKey, std::filesystem::path>;

  [[nodiscard]] std::optional<std::filesystem::path> file_of(const policy::PolicyKey& key) const {
    const auto found = paths_.find(key);
    return found == paths_.end() ? std::nullopt : std::optional(found->second);
  }
  void assign(Paths paths) { paths_ = std::move(paths); }

 private:
  Paths paths_;
};

}  // namespace stackscaler::source
