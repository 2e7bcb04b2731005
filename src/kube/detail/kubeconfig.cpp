// SPDX-License-Identifier: Apache-2.0
#include "kube/detail/kubeconfig.hpp"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <span>
#include <utility>

#include "kube/detail/base64.hpp"
#include "kube/detail/json.hpp"

namespace stackscaler::kube::detail {

namespace fs = std::filesystem;

struct Entry {
  YAML::Node node;    // a map
  std::string where;  // "/home/me/.kube/config: users[2].user"
  fs::path folder;    // relative paths are from here
};

namespace {

std::unexpected<Error> refuse(const std::string& where, const std::string& what) {
  // Names of a file's entries are in it.
  return fail(ErrorKind::invalid_input, one_line(where + ": " + what, 1500));
}

Result<YAML::Node> load(std::string_view text, const std::string& file) {
  try {
    return YAML::Load(std::string(text));
  } catch (const YAML::Exception& e) {
    return refuse(fmt::format("{}:{}:{}", file, e.mark.line + 1, e.mark.column + 1),
                  "no YAML: " + one_line(e.msg, 200));
  } catch (const std::exception& e) {  // what yaml-cpp lets through of the standard library's
    return refuse(file, std::string("no YAML: ") + e.what());
  }
}

// The text of a field; empty when it is missing or null.
Result<std::string> text_of(const Entry& entry, const std::string& name) {
  const YAML::Node value = entry.node[name];
  if (!value.IsDefined() || value.IsNull()) return std::string();
  if (!value.IsScalar()) return refuse(entry.where + "." + name, "must be a text");
  return value.Scalar();
}

bool given(const Entry& entry, const std::string& name) {
  const YAML::Node value = entry.node[name];
  if (!value.IsDefined() || value.IsNull()) return false;
  if (value.IsScalar()) return !value.Scalar().empty() && value.Scalar() != "false";
  return value.size() != 0;
}

struct Refused {
  const char* field;
  const char* what;
};

Result<void> refuse_fields(const Entry& entry, std::span<const Refused> fields) {
  for (const Refused& one : fields) {
    if (given(entry, one.field)) return refuse(entry.where + "." + one.field, one.what);
  }
  return {};
}

// The decoded *-data field, or the absolute path of the file field.
Result<void> pem_or_file(const Entry& entry, const std::string& name, std::string& pem, std::string& file) {
  auto data = text_of(entry, name + "-data");
  if (!data) return fail(std::move(data).error());
  if (!data->empty()) {
    auto decoded = decode_base64(*data);
    if (!decoded) return refuse(entry.where + "." + name + "-data", "must be base64");
    pem = std::move(*decoded);
    return {};
  }
  auto path = text_of(entry, name);
  if (!path) return fail(std::move(path).error());
  if (!path->empty()) file = (entry.folder / *path).lexically_normal().string();
  return {};
}

Result<void> read_cluster(const Entry& entry, ClusterConfig& config) {
  static constexpr std::array<Refused, 2> kRefused = {{
      {"insecure-skip-tls-verify",
       "is not supported, a server is always verified; put its authority into certificate-authority-data"},
      {"proxy-url", "is not supported; give a server URL that is reached without a proxy"},
  }};
  if (auto ok = refuse_fields(entry, kRefused); !ok) return ok;
  if (auto ok = pem_or_file(entry, "certificate-authority", config.tls.ca_pem, config.tls.ca_file); !ok) return ok;
  auto name = text_of(entry, "tls-server-name");
  if (!name) return fail(std::move(name).error());
  config.tls.server_name = std::move(*name);
  return {};
}

Result<http::Url> server_of(const Entry& entry) {
  auto text = text_of(entry, "server");
  if (!text) return fail(std::move(text).error());
  if (text->empty()) return refuse(entry.where + ".server", "is missing: the API server's URL");
  if (text->find("://") == std::string::npos) *text = "https://" + *text;
  auto url = http::parse_url(*text);
  if (!url) return fail(std::move(url).error().with_context(entry.where + ".server"));
  while (url->path.ends_with('/')) url->path.pop_back();
  return url;
}

Result<void> read_exec_env(const Entry& exec, ExecPlugin& plugin) {
  const YAML::Node list = exec.node["env"];
  if (!list.IsDefined() || list.IsNull()) return {};
  if (!list.IsSequence()) return refuse(exec.where + ".env", "must be a list");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Entry one{list[i], fmt::format("{}.env[{}]", exec.where, i), exec.folder};
    if (!one.node.IsMap()) return refuse(one.where, "must have a name and a value");
    auto name = text_of(one, "name");
    auto value = text_of(one, "value");
    if (!name) return fail(std::move(name).error());
    if (!value) return fail(std::move(value).error());
    if (name->empty() || name->find('=') != std::string::npos || (*name + *value).find('\0') != std::string::npos) {
      return refuse(one.where + ".name", "is no name of an environment variable");
    }
    plugin.env.emplace_back(std::move(*name), std::move(*value));
  }
  return {};
}

Result<void> read_exec_args(const Entry& exec, ExecPlugin& plugin) {
  const YAML::Node list = exec.node["args"];
  if (!list.IsDefined() || list.IsNull()) return {};
  if (!list.IsSequence()) return refuse(exec.where + ".args", "must be a list");
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].IsScalar() || list[i].Scalar().find('\0') != std::string::npos) {
      return refuse(fmt::format("{}.args[{}]", exec.where, i), "must be a text");
    }
    plugin.args.push_back(list[i].Scalar());
  }
  return {};
}

Result<void> read_exec(const Entry& user, ClusterConfig& config) {
  const YAML::Node node = user.node["exec"];
  if (!node.IsDefined() || node.IsNull()) return {};
  const Entry exec{node, user.where + ".exec", user.folder};
  if (!node.IsMap()) return refuse(exec.where, "must be a map");
  ExecPlugin plugin;
  auto version = text_of(exec, "apiVersion");
  auto command = text_of(exec, "command");
  auto hint = text_of(exec, "installHint");
  auto mode = text_of(exec, "interactiveMode");
  for (auto* one : {&version, &command, &hint, &mode}) {
    if (!*one) return fail(std::move(*one).error());
  }
  if (*version != "client.authentication.k8s.io/v1" && *version != "client.authentication.k8s.io/v1beta1") {
    return refuse(exec.where + ".apiVersion",
                  "must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1");
  }
  if (command->empty() || command->find('\0') != std::string::npos) {
    return refuse(exec.where + ".command", "is missing: the program to run");
  }
  if (*mode == "Always") {
    return refuse(exec.where + ".interactiveMode", "Always is not supported: nobody is there to answer a controller");
  }
  plugin.api_version = std::move(*version);
  plugin.install_hint = std::move(*hint);
  plugin.provide_cluster_info = given(exec, "provideClusterInfo");
  plugin.command = std::move(*command);
  // A path with a slash is from the kubeconfig's folder, a bare name is looked up.
  if (plugin.command.find('/') != std::string::npos) {
    plugin.command = (exec.folder / plugin.command).lexically_normal().string();
  }
  if (auto ok = read_exec_args(exec, plugin); !ok) return ok;
  if (auto ok = read_exec_env(exec, plugin); !ok) return ok;
  config.exec = std::move(plugin);
  return {};
}

Result<void> read_user(const Entry& entry, ClusterConfig& config) {
  constexpr const char* kAs = "is not supported; give the user itself, or its own kubeconfig entry, the rights";
  static constexpr std::array<Refused, 7> kRefused = {{
      {"auth-provider", "is not supported (kubectl has removed it too); use an exec plugin"},
      {"as", kAs},
      {"as-uid", kAs},
      {"as-groups", kAs},
      {"as-user-extra", kAs},
      {"username", "is not supported, and API servers no longer take passwords; use a token or a certificate"},
      {"password", "is not supported, and API servers no longer take passwords; use a token or a certificate"},
  }};
  if (auto ok = refuse_fields(entry, kRefused); !ok) return ok;
  std::string key;
  if (auto ok = pem_or_file(entry, "client-certificate", config.tls.certificate_pem, config.tls.certificate_file);
      !ok) {
    return ok;
  }
  if (auto ok = pem_or_file(entry, "client-key", key, config.tls.key_file); !ok) return ok;
  config.tls.key_pem = Secret(std::move(key));
  const bool certificate = !config.tls.certificate_pem.empty() || !config.tls.certificate_file.empty();
  const bool has_key = !config.tls.key_pem.empty() || !config.tls.key_file.empty();
  if (certificate != has_key) {
    return refuse(entry.where,
                  certificate ? "client-certificate needs a client-key" : "client-key needs a client-certificate");
  }
  auto token = text_of(entry, "token");
  if (!token) return fail(std::move(token).error());
  config.token = Secret(std::move(*token));
  auto file = text_of(entry, "tokenFile");
  if (!file) return fail(std::move(file).error());
  if (!file->empty()) config.token_file = (entry.folder / *file).lexically_normal().string();
  return read_exec(entry, config);
}

using Entries = std::map<std::string, std::shared_ptr<const Entry>>;

Result<void> merge_list(Entries& into, const YAML::Node& root, const std::string& list, const std::string& inner,
                        const std::string& file, const fs::path& folder) {
  const YAML::Node entries = root[list];
  if (!entries.IsDefined() || entries.IsNull()) return {};
  if (!entries.IsSequence()) return refuse(file + ": " + list, "must be a list");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string where = fmt::format("{}: {}[{}]", file, list, i);
    const YAML::Node one = entries[i];
    if (!one.IsMap() || !one["name"].IsDefined() || !one["name"].IsScalar()) return refuse(where, "must have a name");
    const YAML::Node value = one[inner];
    std::string inside = fmt::format("{}.{}", where, inner);
    if (value.IsDefined() && !value.IsNull() && !value.IsMap()) return refuse(inside, "must be a map");
    Entry entry{value.IsDefined() && value.IsMap() ? value : YAML::Node(YAML::NodeType::Map), std::move(inside),
                folder};
    into.try_emplace(one["name"].Scalar(), std::make_shared<const Entry>(std::move(entry)));
  }
  return {};
}

std::string names(const Entries& entries) {
  std::string out;
  for (const auto& [name, entry] : entries) {
    if (out.size() > 200) return out + " …";
    out.append(out.empty() ? "" : ", ").append(name);
  }
  return out.empty() ? "none" : out;
}

Result<std::shared_ptr<const Entry>> find(const Entries& entries, const Entry& context, const std::string& field) {
  auto name = text_of(context, field);
  if (!name) return fail(std::move(name).error());
  if (name->empty() && field == "user") return std::make_shared<const Entry>();
  const auto found = entries.find(*name);
  if (found != entries.end()) return found->second;
  return refuse(context.where + "." + field,
                fmt::format("there is no {} '{}' (there are: {})", field, *name, names(entries)));
}

Result<ClusterConfig> choose(const Kubeconfig& merged, const std::string& asked) {
  const std::string& name = asked.empty() ? merged.current_context : asked;
  std::string files;
  for (const std::string& file : merged.files) files.append(files.empty() ? "" : ":").append(file);
  if (name.empty()) {
    return refuse(files, "current-context: is not set; name a context (there are: " + names(merged.contexts) + ")");
  }
  const auto found = merged.contexts.find(name);
  if (found == merged.contexts.end()) {
    return refuse(files, fmt::format("there is no context '{}' (there are: {})", name, names(merged.contexts)));
  }
  const Entry& context = *found->second;
  auto cluster = find(merged.clusters, context, "cluster");
  if (!cluster) return fail(std::move(cluster).error());
  auto user = find(merged.users, context, "user");
  if (!user) return fail(std::move(user).error());
  auto server = server_of(**cluster);
  if (!server) return fail(std::move(server).error());
  ClusterConfig config(std::move(*server));
  if (auto ok = read_cluster(**cluster, config); !ok) return fail(std::move(ok).error());
  if ((*user)->node.IsMap()) {
    if (auto ok = read_user(**user, config); !ok) return fail(std::move(ok).error());
  }
  auto ns = text_of(context, "namespace");
  if (!ns) return fail(std::move(ns).error());
  config.namespace_ = ns->empty() ? "default" : std::move(*ns);
  config.origin = fmt::format("context '{}' of {}", name, files);
  return config;
}

}  // namespace

Result<void> merge_kubeconfig(Kubeconfig& into, std::string_view text, const std::string& file,
                              const fs::path& folder) {
  auto root = load(text, file);
  if (!root) return fail(std::move(root).error());
  into.files.push_back(file);
  if (root->IsNull()) return {};
  if (!root->IsMap()) return refuse(file, "is no kubeconfig: it must be a map with clusters, users and contexts");
  try {
    const YAML::Node current = std::as_const(*root)["current-context"];
    if (into.current_context.empty() && current.IsDefined() && current.IsScalar()) {
      into.current_context = current.Scalar();
    }
    if (auto ok = merge_list(into.clusters, *root, "clusters", "cluster", file, folder); !ok) return ok;
    if (auto ok = merge_list(into.users, *root, "users", "user", file, folder); !ok) return ok;
    return merge_list(into.contexts, *root, "contexts", "context", file, folder);
  } catch (const YAML::Exception& e) {
    return refuse(file, "is no kubeconfig: " + one_line(e.msg, 200));
  }
}

Result<ClusterConfig> choose_context(const Kubeconfig& merged, const std::string& name) {
  try {
    return choose(merged, name);
  } catch (const YAML::Exception& e) {
    return refuse(merged.files.empty() ? "kubeconfig" : merged.files.back(), one_line(e.msg, 200));
  }
}

}  // namespace stackscaler::kube::detail
