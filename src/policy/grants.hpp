// SPDX-License-Identifier: Apache-2.0
//
// Grants: what a namespace's policies may use in a cluster beside what their metrics say: an operator's list.
//
// Whoever may create a ScalingPolicy must not get more than that by it: not the controller's credentials, its network
// or its files. Without a list a policy may name the stacks of its own namespace and ask the controller's own metrics
// server, nothing else. Several grants for one namespace add up. What it is not: Kubernetes' RBAC, which says who may
// create a policy, nor Terraform's environment list (--allow-env), which holds beside it.
// Errors: invalid_input with file:line:col of every problem. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "policy/types.hpp"

namespace stackscaler::policy {

// Names are exact, or a prefix that ends in '*', or "*" alone.
struct Grant {
  std::vector<std::string> namespaces;
  std::vector<std::string> stacks;   // ids within the namespace
  std::vector<std::string> env;      // names that spec.stack.env may set
  std::vector<std::string> secrets;  // Secrets of the policy's own namespace
  std::vector<std::string> tenants;  // X-Scope-OrgID at the controller's own metrics server
  std::vector<std::string> urls;   // of metrics, models and webhooks: scheme, host and port, and the begin of the path
  std::vector<std::string> files;  // absolute; a folder ends in '/'
  std::vector<std::string> advisors;  // models that may be asked: gemini, openai
  bool commands = false;              // hooks that run a command
  bool backend_config = false;        // spec.stack.backendConfig
  bool data_loss = false;             // spec.stack.allowDataLoss
};

using Grants = std::vector<Grant>;

// What holds without a list.
[[nodiscard]] Grants default_grants();

// `file` is named in the errors.
[[nodiscard]] Result<Grants> parse_grants(std::string_view text, std::string_view file);

// What the policy uses and no grant gives its namespace, each in one sentence; empty: all is granted. `stack_id` is the
// id as the policy has it, without the namespace.
[[nodiscard]] std::vector<std::string> not_granted(const ScalingPolicy& policy, const std::string& stack_id,
                                                   const Grants& grants);

}  // namespace stackscaler::policy
