// SPDX-License-Identifier: Apache-2.0
#include "controller/claims.hpp"

#include <algorithm>

#include "policy/implicit.hpp"

namespace stackscaler::controller {
namespace {

constexpr std::string_view kIdentity = "identity:";

bool is_identity(const std::string& name) {
  return name.starts_with(kIdentity);
}

}  // namespace

std::string static_claim(const policy::StackRef& stack) {
  return (stack.id.empty() ? "path:" + stack.path : "id:" + stack.id) + "|" + stack.workspace;
}

std::string claim_rank(const policy::ScalingPolicy& policy) {
  if (!policy.cluster) return policy.origin;
  return format_rfc3339(policy.cluster->created) + " " + policy.key.str();
}

std::string identity_claim(const std::string& identity) {
  return std::string(kIdentity) + identity;
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

void Claims::set_manager(const std::string& identity, std::optional<policy::PolicyKey> key) {
  managers_[identity] = std::move(key);
}

void Claims::confirm(const std::string& identity, const policy::PolicyKey& key) {
  managers_[identity] = key;
}

// Whether the journal shows `key` managing the stack that these names are of.
bool Claims::managed(const policy::PolicyKey& key, const std::set<std::string>& names) const {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    const auto manager = managers_.find(name);
    return manager != managers_.end() && manager->second == key;
  });
}

std::optional<policy::PolicyKey> Claims::first_of(const std::string& name) const {
  const auto claims = by_name_.find(name);
  if (claims == by_name_.end()) return std::nullopt;
  // All names of those who claim this one: a manager is known by the identity, which it need not have claimed yet.
  std::set<std::string> names{name};
  for (const Claim& claim : claims->second) {
    const auto& more = names_of_.at(claim.key);
    std::copy_if(more.begin(), more.end(), std::inserter(names, names.end()), is_identity);
  }
  const auto before = [&](const Claim& a, const Claim& b) {
    const bool a_implicit = policy::is_implicit(a.key);
    if (a_implicit != policy::is_implicit(b.key)) return !a_implicit;
    return managed(a.key, names) && !managed(b.key, names);
  };
  return std::min_element(claims->second.begin(), claims->second.end(), before)->key;
}

// The journal's manager of the stack that `name` identifies, if it is still there and names its stack in another way,
// so that whether it is this one is known only when its state was read.
std::optional<policy::PolicyKey> Claims::unseen_manager(const std::string& name, const policy::PolicyKey& key) const {
  const auto manager = managers_.find(name);
  if (manager == managers_.end() || !manager->second || *manager->second == key) return std::nullopt;
  const auto other = names_of_.find(*manager->second);
  if (other == names_of_.end() || std::any_of(other->second.begin(), other->second.end(), is_identity)) {
    return std::nullopt;
  }
  if (policy::is_implicit(*manager->second)) return std::nullopt;
  const auto by_id = [](const std::string& claimed) { return claimed.starts_with("id:"); };
  const auto& mine = names_of_.at(key);
  const bool alike =
      std::any_of(mine.begin(), mine.end(), by_id) == std::any_of(other->second.begin(), other->second.end(), by_id);
  return alike ? std::nullopt : manager->second;
}

std::optional<policy::PolicyKey> Claims::managed_by_other(const policy::PolicyKey& key) const {
  const auto names = names_of_.find(key);
  if (names == names_of_.end()) return std::nullopt;
  for (const std::string& name : names->second) {
    auto first = first_of(name);
    if (first && *first != key) return first;
    if (auto other = unseen_manager(name, key)) return other;
  }
  return std::nullopt;
}

}  // namespace stackscaler::controller
