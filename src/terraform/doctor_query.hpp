// SPDX-License-Identifier: Apache-2.0
//
// The doctor's query: a configuration of data sources whose output `instances` is the list of the ids that exist now.
// Private to this component.
//
// It is planned in a scratch folder of its own (mode 0700, removed afterwards) with a local state, the stack's lock
// file, the provider that the stack's init has installed, and the stack's variable files by link: a query may declare
// the stack's variables, and `stackscaler_stack` for its id. It is never applied, whatever is in it.
// Errors: not_found without a query, the text of terraform otherwise. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "terraform/services.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

// Not *.tf: Terraform would take it for a part of the stack.
inline constexpr const char* kQueryFile = "doctor.hcl";

// The query's text: `given`, else kQueryFile of the registry folder or of the stack's folder, else a made one.
[[nodiscard]] Result<std::string> find_query(const Target& target, const std::filesystem::path& given);
// For aws_instance, by the tag stackscaler:stack, with a provider that the environment alone configures; "" for others.
[[nodiscard]] std::string made_query(const std::string& type, const std::string& stack);

// The output `instances` of `terraform show -json PLAN`.
[[nodiscard]] Result<std::set<std::string>> parse_answer(std::string_view json);
// attributes.id of every managed resource of a state, and of those of `base` alone.
struct KnownIds {
  std::set<std::string> all;
  std::set<std::string> counted;
  // An address of `base` around its index, which may be a module's: "module.m[" and "].aws_instance.app".
  std::string before;
  std::string after;
};
[[nodiscard]] KnownIds known_ids(std::string_view state, const std::string& base);

[[nodiscard]] boost::asio::awaitable<Result<std::set<std::string>>> ask(Services& services, const Target& target,
                                                                        std::string query);

}  // namespace stackscaler::terraform
