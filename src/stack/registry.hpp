// SPDX-License-Identifier: Apache-2.0
//
// Registry: the stacks that the program may touch, one folder each under a root (`.infra/work`), each with a
// deploy_metadata.json. In a cluster the folders of a namespace's stacks are in a folder of the namespace's name, and
// their ids are "namespace/name".
//
// What it is: reading and writing those files, and finding the stack that a policy names. What it is not: a lock; who
// writes must hold the stack's lock. Errors: StackNotAdopted (with the command to run) when there is no such stack.
// Threads: blocking; call from the blocking pool. It holds no state but the root, so calls may run side by side.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "stack/metadata.hpp"

namespace stackscaler::stack {

// The reason of a stack that is not in the registry; policy/reasons.hpp has the same word.
inline constexpr std::string_view kStackNotAdopted = "StackNotAdopted";
// Of a stack whose folder is not where a confined registry lets it be.
inline constexpr std::string_view kStackOutsideRoot = "StackOutsideRoot";

// What a policy says of its stack. One of id and path is set.
struct StackName {
  std::string id;
  std::string path;
  std::string workspace = "default";
};

struct StackEntry {
  std::string id;
  std::filesystem::path home;    // <root>/<id>: metadata and lock file
  std::filesystem::path folder;  // the Terraform root module; equals home unless the metadata names another
  Metadata metadata;
};

struct ListedStack {
  std::string id;
  std::optional<StackEntry> entry;
  std::string problem;  // why there is no entry
};

class Registry {
 public:
  explicit Registry(const std::filesystem::path& root);

  // From now on a stack "namespace/name" loads only if its Terraform folder is really within the namespace's folder,
  // links followed. For a cluster, where whoever writes into a stack's folder must not reach another's.
  void confine() { confined_ = true; }

  // Every sub-folder with metadata, and those within a sub-folder without, by id. A broken one is listed with its
  // problem and hides no other.
  [[nodiscard]] Result<std::vector<ListedStack>> list() const;
  [[nodiscard]] Result<StackEntry> load(const std::string& id) const;
  // Creates the folder if need be; the file is replaced as a whole, mode 0600.
  [[nodiscard]] Result<void> save(const StackEntry& entry) const;
  // By id, or by the real path of the root module.
  [[nodiscard]] Result<StackEntry> find(const StackName& name) const;

  [[nodiscard]] bool contains(const std::string& id) const;
  [[nodiscard]] std::filesystem::path home_of(const std::string& id) const { return root_ / id; }
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

 private:
  [[nodiscard]] ListedStack listed(const std::string& id) const;

  std::filesystem::path root_;
  bool confined_ = false;
};

// A folder's name: letters, digits, '.', '_' and '-', not starting with '.' or '-', at most 128 characters. Or two of
// them with a '/' between: "namespace/name".
[[nodiscard]] bool valid_stack_id(const std::string& id);

}  // namespace stackscaler::stack
