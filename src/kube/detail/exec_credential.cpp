// SPDX-License-Identifier: Apache-2.0
#include "kube/detail/exec_credential.hpp"

#include <fmt/core.h>

#include "http/message.hpp"
#include "kube/detail/base64.hpp"
#include "kube/detail/json.hpp"

namespace stackscaler::kube::detail {

namespace {

std::unexpected<Error> refuse(const std::string& what) {
  return fail(ErrorKind::invalid_input, "the plugin's answer " + what);
}

}  // namespace

std::string exec_info(const ClusterConfig& config, std::string_view authority_pem) {
  Json spec = Json::object();
  spec["interactive"] = false;
  if (config.exec->provide_cluster_info) {
    Json cluster = Json::object();
    const http::Url& url = config.server;
    cluster["server"] = (url.secure ? "https://" : "http://") + url.authority() + url.path;
    if (!config.tls.server_name.empty()) cluster["tls-server-name"] = config.tls.server_name;
    if (!authority_pem.empty()) cluster["certificate-authority-data"] = encode_base64(authority_pem);
    spec["cluster"] = std::move(cluster);
  }
  Json info = Json::object();
  info["apiVersion"] = config.exec->api_version;
  info["kind"] = "ExecCredential";
  info["spec"] = std::move(spec);
  return dump(info);
}

Result<ExecAnswer> parse_exec_credential(std::string_view text, const std::string& api_version) {
  const auto json = parse_json(text);
  if (!json) return refuse("on stdout is " + json.error().message());
  if (detail::text(*json, "kind") != "ExecCredential") return refuse("is no ExecCredential");
  if (detail::text(*json, "apiVersion") != api_version) {
    return refuse("has another apiVersion than the kubeconfig asks for, " + api_version);
  }
  const Json& status = member(*json, "status");
  ExecAnswer answer;
  answer.token = Secret(detail::text(status, "token"));
  answer.certificate_pem = detail::text(status, "clientCertificateData");
  answer.key_pem = Secret(detail::text(status, "clientKeyData"));
  if (answer.certificate_pem.empty() != answer.key_pem.empty()) {
    return refuse("has only one of clientCertificateData and clientKeyData");
  }
  if (answer.token.empty() && answer.certificate_pem.empty()) {
    return refuse("has neither status.token nor status.clientCertificateData");
  }
  if (!http::valid_header("Authorization", answer.token.reveal())) return refuse("has a token with control characters");
  const std::string expires = detail::text(status, "expirationTimestamp");
  if (!expires.empty()) {
    auto time = parse_rfc3339(expires);
    if (!time) return refuse("has a status.expirationTimestamp that is no RFC 3339 time");
    answer.expires = *time;
  }
  return answer;
}

Error plugin_failed(const ExecPlugin& plugin, int exit_code, std::string_view err) {
  std::string said = one_line(err, 500);
  while (!said.empty() && said.back() == ' ') said.pop_back();
  std::string what = fmt::format("{} ended with exit code {}", plugin.command, exit_code);
  if (!said.empty()) what += ": " + said;
  if (exit_code == 127 && !plugin.install_hint.empty()) what += "; " + one_line(plugin.install_hint, 500);
  return Error(ErrorKind::unavailable, std::move(what));
}

}  // namespace stackscaler::kube::detail
