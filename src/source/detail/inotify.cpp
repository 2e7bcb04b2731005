// SPDX-License-Identifier: Apache-2.0
#include "source/detail/inotify.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace stackscaler::source::detail {
namespace {

// IN_MODIFY is left out: a file half written is of no use, and the writer's close comes.
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

bool is_of_interest(const inotify_event& event, std::string_view name) {
  if ((event.mask & IN_IGNORED) != 0) return false;  // our own removal of a watch, or after IN_DELETE_SELF
  return !name.starts_with(kOwnFilePrefix);
}

}  // namespace

Result<std::unique_ptr<Inotify>> Inotify::open(const boost::asio::any_io_executor& executor) {
  const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) return fail(ErrorKind::unavailable, std::string("inotify: ") + std::strerror(errno));
  return std::make_unique<Inotify>(executor, fd);
}

bool Inotify::drain() {
  bool interesting = false;
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(descriptor_.native_handle(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return interesting;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(n);) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const char* name = buffer + at + sizeof event;
      interesting = is_of_interest(event, event.len == 0 ? "" : name) || interesting;
      if ((event.mask & IN_IGNORED) != 0) watches_.erase(event.wd);
      at += sizeof event + event.len;
    }
  }
}

// Adding a watch again gives the same number, so the whole set is added each time: a folder that was replaced by
// another of the same name is then watched anew.
Cover Inotify::cover(const std::vector<std::filesystem::path>& folders) {
  Cover out;
  std::set<int> now;
  for (const std::filesystem::path& folder : folders) {
    const int watch = ::inotify_add_watch(descriptor_.native_handle(), folder.c_str(), kEvents);
    if (watch < 0) {
      if (errno == ENOENT || errno == ENOTDIR) continue;  // gone since the look
      out.failed = "cannot watch " + folder.string() + ": " + std::strerror(errno);
      continue;
    }
    out.grew = now.insert(watch).second && !watches_.contains(watch) ? true : out.grew;
  }
  for (const int watch : watches_) {
    if (!now.contains(watch)) ::inotify_rm_watch(descriptor_.native_handle(), watch);
  }
  watches_ = std::move(now);
  return out;
}

}  // namespace stackscaler::source::detail
