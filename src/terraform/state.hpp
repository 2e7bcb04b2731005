// SPDX-License-Identifier: Apache-2.0
//
// The Terraform state, as `terraform state pull` prints it or as a local state file holds it: lineage, serial and which
// indexes of which resources exist. Of the attribute values only an instance's `id` is kept, and not where the state
// marks it as sensitive: the others may be secret.
// Errors: StateChanged for an empty text (a lost state prints nothing; law 12: that is not a count of 0),
// StateUnreadable for anything else that is no state of version 4.
// Threads: pure. Source: the state format, version 4 (terraform's internal/states/statefile/version4.go).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace stackscaler::terraform {

// One instance, for whoever must act on it outside of Terraform.
struct Instance {
  std::string address;  // aws_instance.app[2]
  std::string id;       // the attribute `id`; "" when there is none, or a sensitive one
  bool operator==(const Instance&) const = default;
};

struct ResourceIndexes {
  std::set<int> present;
  std::set<int> tainted;  // a subset of present: the next plan replaces them
  std::string type;
  std::map<int, Instance> instances;  // by index, one for each in `present`
};

struct State {
  std::string lineage;
  std::uint64_t serial = 0;
  // Managed resources with an integer index, by the base of their address (terraform/address.hpp).
  std::map<std::string, ResourceIndexes> counted;
  std::size_t resources = 0;  // all managed instances, indexed or not

  [[nodiscard]] std::vector<int> indexes(const std::string& base) const;  // ascending
  [[nodiscard]] std::vector<int> tainted(const std::string& base) const;
  // By index; empty for a resource that the state does not hold.
  [[nodiscard]] const std::map<int, Instance>& instances(const std::string& base) const;
};

[[nodiscard]] Result<State> parse_state(std::string_view text);

// The counted resource when exactly one base address has integer indexes; otherwise invalid_input with the candidates.
[[nodiscard]] Result<std::string> find_counted(const State& state);

// Other base addresses that have exactly the same indexes as `resource`.
[[nodiscard]] std::vector<std::string> propose_dependents(const State& state, const std::string& resource);

}  // namespace stackscaler::terraform
