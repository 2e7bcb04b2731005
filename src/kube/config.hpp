// SPDX-License-Identifier: Apache-2.0
//
// ClusterConfig: which API server to talk to, how it is proven, and who we are; from a kubeconfig or from inside a pod.
//
// What it is: the one context that is asked for, checked, with paths made absolute. What it is not: a credential's
// value for a request (kube/credentials.hpp), or a writer of kubeconfigs. What is not supported (auth-provider,
// proxy-url, impersonation, insecure-skip-tls-verify, user name and password) is refused with its file and field, never
// skipped. The functions block (they read files): call them on a blocking thread or at the start. Errors:
// invalid_input, with the file, the field and what to do; not_found when no configuration is anywhere. No error holds a
// credential. Sources: Kubernetes, "Organizing Cluster Access Using kubeconfig Files", client-go clientcmd/api/v1 types
// (merging: the first file to set a value wins), "Accessing the API from a Pod".
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "http/tls.hpp"
#include "http/url.hpp"

namespace stackscaler::kube {

// A program that gives credentials (client.authentication.k8s.io).
struct ExecPlugin {
  std::string api_version;  // "client.authentication.k8s.io/v1" or "…/v1beta1"
  std::string command;      // a path, or a name to look up in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // over our own
  std::string install_hint;                              // said when the program is not there
  bool provide_cluster_info = false;
};

struct ClusterConfig {
  explicit ClusterConfig(http::Url server_) : server(std::move(server_)) {}

  http::Url server;        // its path is put before every request's
  http::TlsOptions tls;    // authority, server name, client certificate
  Secret token;            // given as text
  std::string token_file;  // read again while it is used; wins over `token`
  std::optional<ExecPlugin> exec;
  std::string namespace_;  // of the context, or the pod's; "default" when none is given
  std::string origin;      // "context 'prod' of /home/me/.kube/config", "the pod's service account"
};

// The environment as a lookup, so that tests own it; null: not set.
using Environment = std::function<const char*(const char*)>;
[[nodiscard]] Environment process_environment();

// The files of `paths` merged; a missing file counts as empty unless it is the only one. An empty `context`: the
// current-context.
[[nodiscard]] Result<ClusterConfig> load_kubeconfig(const std::vector<std::filesystem::path>& paths,
                                                    const std::string& context);

// KUBERNETES_SERVICE_HOST and _PORT, and the files of the service account below `folder`.
[[nodiscard]] Result<ClusterConfig> load_in_cluster(
    const Environment& environment,
    const std::filesystem::path& folder = "/var/run/secrets/kubernetes.io/serviceaccount");

struct ConfigChoice {
  std::string kubeconfig;   // a file named by the user; empty: look around
  std::string context;      // of the kubeconfig
  bool in_cluster = false;  // only the pod's service account
};

// The file that is named; else the list in KUBECONFIG; else the pod's service account when we run in one; else
// ~/.kube/config.
[[nodiscard]] Result<ClusterConfig> load_config(const ConfigChoice& choice, const Environment& environment);

// The text of one kubeconfig, for `name` in messages; relative paths are from `folder`. For tests and fuzzing.
[[nodiscard]] Result<ClusterConfig> parse_kubeconfig(std::string_view text, const std::string& name,
                                                     const std::filesystem::path& folder, const std::string& context);

}  // namespace stackscaler::kube
