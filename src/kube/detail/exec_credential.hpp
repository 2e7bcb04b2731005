// SPDX-License-Identifier: Apache-2.0
//
// What an exec plugin is told and what it answers. Private to src/kube.
//
// Source: client.authentication.k8s.io/v1 ExecCredential.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "kube/config.hpp"

namespace stackscaler::kube::detail {

struct ExecAnswer {
  Secret token;
  std::string certificate_pem;
  Secret key_pem;
  std::optional<WallTime> expires;
};

// The value of KUBERNETES_EXEC_INFO, with the cluster if the plugin wants it.
[[nodiscard]] std::string exec_info(const ClusterConfig& config, std::string_view authority_pem);
// Any bytes. The error never holds any of them.
[[nodiscard]] Result<ExecAnswer> parse_exec_credential(std::string_view text, const std::string& api_version);
// What it said on stderr is for people, and is cut.
[[nodiscard]] Error plugin_failed(const ExecPlugin& plugin, int exit_code, std::string_view err);

}  // namespace stackscaler::kube::detail
