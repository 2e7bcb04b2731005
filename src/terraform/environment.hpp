// SPDX-License-Identifier: Apache-2.0
//
// Terraform's environment: which of this program's own variables it inherits, and which a policy may set.
//
// Both are allow-lists. An operator adds names, or prefixes that end in '*', to both (--allow-env). Some names are
// never passed on or set, whatever is allowed: they would change which program runs, what it loads, where it keeps its
// state, or make it print secrets. Errors: EnvNotAllowed, before anything runs.
// Threads: pure, but for resolve_environment(), which reads files and blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "policy/types.hpp"
#include "terraform/redact.hpp"

namespace stackscaler::terraform {

// Names and prefixes ("TF_VAR_*") that the operator adds.
using EnvPatterns = std::vector<std::string>;

// A name or a prefix of at least two characters with '*' at its end, and nothing that is never allowed.
[[nodiscard]] Result<void> check_pattern(const std::string& pattern);

[[nodiscard]] bool inherited(std::string_view name, const EnvPatterns& more);
[[nodiscard]] bool settable(std::string_view name, const EnvPatterns& more);

// "NAME=value" of every variable of the policy, files read now. EnvNotAllowed for a name that is not allowed.
[[nodiscard]] Result<std::vector<std::string>> resolve_environment(const std::vector<policy::EnvVariable>& variables,
                                                                   const EnvPatterns& more);

// What must not appear in a text: the policy's values, the values of KEY=VALUE backend settings, and those of inherited
// variables whose names say that they are secret.
[[nodiscard]] Redactor redactor_for(const std::vector<std::string>& environment,
                                    const std::vector<std::string>& backend_config,
                                    const std::vector<std::string>& own);

}  // namespace stackscaler::terraform
