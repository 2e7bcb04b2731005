// SPDX-License-Identifier: Apache-2.0
#include "terraform/backend.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/files.hpp"

namespace stackscaler::terraform {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxStateBytes = 16U << 20U;

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

fs::path local_state(const fs::path& folder, const std::string& workspace, const std::string& path,
                     const std::string& workspace_dir) {
  if (workspace == "default") return (folder / (path.empty() ? "terraform.tfstate" : path)).lexically_normal();
  const fs::path dir = workspace_dir.empty() ? "terraform.tfstate.d" : workspace_dir;
  return (folder / dir / workspace / "terraform.tfstate").lexically_normal();
}

// Terraform 1.11's backends (its documentation, "Backend Type"). Those that are not listed do not lock.
bool locks_state(const std::string& kind, const Json& settings) {
  constexpr std::array<std::string_view, 10> kAlways{"local", "remote", "cloud",      "azurerm", "consul",
                                                     "gcs",   "cos",    "kubernetes", "pg",      "inmem"};
  if (std::find(kAlways.begin(), kAlways.end(), kind) != kAlways.end()) {
    // consul alone lets it be switched off.
    const auto lock = settings.find("lock");
    return kind != "consul" || lock == settings.end() || !lock->is_boolean() || lock->get<bool>();
  }
  const auto given = [&](const char* name) {
    const auto found = settings.find(name);
    return found != settings.end() && ((found->is_string() && !found->get_ref<const std::string&>().empty()) ||
                                       (found->is_boolean() && found->get<bool>()));
  };
  if (kind == "s3") return given("use_lockfile") || given("dynamodb_table");
  if (kind == "http") return given("lock_address");
  if (kind == "oss") return given("tablestore_endpoint") && given("tablestore_table");
  return false;
}

}  // namespace

Result<Backend> backend_of(const fs::path& folder, const std::string& workspace) {
  Backend backend;
  backend.state_file = local_state(folder, workspace, "", "");
  const fs::path file = folder / ".terraform" / "terraform.tfstate";
  auto text = read_file(file, kMaxStateBytes);
  if (!text && text.error().kind() == ErrorKind::not_found) return backend;
  if (!text) return fail(std::move(text).error());
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return fail(ErrorKind::invalid_input, file.string() + " is no JSON; run: terraform init");
  const auto entry = json.find("backend");
  if (entry == json.end() || !entry->is_object()) return backend;
  const std::string kind = text_at(*entry, "type");
  if (kind.empty()) return backend;
  backend.kind = kind;
  const auto config = entry->find("config");
  const Json settings = config != entry->end() && config->is_object() ? *config : Json::object();
  backend.state_file =
      kind == "local" ? local_state(folder, workspace, text_at(settings, "path"), text_at(settings, "workspace_dir"))
                      : fs::path();
  backend.locks = locks_state(kind, settings);
  return backend;
}

}  // namespace stackscaler::terraform
