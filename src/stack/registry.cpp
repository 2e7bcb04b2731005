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

bool valid_part(std::string_view id) {
  if (id.empty() || id.size() > 128 || id.front() == '.' || id.front() == '-') return false;
  return std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return (std::isalnum(c) != 0 && c < 128) || c == '.' || c == '_' || c == '-';
  });
}

// The names of the folders in `folder` that can be a part of an id; nothing when there is no such folder.
Result<std::vector<std::string>> parts_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ec;
  fs::directory_iterator folders(folder, ec);
  if (ec == std::errc::no_such_file_or_directory) return names;
  for (const fs::directory_iterator end; !ec && folders != end; folders.increment(ec)) {
    std::string name = folders->path().filename().string();
    std::error_code ignored;
    if (valid_part(name) && folders->is_directory(ignored)) names.push_back(std::move(name));
  }
  if (ec) return fail(ErrorKind::unavailable, "cannot list " + folder.string() + ": " + ec.message());
  return names;
}

}  // namespace

bool valid_stack_id(const std::string& id) {
  const std::size_t slash = id.find('/');
  if (slash == std::string::npos) return valid_part(id);
  return valid_part(std::string_view(id).substr(0, slash)) && valid_part(std::string_view(id).substr(slash + 1));
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
  const std::size_t slash = id.find('/');
  if (confined_ && slash != std::string::npos) {
    const fs::path allowed = real(root_) / id.substr(0, slash) / "";
    if (!(real(entry.folder) / "").string().starts_with(allowed.string())) {
      return fail(ErrorKind::invalid_input, kStackOutsideRoot,
                  "the folder of stack '" + id + "' leads out of " + allowed.string() +
                      "; in a cluster a stack's Terraform folder lies within its namespace's");
    }
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

ListedStack Registry::listed(const std::string& id) const {
  ListedStack out;
  out.id = id;
  auto entry = load(id);
  if (entry) {
    out.entry = std::move(*entry);
  } else {
    out.problem = entry.error().message();
  }
  return out;
}

Result<std::vector<ListedStack>> Registry::list() const {
  std::vector<ListedStack> stacks;
  auto names = parts_in(root_);
  if (!names) return fail(std::move(names).error());
  for (const std::string& name : *names) {
    if (contains(name)) {
      stacks.push_back(listed(name));
      continue;
    }
    // A folder that can't be read is somebody else's: it hides no stack of ours.
    const auto inner = parts_in(root_ / name);
    if (!inner) continue;
    const std::string prefix = name + "/";
    for (const std::string& part : *inner) {
      const std::string id = std::string(prefix).append(part);
      if (contains(id)) stacks.push_back(listed(id));
    }
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
