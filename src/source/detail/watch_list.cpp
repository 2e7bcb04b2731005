// SPDX-License-Identifier: Apache-2.0
#include "source/detail/watch_list.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <list>

namespace stackscaler::source::detail {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;

// Not in every version of linux/magic.h.
constexpr std::array<unsigned long, 7> kOtherRemote{
    0xFE534D42,  // SMB2
    0xFF534D42,  // CIFS
    0x00C36400,  // Ceph
    0x0BD00BD0,  // Lustre
    0x01161970,  // GFS2
    0x65735546,  // FUSE, virtiofs among it: whether changes are heard of depends on what is behind
    0x47504653,  // GPFS
};

}  // namespace

void WatchList::add_way_to(const fs::path& path) {
  std::error_code ec;
  const fs::path absolute = fs::absolute(path, ec);
  if (ec) return;
  std::list<fs::path> ahead(absolute.begin(), absolute.end());
  fs::path at = "/";
  int links = 0;
  while (!ahead.empty()) {
    const fs::path name = std::move(ahead.front());
    ahead.pop_front();
    if (name.empty() || name == "." || name == "/") continue;
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    const fs::path next = at / name;
    const fs::file_type type = fs::symlink_status(next, ec).type();
    // Nobody replaces a folder at the top of the system, and its other names are busy.
    if (type != fs::file_type::directory || at != "/") folders_[at].names.insert(name.string());
    if (type == fs::file_type::symlink) {
      const fs::path target = fs::read_symlink(next, ec);
      if (ec || ++links > kMaxLinks) return;
      ahead.insert(ahead.begin(), target.begin(), target.end());
      if (target.is_absolute()) at = "/";
      continue;
    }
    if (type != fs::file_type::directory) return;  // the end, or it is missing
    at = next;
  }
}

bool is_changed_from_afar(long file_system_type) {
  const auto type = static_cast<unsigned long>(file_system_type) & 0xFFFFFFFFUL;
  if (type == NFS_SUPER_MAGIC || type == SMB_SUPER_MAGIC || type == CODA_SUPER_MAGIC || type == AFS_SUPER_MAGIC ||
      type == V9FS_MAGIC || type == OCFS2_SUPER_MAGIC) {
    return true;
  }
  return std::find(kOtherRemote.begin(), kOtherRemote.end(), type) != kOtherRemote.end();
}

bool is_changed_from_afar(const fs::path& path) {
  struct statfs info{};
  return ::statfs(path.c_str(), &info) == 0 && is_changed_from_afar(static_cast<long>(info.f_type));
}

}  // namespace stackscaler::source::detail
