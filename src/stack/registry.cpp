// SPDX-License-Identifier: Apache-2.0
#include "stack/registry.hpp"

#include <algorithm>
#include <cctype>

#include "base/files.hpp"

namespace stackscaler::stack {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFileName = "deploy_metadata.json";
constexpr std::size_t kMaxMetadataBytes = 4U << 20U;

// The path without links, or as it is when it doesn't exist.
fs::path real(const fs::path& path) {
  std::error_code ec;
  fs::path resolved = fs::weakly_canonical(path, ec);
  if (ec) resolved = path.lexically_normal();
  return resolved.has_filename() ? resolved : resolved.parent_path();
}

}  // namespace

bool valid_stack_id(const std::string& id) {
  if (id.empty() || id.size() > 128 || id.front() == '.' || id.front() == '-') return false;
  return std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return (std::isalnum(c) != 0 && c < 128) || c == '.' || c == '_' || c == '-';
  });
}

Registry::Registry(const fs::path& root) : root_(fs::absolute(root).lexically_normal()) {}

bool Registry::contains(const std::string& id) const {
  std::error_code ec;
  return valid_stack_id(id) && fs::exists(root_ / id / kFileName, ec);
}

Result<StackEntry> Registry::load(const std::string& id) const {
  if (!valid_stack_id(id)) return fail(ErrorKind::invalid_input, "'" + id + "' can't be the id of a stack");
  StackEntry entry;
  entry.id = id;
  entry.home = root_ / id;
  const fs::path file = entry.home / kFileName;
  auto text = read_file(file, kMaxMetadataBytes);
  if (!text && text.error().kind() == ErrorKind::not_found) {
    return fail(ErrorKind::not_found, kStackNotAdopted,
                "no stack '" + id + "' under " + root_.string() +
                    "; take in its Terraform folder with: stackscaler stack adopt PATH --id " + id);
  }
  if (!text) return fail(std::move(text).error());
  auto metadata = parse_metadata(*text);
  if (!metadata) return fail(std::move(metadata).error().with_context(file.string()));
  entry.metadata = std::move(*metadata);
  entry.folder = entry.home;
  if (entry.metadata.terraform && !entry.metadata.terraform->folder.empty()) {
    entry.folder = entry.metadata.terraform->folder;
  }
  return entry;
}

Result<void> Registry::save(const StackEntry& entry) const {
  auto text = render_metadata(entry.metadata);
  if (!text) return fail(std::move(text).error());
  std::error_code ec;
  fs::create_directories(entry.home, ec);
  if (ec) return fail(ErrorKind::unavailable, "cannot create " + entry.home.string() + ": " + ec.message());
  return write_file_atomic(entry.home / kFileName, *text, 0600);
}

Result<std::vector<ListedStack>> Registry::list() const {
  std::vector<ListedStack> stacks;
  std::error_code ec;
  fs::directory_iterator folders(root_, ec);
  if (ec == std::errc::no_such_file_or_directory) return stacks;
  if (ec) return fail(ErrorKind::unavailable, "cannot list " + root_.string() + ": " + ec.message());
  for (const fs::directory_iterator end; folders != end; folders.increment(ec)) {
    const std::string id = folders->path().filename().string();
    if (!contains(id)) continue;
    ListedStack listed;
    listed.id = id;
    auto entry = load(id);
    if (entry) {
      listed.entry = std::move(*entry);
    } else {
      listed.problem = entry.error().message();
    }
    stacks.push_back(std::move(listed));
    if (ec) return fail(ErrorKind::unavailable, "cannot list " + root_.string() + ": " + ec.message());
  }
  std::sort(stacks.begin(), stacks.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return stacks;
}

Result<StackEntry> Registry::find(const StackName& name) const {
  if (!name.id.empty()) return load(name.id);
  const fs::path wanted = real(name.path);
  auto stacks = list();
  if (!stacks) return fail(std::move(stacks).error());
  for (ListedStack& listed : *stacks) {
    if (!listed.entry || real(listed.entry->folder) != wanted) continue;
    const auto& record = listed.entry->metadata.terraform;
    // One folder may hold several workspaces, each a stack of its own.
    if (!record || record->workspace == name.workspace) return std::move(*listed.entry);
  }
  return fail(ErrorKind::not_found, kStackNotAdopted,
              "the Terraform folder " + wanted.string() + " (workspace " + name.workspace +
                  ") was never taken in; run: stackscaler stack adopt " + wanted.string() + " --id ID");
}

}  // namespace stackscaler::stack
