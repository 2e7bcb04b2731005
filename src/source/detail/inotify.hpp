// SPDX-License-Identifier: Apache-2.0
//
// Inotify: says that something happened in a set of folders, not what. Source: inotify(7).
//
// Threads: descriptor() and drain() on the loop, cover() on the pool, never at the same time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "source/detail/watch_list.hpp"

namespace stackscaler::source::detail {

// The start of the names of our own short-lived files, whose events mean nothing.
inline constexpr std::string_view kOwnFilePrefix = ".stackscaler-";

// The system's calls, so that a test can make them fail. Both return -1 and set errno.
struct InotifyCalls {
  std::function<int()> init;
  std::function<int(int fd, const char* path, std::uint32_t mask)> add_watch;
  [[nodiscard]] static const InotifyCalls& system();
};

struct Cover {
  bool grew = false;   // a folder is watched that was not before
  std::string failed;  // why a folder could not be watched, or ""
};

class Inotify {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Inotify>> open(const boost::asio::any_io_executor& executor,
                                                             const InotifyCalls& calls);
  // `calls` must outlive it.
  Inotify(const boost::asio::any_io_executor& executor, int fd, const InotifyCalls& calls)
      : descriptor_(executor, fd), calls_(calls) {}

  [[nodiscard]] boost::asio::posix::stream_descriptor& descriptor() { return descriptor_; }
  // Takes all events; true if one of them is of interest. A queue overflow is: any may have been lost.
  [[nodiscard]] bool drain();
  // Watches just these folders.
  [[nodiscard]] Cover cover(const WatchList& list);

 private:
  [[nodiscard]] bool is_of_interest(std::uint32_t mask, int watch, std::string_view name) const;

  boost::asio::posix::stream_descriptor descriptor_;
  const InotifyCalls& calls_;
  std::map<int, Interest> watches_;
};

}  // namespace stackscaler::source::detail
