// SPDX-License-Identifier: Apache-2.0
//
// PolicyIndex: which policies there are and which file each was read from. FileSource keeps it, FileStatusWriter asks
// it.
//
// Implicit policies (controller/implicit.hpp) are in no file. What it is not: a list of policies (the sink has that) or
// a promise that the file still holds the policy. Threads: the loop's. Lifetime: outlives its users.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
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
  [[nodiscard]] bool knows(const policy::PolicyKey& key) const {
    return paths_.contains(key) || implicit_.contains(key);
  }
  [[nodiscard]] std::set<policy::PolicyKey> keys() const {
    std::set<policy::PolicyKey> out = implicit_;
    for (const auto& [key, path] : paths_) out.insert(key);
    return out;
  }

  void assign(Paths paths) {
    paths_ = std::move(paths);
    if (on_assign_) on_assign_();
  }
  void assign_implicit(std::set<policy::PolicyKey> keys) {
    implicit_ = std::move(keys);
    if (on_assign_) on_assign_();
  }
  // Called after each assignment; null: nobody.
  void on_assign(std::function<void()> receiver) { on_assign_ = std::move(receiver); }

 private:
  Paths paths_;
  std::set<policy::PolicyKey> implicit_;
  std::function<void()> on_assign_;
};

}  // namespace stackscaler::source
