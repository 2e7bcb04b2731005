// SPDX-License-Identifier: Apache-2.0
//
// The settings of a controller whose policies are custom resources; declared as controller/settings.hpp has them.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controller/settings.hpp"

namespace stackscaler::controller {

struct ClusterOptions {
  std::string kubeconfig;
  std::string context;
  bool in_cluster = false;
  std::vector<std::string> namespaces;  // empty: all
  std::string selector;
  bool leader_elect = false;
  std::string leader_namespace;  // empty: that of the context, or the pod's
  std::string leader_name = "stackscaler";
  std::string pause_configmap;  // "name" or "namespace/name"; empty: none
  std::filesystem::path grants;

  // Policies come from a cluster.
  [[nodiscard]] bool used() const { return in_cluster || !kubeconfig.empty(); }
};

inline constexpr std::array<std::string_view, 10> kClusterNames{
    "kubeconfig",   "context",          "in-cluster",  "namespaces",      "selector",
    "leader-elect", "leader-namespace", "leader-name", "pause-configmap", "grants"};

[[nodiscard]] std::span<const Setting> cluster_settings();

// What does not go together, each in a sentence.
[[nodiscard]] std::vector<std::string> cluster_problems(const Options& options);

}  // namespace stackscaler::controller
