// SPDX-License-Identifier: Apache-2.0
//
// One walk over a folder of policies, and reading what changed. Blocking; runs on the pool; owns all it touches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "policy/parse.hpp"

namespace stackscaler::source::detail {

// Equal stamps: the file was not touched in between.
struct Stamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0;
  std::int64_t size = 0;
  bool operator==(const Stamp&) const = default;
};

struct FoundFile {
  std::filesystem::path path;  // below the root as given
  Stamp stamp;
};

struct Scan {
  std::vector<FoundFile> files;                      // by path
  std::vector<std::filesystem::path> folders;        // whose events matter, those of link targets included
  std::map<std::filesystem::path, std::string> odd;  // what was passed over and why
};

// Fails when the root can't be read.
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
  std::vector<std::filesystem::path> folders;
  std::map<std::filesystem::path, std::string> odd;
};

// Scans and parses the files whose stamp is not the one in `known`.
[[nodiscard]] Result<Look> look(const std::filesystem::path& root, const Stamps& known,
                                const policy::Defaults& defaults);

// Reads and parses one file; `file` is its name in messages.
[[nodiscard]] Result<policy::ParsedFile> read_policies(const std::filesystem::path& path,
                                                       const policy::Defaults& defaults);

}  // namespace stackscaler::source::detail
