// SPDX-License-Identifier: Apache-2.0
#include "source/detail/scan.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <set>
#include <system_error>

#include "base/files.hpp"
#include "source/file_source.hpp"

namespace stackscaler::source::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxEntries = 500'000;          // of any kind, in the whole tree
constexpr std::int64_t kSettledAfterNs = 50'000'000;  // above the kernel's time stamp granularity (a tick)

using Identity = std::pair<std::uint64_t, std::uint64_t>;

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::optional<struct stat> stat_of(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

Stamp stamp_of(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino), nanoseconds(info.st_mtim),
          static_cast<std::int64_t>(info.st_size)};
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [in_folder, in_path] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end();
}

// Real folders first, then links, so that a file has its plain path and not one through a link.
class Walk {
 public:
  explicit Walk(fs::path real_root) : real_root_(std::move(real_root)) {}

  std::error_code folder(const fs::path& path) {
    const auto info = stat_of(path);
    if (!info) return {errno, std::generic_category()};
    if (!folders_seen_.insert({info->st_dev, info->st_ino}).second) return {};
    std::error_code ec;
    fs::directory_iterator entries(path, ec);
    if (ec) return ec;
    out_.folders.push_back(path);
    std::vector<fs::path> below;
    for (; entries != fs::directory_iterator(); entries.increment(ec)) {
      if (++entries_seen_ > kMaxEntries) break;
      const fs::path& entry = entries->path();
      if (entry.filename().native().starts_with('.')) continue;
      std::error_code ignored;
      const fs::file_type type = entries->symlink_status(ignored).type();
      if (type == fs::file_type::directory) below.push_back(entry);
      if (type == fs::file_type::symlink) links_.push_back(entry);
      if (type == fs::file_type::regular && is_policy_file_name(entry)) file(entry);
    }
    std::sort(below.begin(), below.end());
    for (const fs::path& sub : below) {
      if (const auto failed = folder(sub)) out_.odd[sub] = "cannot read the folder: " + failed.message();
    }
    return {};
  }

  // Folders before files, so that links to files come last of all.
  void links() {
    std::vector<fs::path> to_files;
    while (!links_.empty()) {
      std::vector<fs::path> links = std::move(links_);
      links_.clear();
      std::sort(links.begin(), links.end());
      for (const fs::path& path : links) {
        std::error_code ignored;
        if (fs::is_directory(path, ignored)) {
          link(path);
        } else {
          to_files.push_back(path);
        }
      }
    }
    std::sort(to_files.begin(), to_files.end());
    for (const fs::path& path : to_files) link(path);
  }

  Scan finish() {
    const auto by_path = [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; };
    std::sort(out_.files.begin(), out_.files.end(), by_path);
    if (out_.files.size() > kMaxPolicyFiles || entries_seen_ > kMaxEntries) {
      out_.odd[real_root_] = "holds more than " + std::to_string(kMaxPolicyFiles) + " policy files (or " +
                             std::to_string(kMaxEntries) + " entries); the rest is not read";
      out_.files.resize(std::min(out_.files.size(), kMaxPolicyFiles));
    }
    return std::move(out_);
  }

 private:
  void file(const fs::path& path) {
    const auto info = stat_of(path);
    if (!info || !S_ISREG(info->st_mode)) return;  // gone meanwhile
    const Stamp stamp = stamp_of(*info);
    files_seen_.insert({stamp.device, stamp.inode});
    out_.files.push_back({path, stamp});
  }

  void link(const fs::path& path) {
    std::error_code ec;
    const fs::path target = fs::canonical(path, ec);
    const auto info = ec ? std::nullopt : stat_of(target);
    if (!info) {
      if (is_policy_file_name(path)) out_.odd[path] = "the link leads nowhere";
      return;
    }
    const bool wanted = S_ISDIR(info->st_mode) || (S_ISREG(info->st_mode) && is_policy_file_name(path));
    if (!wanted) return;
    if (!is_below(target, real_root_)) {
      out_.odd[path] = "the link leads out of the folder and is not followed";
      return;
    }
    if (S_ISDIR(info->st_mode)) {
      if (const auto failed = folder(path)) out_.odd[path] = "cannot read the folder: " + failed.message();
      return;
    }
    out_.folders.push_back(target.parent_path());  // where the target would be replaced
    if (!files_seen_.contains({info->st_dev, info->st_ino})) file(path);
  }

  fs::path real_root_;
  Scan out_;
  std::vector<fs::path> links_;
  std::set<Identity> folders_seen_;
  std::set<Identity> files_seen_;
  std::size_t entries_seen_ = 0;
};

// The kernel's own coarse clock, by which it stamps files; the program's Clock is another and may be a test's.
std::int64_t file_system_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return nanoseconds(now);
}

}  // namespace

bool is_policy_file_name(const fs::path& name) {
  const fs::path extension = name.extension();
  return extension == ".yaml" || extension == ".yml";
}

Result<Scan> scan(const fs::path& root) {
  std::error_code ec;
  const fs::path real = fs::canonical(root, ec);
  if (!ec && !fs::is_directory(real, ec) && !ec) ec = std::make_error_code(std::errc::not_a_directory);
  if (!ec) {
    Walk walk(real);
    ec = walk.folder(root);
    if (!ec) {
      walk.links();
      return walk.finish();
    }
  }
  const ErrorKind kind = ec == std::errc::no_such_file_or_directory ? ErrorKind::not_found : ErrorKind::unavailable;
  return fail(kind, "cannot read the policies' folder " + root.string() + ": " + ec.message());
}

Result<policy::ParsedFile> read_policies(const fs::path& path, const policy::Defaults& defaults) {
  auto text = read_file(path, policy::kMaxPolicyFileBytes);
  if (!text) return fail(std::move(text).error());
  std::error_code ec;
  const fs::path absolute = fs::absolute(path, ec).lexically_normal();
  return policy::parse_policies(*text, path.string(), absolute.parent_path(), defaults);
}

Result<Look> look(const fs::path& root, const Stamps& known, const policy::Defaults& defaults) {
  auto found = scan(root);
  if (!found) return fail(std::move(found).error());
  Look out;
  out.folders = std::move(found->folders);
  out.odd = std::move(found->odd);
  out.files.reserve(found->files.size());
  for (FoundFile& file : found->files) {
    LookedFile looked{std::move(file.path), file.stamp, true, std::nullopt, ""};
    const auto before = known.find(looked.path);
    if (before == known.end() || before->second != looked.stamp) {
      looked.settled = file_system_now() - looked.stamp.modified_ns > kSettledAfterNs;
      auto parsed = read_policies(looked.path, defaults);
      if (parsed) {
        looked.parsed = std::move(*parsed);
      } else if (parsed.error().kind() == ErrorKind::not_found) {
        continue;  // deleted since the walk
      } else {
        looked.unreadable = parsed.error().message();
      }
    }
    out.files.push_back(std::move(looked));
  }
  return out;
}

}  // namespace stackscaler::source::detail
