// SPDX-License-Identifier: Apache-2.0
//
// WatchList: which folders to watch, and for which names, so that no replacement of what a path leads to goes unseen.
//
// A folder of policies is watched for every name. The way to it is watched for the names that it goes through: each
// folder above it (a deployment renames a whole checkout), each symbolic link in the path (git-sync flips one, a
// ConfigMap's mount flips `..data`), and, where the path ends early, the name that is missing. What it is not: inotify
// itself (detail/inotify.hpp). Source of the walk: path_resolution(7), at most 40 links. Blocking. Any thread.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace stackscaler::source::detail {

struct Interest {
  bool everything = false;      // every name in the folder
  std::set<std::string> names;  // else these
};

class WatchList {
 public:
  void add_folder(const std::filesystem::path& folder) { folders_[folder].everything = true; }
  // Every place where a name of this path could come to mean something else.
  void add_way_to(const std::filesystem::path& path);

  [[nodiscard]] const std::map<std::filesystem::path, Interest>& folders() const { return folders_; }

 private:
  std::map<std::filesystem::path, Interest> folders_;
};

// True for file systems (statfs(2), f_type) that other machines change without inotify hearing of it.
[[nodiscard]] bool is_changed_from_afar(long file_system_type);
[[nodiscard]] bool is_changed_from_afar(const std::filesystem::path& path);

}  // namespace stackscaler::source::detail
