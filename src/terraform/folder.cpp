// SPDX-License-Identifier: Apache-2.0
#include "terraform/folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::terraform {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxConfigBytes = 16U << 20U;

bool is_configuration(const std::string& name) {
  return !name.starts_with('.') && (name.ends_with(".tf") || name.ends_with(".tf.json") || name.ends_with(".tofu"));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Names of the folder's files, sorted.
Result<std::vector<std::string>> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ec;
  fs::directory_iterator files(folder, ec);
  for (const fs::directory_iterator end; !ec && files != end; files.increment(ec)) {
    names.push_back(files->path().filename().string());
  }
  if (ec)
    return fail(ErrorKind::not_found, "cannot read the Terraform folder " + folder.string() + ": " + ec.message());
  std::sort(names.begin(), names.end());
  return names;
}

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

Result<void> add_configuration(const fs::path& folder, const std::string& prefix, std::string& all) {
  auto names = names_in(folder);
  if (!names) return fail(std::move(names).error());
  for (const std::string& name : *names) {
    if (!is_configuration(name) && name != ".terraform.lock.hcl") continue;
    auto text = read_file(folder / name, kMaxConfigBytes);
    if (!text) return fail(std::move(text).error());
    all += prefix + name + "\n" + sha256_hex(*text) + "\n";
  }
  return {};
}

// Folders of modules with a source of "./x" or "../x", relative to the root module, as the last init listed them. Those
// inside a downloaded module change with that module only.
std::vector<std::string> local_modules(const fs::path& folder) {
  constexpr std::size_t kMost = 200;
  const auto text = read_file(folder / ".terraform" / "modules" / "modules.json", kMaxConfigBytes);
  if (!text) return {};
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("Modules") || !json["Modules"].is_array()) return {};
  std::vector<std::string> found;
  for (const Json& module : json["Modules"]) {
    if (!module.is_object()) continue;
    const std::string source = text_at(module, "Source");
    const std::string dir = text_at(module, "Dir");
    if (!source.starts_with("./") && !source.starts_with("../")) continue;
    if (dir.empty() || dir.starts_with(".terraform/")) continue;
    if (std::find(found.begin(), found.end(), dir) == found.end()) found.push_back(dir);
    if (found.size() == kMost) break;
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::string selected_workspace(const fs::path& folder) {
  auto text = read_file(folder / ".terraform" / "environment", 4096);
  if (!text) return "default";
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  return text->empty() ? "default" : *text;
}

Result<std::string> fingerprint(const fs::path& folder, const std::vector<std::string>& backend_config) {
  std::string all;
  auto added = add_configuration(folder, "", all);
  if (!added) return fail(std::move(added).error());
  for (const std::string& module : local_modules(folder)) {
    // A module that is gone is for init to complain about.
    if (!add_configuration(folder / module, module + "/", all)) all += module + " is gone\n";
  }
  std::error_code ec;
  all += fs::is_directory(folder / ".terraform", ec) ? "initialised" : "bare";
  for (const std::string& setting : backend_config) {
    all += "\nbackend " + setting;
    if (setting.find('=') != std::string::npos) continue;
    auto text = read_file(folder / setting, kMaxConfigBytes);
    if (!text) return fail(std::move(text).error().with_context("spec.stack.backendConfig"));
    all += " " + sha256_hex(*text);
  }
  return sha256_hex(all);
}

std::string config_stamp(const fs::path& folder, const fs::path& template_file) {
  auto names = names_in(folder);
  if (!names) return {};
  std::string all;
  const auto add = [&all](const fs::path& file) {
    const FileStamp stamp = stamp_of(file);
    all += file.string() + " " + std::to_string(stamp.size) + " " + std::to_string(stamp.mtime_ns) + "\n";
  };
  if (!template_file.empty()) add(template_file);
  for (const std::string& name : *names) {
    const bool ours = template_file.empty() ? name == kCountFile : name == "main.tf";
    const bool variables = name.ends_with(".tfvars") || name.ends_with(".tfvars.json");
    if (!ours && (is_configuration(name) || variables || name == ".terraform.lock.hcl")) add(folder / name);
  }
  return sha256_hex(all);
}

Result<bool> declares_variable(const fs::path& folder, const std::string& variable) {
  auto names = names_in(folder);
  if (!names) return fail(std::move(names).error());
  const std::string quoted = "\"" + variable + "\"";
  for (const std::string& name : *names) {
    if (!is_configuration(name)) continue;
    auto text = read_file(folder / name, kMaxConfigBytes);
    if (!text) return fail(std::move(text).error());
    if (name.ends_with(".json")) {
      const Json json = Json::parse(*text, nullptr, false);
      if (json.is_object() && json.contains("variable") && json["variable"].is_object() &&
          json["variable"].contains(variable)) {
        return true;
      }
      continue;
    }
    for (std::size_t at = text->find(quoted); at != std::string::npos; at = text->find(quoted, at + 1)) {
      const std::size_t line = at == 0 ? 0 : text->rfind('\n', at - 1) + 1;  // npos + 1 == 0
      const std::string before = text->substr(line, at - line);
      if (trimmed(before) == "variable") return true;
    }
  }
  return false;
}

std::vector<std::string> overriding_files(const fs::path& folder, const std::string& variable) {
  std::vector<std::string> found;
  const auto names = names_in(folder);
  if (!names) return found;
  for (const std::string& name : *names) {
    if (!name.ends_with(".auto.tfvars") && !name.ends_with(".auto.tfvars.json")) continue;
    if (name <= kCountFile) continue;
    const auto text = read_file(folder / name, kMaxConfigBytes);
    if (text && text->find(variable) != std::string::npos) found.push_back(name);
  }
  return found;
}

Result<void> put_count(const fs::path& folder, const std::string& variable, int count, IfMissing if_missing) {
  const fs::path file = folder / kCountFile;
  Json json = Json::object();
  unsigned mode = 0644;
  auto text = read_file(file, kMaxConfigBytes);
  if (text) {
    json = Json::parse(*text, nullptr, false);
    if (!json.is_object()) {
      return fail(ErrorKind::invalid_input, file.string() + " is no JSON object; correct it or remove it");
    }
    const auto value = json.find(variable);
    if (value != json.end() && value->is_number_integer() && *value == count) return {};
    struct stat info{};
    if (::stat(file.c_str(), &info) == 0) mode = info.st_mode & 07777U;
  } else if (text.error().kind() != ErrorKind::not_found) {
    return fail(std::move(text).error());
  } else if (if_missing == IfMissing::leave) {
    return {};
  }
  json[variable] = count;
  return write_file_atomic(file, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", mode);
}

std::optional<int> read_count(const fs::path& folder, const std::string& variable) {
  const auto text = read_file(folder / kCountFile, 65536);
  if (!text) return std::nullopt;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains(variable)) return std::nullopt;
  return static_cast<int>(number_at(json, variable.c_str()));
}

void sweep(const fs::path& data) {
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(24);
  const auto remove_old = [&](const fs::path& parent, std::initializer_list<std::string_view> prefixes) {
    std::error_code ec;
    std::vector<fs::path> found;
    fs::directory_iterator entries(parent, ec);
    for (const fs::directory_iterator end; !ec && entries != end; entries.increment(ec)) {
      const std::string name = entries->path().filename().string();
      std::error_code ignored;
      if (std::none_of(prefixes.begin(), prefixes.end(), [&](auto prefix) { return name.starts_with(prefix); }))
        continue;
      if (fs::last_write_time(entries->path(), ignored) < old) found.push_back(entries->path());
    }
    for (const fs::path& folder : found) fs::remove_all(folder, ec);
  };
  remove_old(data, {"init-", "doctor-"});
  remove_old(data / "operations", {"plan-"});
}

Result<Descriptor> lock_stack(const fs::path& home) {
  const fs::path file = home / ".stackscaler.lock";
  Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.ok()) return fail(ErrorKind::unavailable, "cannot open " + file.string() + ": " + std::strerror(errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) {
    return fail(ErrorKind::conflict, reason::kStackBusy,
                "another Stackscaler, or a terraform that one has started, works on this stack (" + file.string() +
                    " is locked); nothing was changed");
  }
  return fail(ErrorKind::unavailable, "cannot lock " + file.string() + ": " + std::strerror(errno));
}

FileStamp stamp_of(const fs::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return {};
  FileStamp stamp;
  stamp.mtime_ns = static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
  stamp.size = info.st_size;
  stamp.inode = info.st_ino;
  return stamp;
}

OperationFolder::OperationFolder(const fs::path& data, const std::string& id) : path_(data / "operations" / id) {}

Result<void> OperationFolder::create(std::size_t keep) const {
  std::error_code ec;
  fs::create_directories(path_.parent_path(), ec);
  std::vector<std::pair<fs::file_time_type, fs::path>> others;
  fs::directory_iterator folders(path_.parent_path(), ec);
  for (const fs::directory_iterator end; !ec && folders != end; folders.increment(ec)) {
    std::error_code ignored;
    // Both files go at an operation's end: one of them says that it runs, or waits for its recovery.
    if (fs::exists(folders->path() / "plan.tfplan", ignored)) continue;
    // A count file alone, of a program that died before its journal knew, must not stay for ever: no plan takes a day.
    const auto touched = fs::last_write_time(folders->path(), ignored);
    const bool young = touched > fs::file_time_type::clock::now() - std::chrono::hours(24);
    if (young && fs::exists(folders->path() / "count.tfvars.json", ignored)) continue;
    // The proof that a state lock is ours: the lock may be met days later.
    const bool this_week = touched > fs::file_time_type::clock::now() - std::chrono::hours(24 * 7);
    if (this_week && fs::exists(folders->path() / "lock.json", ignored)) continue;
    others.emplace_back(touched, folders->path());
  }
  std::sort(others.begin(), others.end());
  for (std::size_t i = 0; i + keep < others.size(); ++i) fs::remove_all(others[i].second, ec);
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(ErrorKind::unavailable, "cannot create " + path_.string() + ": " + std::strerror(errno));
  }
  return {};
}

Result<void> OperationFolder::write_facts(const Facts& facts) const {
  const ports::OperationRecord& r = facts.record;
  Json json;
  json["resource"] = facts.resource;
  json["variable"] = facts.variable;
  json["stack"] = r.stack;
  json["folder"] = r.folder;
  json["workspace"] = r.workspace;
  json["requested_by"] = r.requested_by;
  json["from"] = r.from;
  json["to"] = r.to;
  json["reason"] = r.reason;
  json["message"] = r.message;
  json["started"] = r.started.time_since_epoch().count();
  if (!facts.template_file.empty()) json["template"] = facts.template_file;
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return write_file_atomic(path_ / "operation.json", text + "\n", 0600);
}

std::optional<OperationFolder::Facts> OperationFolder::read_facts() const {
  const auto text = read_file(path_ / "operation.json", 65536);
  if (!text) return std::nullopt;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  Facts facts{text_at(json, "resource"), text_at(json, "variable"), {}, text_at(json, "template")};
  if (facts.resource.empty() || facts.variable.empty()) return std::nullopt;
  ports::OperationRecord& r = facts.record;
  r.id = path_.filename().string();
  r.stack = text_at(json, "stack");
  r.folder = text_at(json, "folder");
  r.workspace = text_at(json, "workspace");
  r.requested_by = text_at(json, "requested_by");
  r.from = static_cast<int>(number_at(json, "from"));
  r.to = static_cast<int>(number_at(json, "to"));
  r.reason = text_at(json, "reason");
  r.message = text_at(json, "message");
  r.started = WallTime(std::chrono::milliseconds(number_at(json, "started")));
  return facts;
}

Result<void> OperationFolder::write_environment(const Given& given) const {
  if (given.env.empty() && given.backend_config.empty()) return {};
  Json json = Json::array();
  for (const policy::EnvVariable& variable : given.env) {
    json.push_back({{"name", variable.name}, {"value", variable.value}, {"file", variable.file}});
  }
  for (const std::string& setting : given.backend_config) json.push_back({{"backend", setting}});
  // A byte that is no UTF-8 must not throw; Terraform would not have got it otherwise either.
  return write_file_atomic(environment_file(), json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", 0600);
}

OperationFolder::Given OperationFolder::read_environment() const {
  constexpr std::size_t kMost = 16U << 20U;
  Given given;
  const auto text = read_file(environment_file(), kMost);
  if (!text) return given;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_array()) return given;
  for (const Json& entry : json) {
    if (!entry.is_object()) continue;
    if (entry.contains("backend")) {
      given.backend_config.push_back(text_at(entry, "backend"));
    } else {
      given.env.push_back({text_at(entry, "name"), text_at(entry, "value"), text_at(entry, "file")});
    }
  }
  return given;
}

Result<void> OperationFolder::write_count(const std::string& variable, int count) const {
  Json json;
  json[variable] = count;
  return write_file_atomic(count_file(), json.dump() + "\n", 0600);
}

}  // namespace stackscaler::terraform
