// SPDX-License-Identifier: Apache-2.0
//
// Inotify: says that something happened in a set of folders, not what. Source: inotify(7).
//
// Threads: descriptor() and drain() on the loop, cover() on the pool, never at the same time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace stackscaler::source::detail {

// The start of the names of our own short-lived files, whose events mean nothing.
inline constexpr std::string_view kOwnFilePrefix = ".stackscaler-";

struct Cover {
  bool grew = false;   // a folder is watched that was not before
  std::string failed;  // why a folder could not be watched, or ""
};

class Inotify {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Inotify>> open(const boost::asio::any_io_executor& executor);
  Inotify(const boost::asio::any_io_executor& executor, int fd) : descriptor_(executor, fd) {}

  [[nodiscard]] boost::asio::posix::stream_descriptor& descriptor() { return descriptor_; }
  // Takes all events; true if one of them is of interest. A queue overflow is.
  [[nodiscard]] bool drain();
  // Watches just these folders.
  [[nodiscard]] Cover cover(const std::vector<std::filesystem::path>& folders);

 private:
  boost::asio::posix::stream_descriptor descriptor_;
  std::set<int> watches_;
};

}  // namespace stackscaler::source::detail
