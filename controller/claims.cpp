// SPDX-License-Identifier: Apache-2.0
#include "controller/claims.hpp"

namespace stackscaler::controller {

std::string static_claim(const policy::StackRef& stack) {
  return (stack.id.empty() ? "path:" + stack.path : "id:" + stack.id) + "|" + stack.workspace;
}

void Claims::claim(const std::string& name, const policy::PolicyKey& key, const std::string& origin) {
  if (!names_of_[key].insert(name).second) return;
  by_name_[name].insert(Claim{origin, key});
}

void Claims::release(const policy::PolicyKey& key) {
  const auto names = names_of_.find(key);
  if (names == names_of_.end()) return;
  for (const std::string& name : names->second) {
    auto& claims = by_name_[name];
    std::erase_if(claims, [&](const Claim& c) { return c.key == key; });
    if (claims.empty()) by_name_.erase(name);
  }
  names_of_.erase(names);
}

std::optional<policy::PolicyKey> Claims::managed_by_other(const policy::PolicyKey& key) const {
  const auto names = names_of_.find(key);
  if (names == names_of_.end()) return std::nullopt;
  for (const std::string& name : names->second) {
    const auto claims = by_name_.find(name);
    if (claims != by_name_.end() && claims->second.begin()->key != key) return claims->second.begin()->key;
  }
  return std::nullopt;
}

}  // namespace stackscaler::controller
