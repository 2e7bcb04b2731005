// SPDX-License-Identifier: Apache-2.0
//
// Claims: which of several policies that name one stack manages it; the others say StackAlreadyManaged.
//
// A policy that a person wrote comes before an implicit one; then the one that the journal shows managing the stack;
// then the first by rank (its file's path; in a cluster its age). A stack has more than one name (its id, its folder,
// its identity once the state was read), so a policy manages it only if it is first under each name that it claims.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "policy/types.hpp"

namespace stackscaler::controller {

// The name under which a policy claims its stack before the state was read.
[[nodiscard]] std::string static_claim(const policy::StackRef& stack);
// The name after that, from StackView::identity.
[[nodiscard]] std::string identity_claim(const std::string& identity);

// What decides between two policies that nobody has managed the stack by yet: in a cluster the older resource comes
// first, in files the first by path.
[[nodiscard]] std::string claim_rank(const policy::ScalingPolicy& policy);

class Claims {
 public:
  void claim(const std::string& name, const policy::PolicyKey& key, const std::string& origin);
  void release(const policy::PolicyKey& key);
  // The policy that comes before `key` under one of its names, or nothing if `key` is the manager.
  [[nodiscard]] std::optional<policy::PolicyKey> managed_by_other(const policy::PolicyKey& key) const;

  // Whether it is known who managed the stack of that identity claim.
  [[nodiscard]] bool knows_manager(const std::string& identity) const { return managers_.contains(identity); }
  // What the journal shows; nothing: nobody yet.
  void set_manager(const std::string& identity, std::optional<policy::PolicyKey> key);
  // `key` manages the stack from now on, as the journal will show.
  void confirm(const std::string& identity, const policy::PolicyKey& key);

 private:
  struct Claim {
    std::string origin;
    policy::PolicyKey key;
    auto operator<=>(const Claim&) const = default;
  };
  [[nodiscard]] bool managed(const policy::PolicyKey& key, const std::set<std::string>& names) const;
  [[nodiscard]] std::optional<policy::PolicyKey> first_of(const std::string& name) const;
  [[nodiscard]] std::optional<policy::PolicyKey> unseen_manager(const std::string& name,
                                                                const policy::PolicyKey& key) const;

  std::map<std::string, std::set<Claim>> by_name_;
  std::map<policy::PolicyKey, std::set<std::string>> names_of_;
  std::map<std::string, std::optional<policy::PolicyKey>> managers_;  // by identity claim
};

}  // namespace stackscaler::controller
