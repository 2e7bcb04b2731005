// SPDX-License-Identifier: Apache-2.0
//
// What names and addresses of the schema may look like. Each function is a pure yes or no.
// Sources: Kubernetes' object names (RFC 1123), Terraform's identifiers and resource addresses.
#pragma once

#include <string_view>

namespace stackscaler::policy::detail {

[[nodiscard]] bool is_dns_label(std::string_view name);      // at most 63
[[nodiscard]] bool is_dns_subdomain(std::string_view name);  // labels with dots, at most 253
[[nodiscard]] bool is_stack_id(std::string_view id);       // a folder's name: [A-Za-z0-9][A-Za-z0-9._-]{0,62}, no ".."
[[nodiscard]] bool is_secret_key(std::string_view key);    // [A-Za-z0-9._-]{1,253}, not "." and no ".."
[[nodiscard]] bool is_metric_name(std::string_view name);  // [a-z0-9][-a-z0-9_]*, at most 63
[[nodiscard]] bool is_terraform_name(std::string_view name);       // [A-Za-z_][A-Za-z0-9_-]*
[[nodiscard]] bool is_reserved_variable(std::string_view name);    // names that Terraform refuses for a variable
[[nodiscard]] bool is_resource_address(std::string_view address);  // [module.x.]type.name, without an index
[[nodiscard]] bool is_workspace(std::string_view name);
[[nodiscard]] bool is_environment_name(std::string_view name);  // [A-Za-z_][A-Za-z0-9_]*, at most 128
[[nodiscard]] bool is_http_url(std::string_view url);           // http(s)://host…, printable, no user info
[[nodiscard]] bool is_clean_text(std::string_view text);        // no control character but tab and line ends
[[nodiscard]] bool is_tenant(std::string_view name);            // Mimir's and Loki's tenants, joined by '|'
[[nodiscard]] bool is_path(std::string_view path);              // not empty, no control character, at most 4096

}  // namespace stackscaler::policy::detail
