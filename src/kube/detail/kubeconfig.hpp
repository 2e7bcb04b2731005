// SPDX-License-Identifier: Apache-2.0
//
// Kubeconfig files, merged, and one context of them as a ClusterConfig. Private to src/kube.
//
// Merging as kubectl does it: of each cluster, user and context name the first file to define it wins, whole; so does
// the first current-context that is not empty. Errors: invalid_input, "FILE: users[2].user.proxy-url: what to do".
// Source: client-go tools/clientcmd (loader.go, api/v1/types.go).
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "kube/config.hpp"

namespace stackscaler::kube::detail {

// An entry of clusters, users or contexts, and where it is from.
struct Entry;

struct Kubeconfig {
  std::vector<std::string> files;
  std::string current_context;
  std::map<std::string, std::shared_ptr<const Entry>> clusters;
  std::map<std::string, std::shared_ptr<const Entry>> users;
  std::map<std::string, std::shared_ptr<const Entry>> contexts;
};

[[nodiscard]] Result<void> merge_kubeconfig(Kubeconfig& into, std::string_view text, const std::string& file,
                                            const std::filesystem::path& folder);
// An empty name: the current-context.
[[nodiscard]] Result<ClusterConfig> choose_context(const Kubeconfig& merged, const std::string& name);

}  // namespace stackscaler::kube::detail
