// SPDX-License-Identifier: Apache-2.0
//
// PlanDetails: which top-level attributes the updates in a plan change, from `terraform show -json PLANFILE`.
//
// What it is: names of attributes. What it is not: their values, which may be secret and never leave the parser.
// An attribute counts as changed when its value differs, when any part of its new value is unknown, or when it becomes
// or ceases to be sensitive in any part.
// Errors: invalid_input for a text that is no such plan. Pure; any thread.
// Source: developer.hashicorp.com/terraform/internals/json-format (format_version 1.x).
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace stackscaler::terraform {

struct PlanDetails {
  // By address. An address is absent when the plan has no single, plain update of it.
  std::map<std::string, std::set<std::string>> changed;
};

[[nodiscard]] Result<PlanDetails> parse_details(std::string_view json, const std::vector<std::string>& addresses);

}  // namespace stackscaler::terraform
