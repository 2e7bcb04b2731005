// SPDX-License-Identifier: Apache-2.0
#include "source/detail/inotify.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace stackscaler::source::detail {
namespace {

// A name of the folder means something else from now on.
constexpr std::uint32_t kReplaced =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
// Or its content does. IN_MODIFY is left out: a file half written is of no use, and the writer's close comes.
constexpr std::uint32_t kEverything = kReplaced | IN_CLOSE_WRITE | IN_ATTRIB;

std::string explain(const std::string& what, int code) {
  std::string text = what + ": " + std::strerror(code);
  if (code == ENOSPC) text += " (no inotify watches are left; raise the sysctl fs.inotify.max_user_watches)";
  if (code == EMFILE) text += " (raise the sysctl fs.inotify.max_user_instances, or the limit of open files)";
  return text;
}

}  // namespace

const InotifyCalls& InotifyCalls::system() {
  static const InotifyCalls calls{
      [] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); },
      [](int fd, const char* path, std::uint32_t mask) { return ::inotify_add_watch(fd, path, mask); }};
  return calls;
}

Result<std::unique_ptr<Inotify>> Inotify::open(const boost::asio::any_io_executor& executor,
                                               const InotifyCalls& calls) {
  const int fd = calls.init();
  if (fd < 0) return fail(ErrorKind::unavailable, explain("inotify", errno));
  return std::make_unique<Inotify>(executor, fd, calls);
}

bool Inotify::is_of_interest(std::uint32_t mask, int watch, std::string_view name) const {
  if ((mask & IN_Q_OVERFLOW) != 0) return true;
  if ((mask & IN_IGNORED) != 0) return false;  // our own removal of a watch, or after IN_DELETE_SELF
  if (name.empty()) return true;               // the folder itself
  if (name.starts_with(kOwnFilePrefix)) return false;
  const auto found = watches_.find(watch);
  if (found == watches_.end() || found->second.everything) return true;
  return found->second.names.contains(std::string(name));
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
      interesting = is_of_interest(event.mask, event.wd, event.len == 0 ? "" : name) || interesting;
      if ((event.mask & IN_IGNORED) != 0) watches_.erase(event.wd);
      at += sizeof event + event.len;
    }
  }
}

// Adding a watch again gives the same number, so the whole set is added each time: a folder that was replaced by
// another of the same name is then watched anew.
Cover Inotify::cover(const WatchList& list) {
  Cover out;
  std::map<int, Interest> now;
  for (const auto& [folder, interest] : list.folders()) {
    const std::uint32_t mask = interest.everything ? kEverything : kReplaced;
    const int watch = calls_.add_watch(descriptor_.native_handle(), folder.c_str(), mask | IN_MASK_ADD);
    if (watch < 0) {
      if (errno == ENOENT || errno == ENOTDIR) continue;      // gone since the look
      if (errno == EACCES && !interest.everything) continue;  // above the policies one may not always look
      out.failed = explain("cannot watch " + folder.string(), errno);
      continue;
    }
    Interest& merged = now[watch];  // one folder may have two paths
    merged.everything = merged.everything || interest.everything;
    merged.names.insert(interest.names.begin(), interest.names.end());
    out.grew = out.grew || !watches_.contains(watch);
  }
  for (const auto& [watch, interest] : watches_) {
    if (!now.contains(watch)) ::inotify_rm_watch(descriptor_.native_handle(), watch);
  }
  watches_ = std::move(now);
  return out;
}

}  // namespace stackscaler::source::detail
