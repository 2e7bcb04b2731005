// SPDX-License-Identifier: Apache-2.0
//
// Resource addresses of Terraform, taken apart just as far as the guard needs.
//
// The base of an address is the address without its integer indexes; for_each keys stay, since they name another
// resource: module.web["blue"].aws_instance.app[2] -> base module.web["blue"].aws_instance.app, index 2.
// Whether the count sits on the resource or on a module makes no difference. Pure; any thread.
// Source: developer.hashicorp.com/terraform/cli/state/resource-addressing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stackscaler::terraform {

struct Address {
  std::string base;
  std::optional<int> index;      // the one integer index; absent: none, or several
  bool several_indexes = false;  // count within count: no single index says which instance it is
  bool index_in_module = false;  // the index is a module's
  bool data = false;             // a data source
  std::string type;              // "aws_instance"
};

// Absent for text that is no address of a resource.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

// By resource, then by index as a number: app[2] before app[10]. An order for std::sort.
[[nodiscard]] bool address_before(const std::string& left, const std::string& right);

}  // namespace stackscaler::terraform
