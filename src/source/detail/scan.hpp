// SPDX-License-Identifier: Apache-2.0
//
// One walk over a folder of policies, and reading what changed. Blocking; runs on the pool; owns all it touches.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "policy/parse.hpp"
#include "source/detail/watch_list.hpp"

namespace stackscaler::source::detail {

// Equal stamps: the file was not touched in between.
struct Stamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0;
  std::int64_t size = 0;
  [[nodiscard]] static Stamp of(const struct stat& info);
  bool operator==(const Stamp&) const = default;
};

struct FoundFile {
  std::filesystem::path path;  // below the root as given: the file's name for people, the same whatever a link leads to
  std::filesystem::path real;  // below the folder that the root leads to now: what is read
  Stamp stamp;
};

struct Scan {
  std::vector<FoundFile> files;                      // by path
  WatchList watch;                                   // where changes would show
  std::map<std::filesystem::path, std::string> odd;  // what was passed over and why
  bool unsteady = false;                             // something went away during the walk: it may be half of two trees
};

// Walks the folder that `root` leads to now: a link that is flipped meanwhile does not mix two trees. Fails when it
// can't be read.
[[nodiscard]] Result<Scan> scan(const std::filesystem::path& root);

[[nodiscard]] bool is_policy_file_name(const std::filesystem::path& name);

using Stamps = std::map<std::filesystem::path, Stamp>;

struct LookedFile {
  std::filesystem::path path;
  Stamp stamp;
  bool settled = true;                       // false: may have been written to after its stamp; read it again
  std::optional<policy::ParsedFile> parsed;  // absent: as before, or unreadable
  std::string unreadable;                    // why, or ""
};

struct Look {
  std::vector<LookedFile> files;  // by path
  WatchList watch;
  bool from_afar = false;  // other machines may change the folder without inotify hearing of it
  std::map<std::filesystem::path, std::string> odd;
};

// What to watch while the root can't be read.
[[nodiscard]] WatchList way_to(const std::filesystem::path& root);

// Scans and parses the files whose stamp is not the one in `known`. Looks again, a few times, if it was unsteady.
[[nodiscard]] Result<Look> look(const std::filesystem::path& root, const Stamps& known,
                                const policy::Defaults& defaults);

// Reads and parses the file at `real`; `path` is its name in messages, and relative paths in it start there.
[[nodiscard]] Result<policy::ParsedFile> read_policies(const std::filesystem::path& real,
                                                       const std::filesystem::path& path,
                                                       const policy::Defaults& defaults);

}  // namespace stackscaler::source::detail
