// SPDX-License-Identifier: Apache-2.0
//
// Claims: which of several policies that name one stack manages it. The first by origin (its file's path) does; the
// others say StackAlreadyManaged. A stack has more than one name (its id, its folder, its identity once the state was
// read), so a policy manages it only if it is first under each name that it claims.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "policy/types.hpp"

namespace stackscaler::controller {

// The name under which a policy claims its stack before the state was read.
[[nodiscard]] std::string static_claim(const policy::StackRef& stack);

class Claims {
 public:
  void claim(const std::string& name, const policy::PolicyKey& key, const std::string& origin);
  void release(const policy::PolicyKey& key);
  // The policy that comes before `key` under one of its names, or nothing if `key` is the manager.
  [[nodiscard]] std::optional<policy::PolicyKey> managed_by_other(const policy::PolicyKey& key) const;

 private:
  struct Claim {
    std::string origin;
    policy::PolicyKey key;
    auto operator<=>(const Claim&) const = default;
  };
  std::map<std::string, std::set<Claim>> by_name_;
  std::map<policy::PolicyKey, std::set<std::string>> names_of_;
};

}  // namespace stackscaler::controller
