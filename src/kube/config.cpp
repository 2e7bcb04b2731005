// SPDX-License-Identifier: Apache-2.0
#include "kube/config.hpp"

#include <fmt/core.h>

#include <cstdlib>
#include <system_error>

#include "base/files.hpp"
#include "kube/detail/kubeconfig.hpp"

namespace stackscaler::kube {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxKubeconfig = std::size_t{4} << 20U;
constexpr std::size_t kMaxSmallFile = 64UL * 1024;

std::string variable(const Environment& environment, const char* name) {
  const char* const value = environment(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string trimmed(std::string text) {
  const auto space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && space(text.back())) text.pop_back();
  std::size_t begin = 0;
  while (begin < text.size() && space(text[begin])) ++begin;
  return text.substr(begin);
}

std::vector<fs::path> split_list(const std::string& list) {
  std::vector<fs::path> out;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(':', at), list.size());
    if (end > at) out.emplace_back(list.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace

Environment process_environment() {
  return [](const char* name) -> const char* { return std::getenv(name); };
}

Result<ClusterConfig> parse_kubeconfig(std::string_view text, const std::string& name, const fs::path& folder,
                                       const std::string& context) {
  detail::Kubeconfig merged;
  if (auto ok = detail::merge_kubeconfig(merged, text, name, folder); !ok) return fail(std::move(ok).error());
  return detail::choose_context(merged, context);
}

Result<ClusterConfig> load_kubeconfig(const std::vector<fs::path>& paths, const std::string& context) {
  detail::Kubeconfig merged;
  for (const fs::path& path : paths) {
    auto text = read_file(path, kMaxKubeconfig);
    if (!text) {
      // As kubectl does: a list may name files that are yet to be made.
      if (text.error().kind() == ErrorKind::not_found && paths.size() > 1) continue;
      return fail(std::move(text).error().with_context("kubeconfig"));
    }
    std::error_code ignored;
    const fs::path absolute = fs::absolute(path, ignored);
    auto ok = detail::merge_kubeconfig(merged, *text, path.string(), absolute.parent_path());
    if (!ok) return fail(std::move(ok).error());
  }
  if (merged.files.empty()) return fail(ErrorKind::not_found, "none of the kubeconfig files in the list exists");
  return detail::choose_context(merged, context);
}

Result<ClusterConfig> load_in_cluster(const Environment& environment, const fs::path& folder) {
  const std::string host = variable(environment, "KUBERNETES_SERVICE_HOST");
  const std::string port = variable(environment, "KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return fail(ErrorKind::not_found,
                "not inside a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; name a "
                "kubeconfig instead");
  }
  const bool v6 = host.find(':') != std::string::npos;
  const std::string address = fmt::format("https://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
  auto url = http::parse_url(address);
  if (!url) return fail(std::move(url).error().with_context("KUBERNETES_SERVICE_HOST and _PORT"));
  ClusterConfig config(std::move(*url));
  config.origin = "the pod's service account";
  config.token_file = (folder / "token").string();
  config.tls.ca_file = (folder / "ca.crt").string();
  for (const std::string* file : {&config.token_file, &config.tls.ca_file}) {
    if (auto there = read_file(*file, kMaxKubeconfig); !there) {
      return fail(
          std::move(there).error().with_context("the pod's service account (is automountServiceAccountToken off?)"));
    }
  }
  auto ns = read_file(folder / "namespace", kMaxSmallFile);
  config.namespace_ = ns ? trimmed(std::move(*ns)) : std::string();
  if (config.namespace_.empty()) config.namespace_ = "default";
  return config;
}

Result<ClusterConfig> load_config(const ConfigChoice& choice, const Environment& environment) {
  if (choice.in_cluster) {
    if (!choice.kubeconfig.empty() || !choice.context.empty()) {
      return fail(ErrorKind::invalid_input, "a kubeconfig or context makes no sense with the pod's service account");
    }
    return load_in_cluster(environment);
  }
  if (!choice.kubeconfig.empty()) {
    return load_kubeconfig(std::vector<fs::path>(1, choice.kubeconfig), choice.context);
  }
  if (auto listed = split_list(variable(environment, "KUBECONFIG")); !listed.empty()) {
    return load_kubeconfig(listed, choice.context);
  }
  if (choice.context.empty() && !variable(environment, "KUBERNETES_SERVICE_HOST").empty()) {
    return load_in_cluster(environment);
  }
  const std::string home = variable(environment, "HOME");
  const fs::path usual = fs::path(home) / ".kube" / "config";
  std::error_code ec;
  if (home.empty() || !fs::exists(usual, ec)) {
    return fail(
        ErrorKind::not_found,
        "no way to a cluster: no kubeconfig is named, KUBECONFIG is not set, ~/.kube/config does not exist, and "
        "we are not in a pod");
  }
  return load_kubeconfig(std::vector<fs::path>(1, usual), choice.context);
}

}  // namespace stackscaler::kube
