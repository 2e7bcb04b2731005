// SPDX-License-Identifier: Apache-2.0
#include "controller/cluster_settings.hpp"

#include <algorithm>

#include "controller/options.hpp"

namespace stackscaler::controller {
namespace {

Result<void> bad(const std::string& text, std::string_view wanted) {
  return fail(ErrorKind::invalid_input, "'" + text + "' is not " + std::string(wanted));
}

bool is_name(std::string_view text) {  // of a Kubernetes object
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  return !text.empty() && text.size() <= 253 && text.front() != '-' && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), allowed);
}

Result<void> set_name(std::string& out, const std::string& text) {
  if (!is_name(text)) return bad(text, "a Kubernetes name: lower-case letters, digits, '-' and '.'");
  out = text;
  return {};
}

Result<void> set_flag(bool& out, const std::string& text) {
  if (text != "true" && text != "false") return bad(text, "true or false");
  out = text == "true";
  return {};
}

Result<void> set_text(std::string& out, const std::string& text) {
  if (text.empty()) return fail(ErrorKind::invalid_input, "must not be empty");
  out = text;
  return {};
}

Result<void> set_namespaces(Options& o, const std::string& text) {
  o.cluster.namespaces.clear();
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    std::string one = text.substr(start, end - start);
    start = end + 1;
    if (!is_name(one)) return bad(text, "a list of namespaces with commas");
    auto& all = o.cluster.namespaces;
    if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
  }
  return {};
}

Result<void> set_configmap(Options& o, const std::string& text) {
  const std::size_t slash = text.find('/');
  const bool good = slash == std::string::npos ? is_name(text)
                                               : is_name(std::string_view(text).substr(0, slash)) &&
                                                     is_name(std::string_view(text).substr(slash + 1));
  if (!good) return bad(text, "a ConfigMap's name, or namespace/name");
  o.cluster.pause_configmap = text;
  return {};
}

// clang-format off
constexpr std::array kSettings{
    Setting{"kubeconfig", "", "FILE", "", "policies are custom resources of the cluster that this kubeconfig names",
            [](Options& o, const std::string& t) { return set_text(o.cluster.kubeconfig, t); }},
    Setting{"context", "", "NAME", "", "the kubeconfig's context; without it the current one",
            [](Options& o, const std::string& t) { return set_text(o.cluster.context, t); }},
    Setting{"in-cluster", "", "", "false", "policies are custom resources of the cluster in which this runs, by the pod's service account",
            [](Options& o, const std::string& t) { return set_flag(o.cluster.in_cluster, t); }},
    Setting{"namespaces", "", "NAMES", "", "only policies of these namespaces, with commas; without it of all",
            set_namespaces},
    Setting{"selector", "", "SELECTOR", "", "only policies with these labels, as kubectl's -l",
            [](Options& o, const std::string& t) { return set_text(o.cluster.selector, t); }},
    Setting{"leader-elect", "", "", "false", "one of several replicas acts, by a Lease; the others stand by",
            [](Options& o, const std::string& t) { return set_flag(o.cluster.leader_elect, t); }},
    Setting{"leader-namespace", "", "NAME", "", "namespace of the Lease; without it the context's, or the pod's",
            [](Options& o, const std::string& t) { return set_name(o.cluster.leader_namespace, t); }},
    Setting{"leader-name", "", "NAME", "stackscaler", "name of the Lease",
            [](Options& o, const std::string& t) { return set_name(o.cluster.leader_name, t); }},
    Setting{"pause-configmap", "", "NAME", "", "ConfigMap (name or namespace/name) whose annotation stackscaler.dev/pause stops everything",
            set_configmap},
    Setting{"grants", "", "FILE", "", "YAML list of what each namespace's policies may use; without it their stacks and this process's metrics server alone",
            [](Options& o, const std::string& t) { o.cluster.grants = t; return Result<void>{}; }},
};
// clang-format on

}  // namespace

std::span<const Setting> cluster_settings() {
  return kSettings;
}

std::vector<std::string> cluster_problems(const Options& options) {
  const ClusterOptions& c = options.cluster;
  std::vector<std::string> problems;
  if (c.in_cluster && !c.kubeconfig.empty()) problems.emplace_back("--in-cluster and --kubeconfig exclude one another");
  if (c.in_cluster && !c.context.empty()) problems.emplace_back("--context goes with --kubeconfig");
  if (c.used() && !options.policies.empty()) {
    problems.emplace_back("--policies and a cluster exclude one another; run two processes, each with its own --data");
  }
  if (c.used() && options.implicit) problems.emplace_back("--implicit is for policies in files");
  if (c.used()) return problems;
  const bool any = !c.context.empty() || !c.namespaces.empty() || !c.selector.empty() || c.leader_elect ||
                   !c.leader_namespace.empty() || !c.pause_configmap.empty() || !c.grants.empty();
  if (any) {
    problems.emplace_back(
        "--context, --namespaces, --selector, --leader-elect, --leader-namespace, --pause-configmap and --grants go "
        "with "
        "--kubeconfig or --in-cluster");
  }
  return problems;
}

}  // namespace stackscaler::controller
