// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>

#include "policy/detail/decode.hpp"
#include "policy/detail/names.hpp"
#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxEntries = 64;
constexpr std::size_t kMaxWordBytes = 4096;
constexpr std::string_view kAddress = "a resource's address without an index, such as aws_instance.app";

void read_stack_path(Fields& f, const Where& where, std::string& out) {
  std::string text;
  const Found at = read_string(f, "path", "the path of a Terraform root module", text);
  if (!at) return;
  if (where.home == Home::cluster) {
    f.problem(*at, "path", "is not for a cluster; name the folder under the stacks root in spec.stack.id");
  } else if (!is_path(text)) {
    f.problem(*at, "path", "must be the path of a Terraform root module");
  } else if (text.starts_with('~')) {
    f.problem(*at, "path", "must not start with ~, which only shells expand; write the folder out");
  } else {
    std::filesystem::path path = (where.folder / text).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "../stacks/web/" is "../stacks/web"
    out = path.string();
  }
}

void read_allow_updates(Fields& f, std::vector<AllowedUpdate>& out) {
  read_mappings(f, "allowUpdates", kMaxEntries, [&](Fields& entry) {
    AllowedUpdate update;
    read_checked(entry, "address", kAddress, is_resource_address, update.address);
    read_strings(entry, "attributes", "an attribute's name", is_terraform_name, update.attributes);
    if (!entry.has("address")) entry.missing("address", "is missing");
    if (!entry.has("attributes")) entry.missing("attributes", "is missing; it lists the attributes that may change");
    entry.finish();
    out.push_back(std::move(update));
  });
}

void read_env(Fields& f, const Where& where, std::vector<EnvVariable>& out) {
  read_mappings(f, "env", kMaxEntries, [&](Fields& entry) {
    EnvVariable variable;
    const Found name =
        read_checked(entry, "name", "the name of an environment variable", is_environment_name, variable.name);
    if (!entry.has("name")) entry.missing("name", "is missing");
    read_checked(entry, "value", "text without line ends, at most 4096 bytes", is_path, variable.value);
    read_file_path(entry, "file", where, variable.file);
    read_secret_ref(entry, "secretRef", where, entry.path("file"), variable.secret);
    const int ways = (entry.has("value") ? 1 : 0) + (entry.has("file") ? 1 : 0) + (entry.has("secretRef") ? 1 : 0);
    if (ways != 1) {
      entry.problems().add(entry.at(), "an entry of spec.stack.env must have exactly one of value, file and secretRef");
    }
    const auto same = [&](const EnvVariable& other) { return other.name == variable.name; };
    if (name && std::any_of(out.begin(), out.end(), same)) {
      entry.problem(*name, "name", fmt::format("'{}' is there twice", variable.name));
    }
    entry.finish();
    out.push_back(std::move(variable));
  });
}

// Unlike in other lists, the same word may come twice.
void read_command(Fields& f, std::vector<std::string>& out) {
  const Node* list = read_list(f, "command");
  if (list == nullptr) return;
  if (list->items.empty() || list->items.size() > kMaxEntries) {
    f.problem(list->at, "command", fmt::format("must have 1 to {} words", kMaxEntries));
    return;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& word = *list->items[i];
    const std::string path = fmt::format("{}[{}]", f.path("command"), i);
    if (!string_value(word, path, "a word of the command", f.problems())) continue;
    if (word.text.size() > kMaxWordBytes) {
      f.problems().add(word.at,
                       fmt::format("{} has {} bytes; at most {} are allowed", path, word.text.size(), kMaxWordBytes));
    }
    out.push_back(word.text);
  }
}

void read_hook(Fields& hooks, std::string_view name, std::optional<Hook>& out) {
  auto f = read_mapping(hooks, name);
  if (!f) return;
  Hook hook;
  read_command(*f, hook.command);
  read_checked(*f, "webhook", "an http:// or https:// URL", is_http_url, hook.webhook);
  read_duration(*f, "timeout", 1s, 1h, hook.timeout);
  if (f->has("command") == f->has("webhook")) {
    f->problems().add(f->at(), fmt::format("spec.stack.hooks.{} must have exactly one of command and webhook", name));
  }
  f->finish();
  out = std::move(hook);
}

}  // namespace

StackRef decode_stack(Fields& f, const Where& where) {
  StackRef out;
  read_checked(f, "id", "a folder's name: letters, digits, '.', '_' and '-', at most 63, no '..'", is_stack_id, out.id);
  read_stack_path(f, where, out.path);
  if (f.has("id") && f.has("path")) {
    f.problems().add(f.at(), "spec.stack has both id and path; exactly one is allowed");
  } else if (!f.has("id") && !f.has("path")) {
    f.problems().add(f.at(), "spec.stack must have id (a folder under the stacks root) or path");
  }
  std::string variable;
  constexpr std::string_view kVariable = "the name of a Terraform variable";
  if (const Found at = read_string(f, "variable", kVariable, variable)) {
    if (!is_terraform_name(variable)) {
      f.problem(*at, "variable", fmt::format("must be {}, got \"{}\"", kVariable, shorten(variable, 60)));
    } else if (is_reserved_variable(variable)) {
      f.problem(*at, "variable", fmt::format("must not be '{}', which Terraform reserves", variable));
    } else {
      out.variable = variable;
    }
  }
  read_checked(f, "resource", kAddress, is_resource_address, out.resource);
  read_strings(f, "dependents", kAddress, is_resource_address, out.dependents);
  read_bool(f, "allowDataLoss", out.allow_data_loss);
  read_checked(f, "workspace", "a Terraform workspace: letters, digits, '.', '_', '~' and '-', at most 90",
               is_workspace, out.workspace);
  read_strings(f, "varFiles", "a file's path, relative to the stack or absolute", is_path, out.var_files);
  read_duration(f, "stateRefresh", 1s, 24h, out.state_refresh);
  read_checked(f, "template", "a file's path, relative to the stack or absolute", is_path, out.template_file);
  if (f.has("template") && f.has("variable")) {
    f.problems().add(f.at(), "spec.stack has both variable and template; at most one is allowed");
  }
  read_allow_updates(f, out.allow_updates);
  read_strings(f, "backendConfig", "a file's path or KEY=VALUE", is_path, out.backend_config);
  read_env(f, where, out.env);
  if (auto hooks = read_mapping(f, "hooks")) {
    read_hook(*hooks, "preScaleIn", out.pre_scale_in);
    read_hook(*hooks, "postScaleOut", out.post_scale_out);
    hooks->finish();
  }
  read_bool(f, "releaseStaleLock", out.release_stale_lock);
  read_duration(f, "planCheck", 1min, 7 * 24h, out.plan_check);
  f.finish();
  return out;
}

}  // namespace stackscaler::policy::detail
