// SPDX-License-Identifier: Apache-2.0
#include "source/detail/scan.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>

#include "source/detail/sidecar.hpp"
#include "source/file_source.hpp"

namespace stackscaler::source::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxEntries = 500'000;  // of any kind, in the whole tree

using Identity = std::pair<std::uint64_t, std::uint64_t>;

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::optional<struct stat> stat_of(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [in_folder, in_path] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end();
}

// Control characters in a file's name would forge lines of a log or of validate's output.
bool has_control_character(const std::string& name) {
  return std::any_of(name.begin(), name.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7f; });
}

// One place under its two names.
struct Spot {
  fs::path real;
  fs::path shown;
  [[nodiscard]] Spot operator/(const fs::path& name) const { return {real / name, shown / name}; }
  bool operator<(const Spot& other) const { return shown < other.shown; }
};

// Real folders first, then links, so that a file has its plain path and not one through a link.
class Walk {
 public:
  explicit Walk(fs::path real_root) : real_root_(std::move(real_root)) {}

  std::error_code folder(const Spot& spot) {
    const auto info = stat_of(spot.real);
    if (!info) return {errno, std::generic_category()};
    if (!folders_seen_.insert({info->st_dev, info->st_ino}).second) return {};
    std::error_code ec;
    fs::directory_iterator entries(spot.real, ec);
    if (ec) return ec;
    out_.watch.add_folder(spot.real);
    std::vector<Spot> below;
    for (; entries != fs::directory_iterator(); entries.increment(ec)) {
      if (++entries_seen_ > kMaxEntries) break;
      const fs::path name = entries->path().filename();
      if (name.native().starts_with('.')) continue;
      std::error_code ignored;
      entry(spot / name, entries->symlink_status(ignored).type(), below);
    }
    if (ec) return ec;
    if (fs::exists(spot.real / kSidecarMark, ec)) return {};  // statuses; after the walk, since the mark comes first
    std::sort(below.begin(), below.end());
    for (const Spot& sub : below) sub_folder(sub);
    return {};
  }

  // Folders before files, so that links to files come last of all.
  void links() {
    std::vector<Spot> to_files;
    while (!links_.empty()) {
      std::vector<Spot> links = std::move(links_);
      links_.clear();
      std::sort(links.begin(), links.end());
      for (const Spot& spot : links) {
        std::error_code ignored;
        if (fs::is_directory(spot.real, ignored)) {
          link(spot);
        } else {
          to_files.push_back(spot);
        }
      }
    }
    std::sort(to_files.begin(), to_files.end());
    for (const Spot& spot : to_files) link(spot);
  }

  Scan finish(const fs::path& root) {
    const auto by_path = [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; };
    std::sort(out_.files.begin(), out_.files.end(), by_path);
    if (out_.files.size() > kMaxPolicyFiles || entries_seen_ > kMaxEntries) {
      out_.odd[root] = "holds more than " + std::to_string(kMaxPolicyFiles) + " policy files (or " +
                       std::to_string(kMaxEntries) + " entries); the rest is not read";
      out_.files.resize(std::min(out_.files.size(), kMaxPolicyFiles));
    }
    out_.watch.add_way_to(root);
    return std::move(out_);
  }

 private:
  void entry(const Spot& spot, fs::file_type type, std::vector<Spot>& below) {
    const bool named = is_policy_file_name(spot.shown);
    const bool matters = type == fs::file_type::directory || type == fs::file_type::symlink || named;
    if (matters && has_control_character(spot.shown.filename().native())) {
      odd(spot, "the name holds a control character; it is not read");
    } else if (type == fs::file_type::directory) {
      below.push_back(spot);
    } else if (type == fs::file_type::symlink) {
      links_.push_back(spot);
    } else if (named && type == fs::file_type::regular) {
      file(spot);
    } else if (named && type != fs::file_type::not_found) {
      odd(spot, "is not a regular file and is not read");
    }
  }

  void sub_folder(const Spot& spot) {
    const std::error_code failed = folder(spot);
    if (failed == std::errc::no_such_file_or_directory) {
      out_.unsteady = true;
    } else if (failed) {
      odd(spot, "cannot read the folder: " + failed.message());
    }
  }

  void odd(const Spot& spot, std::string why) { out_.odd[spot.shown] = std::move(why); }

  void file(const Spot& spot) {
    const auto info = stat_of(spot.real);
    if (!info) {
      if (errno == ENOENT) out_.unsteady = true;
      if (errno != ENOENT) odd(spot, std::string("cannot be read: ") + std::strerror(errno));
      return;
    }
    if (!S_ISREG(info->st_mode)) return;  // replaced meanwhile
    const Stamp stamp = Stamp::of(*info);
    files_seen_.insert({stamp.device, stamp.inode});
    out_.files.push_back({spot.shown, spot.real, stamp});
  }

  void link(const Spot& spot) {
    std::error_code ec;
    const bool named = is_policy_file_name(spot.shown);
    const fs::path target = fs::canonical(spot.real, ec);
    const auto info = ec ? std::nullopt : stat_of(target);
    if (!info) {
      if (!named) return;
      const bool missing = !ec || ec == std::errc::no_such_file_or_directory;
      out_.unsteady = out_.unsteady || missing;
      odd(spot, missing ? "the link leads nowhere" : "the link can't be followed: " + ec.message());
      out_.watch.add_way_to(spot.real);
      return;
    }
    const bool wanted = S_ISDIR(info->st_mode) || named;
    if (!wanted) return;
    out_.watch.add_way_to(spot.real);
    if (!is_below(target, real_root_)) {
      odd(spot, "the link leads out of the folder and is not followed");
    } else if (S_ISDIR(info->st_mode)) {
      sub_folder(spot);
    } else if (!S_ISREG(info->st_mode)) {
      odd(spot, "is not a regular file and is not read");
    } else {
      out_.watch.add_folder(target.parent_path());  // where the target would be written to
      if (!files_seen_.contains({info->st_dev, info->st_ino})) file(spot);
    }
  }

  fs::path real_root_;
  Scan out_;
  std::vector<Spot> links_;
  std::set<Identity> folders_seen_;
  std::set<Identity> files_seen_;
  std::size_t entries_seen_ = 0;
};

}  // namespace

Stamp Stamp::of(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino), nanoseconds(info.st_mtim),
          static_cast<std::int64_t>(info.st_size)};
}

bool is_policy_file_name(const fs::path& name) {
  const fs::path extension = name.extension();
  return extension == ".yaml" || extension == ".yml";
}

Result<Scan> scan(const fs::path& root) {
  std::error_code ec;
  fs::path real = fs::canonical(root, ec);
  if (!ec && !fs::is_directory(real, ec) && !ec) ec = std::make_error_code(std::errc::not_a_directory);
  if (!ec) {
    Walk walk(real);
    ec = walk.folder({real, root});
    if (!ec) {
      walk.links();
      Scan out = walk.finish(root);
      out.unsteady = out.unsteady || fs::canonical(root, ec) != real || ec;
      return out;
    }
  }
  const ErrorKind kind = ec == std::errc::no_such_file_or_directory ? ErrorKind::not_found : ErrorKind::unavailable;
  return fail(kind, "cannot read the policies' folder " + root.string() + ": " + ec.message());
}

}  // namespace stackscaler::source::detail
