// SPDX-License-Identifier: Apache-2.0
//
// FileSource: policies from a folder of *.yaml and *.yml files.
//
// A look is a walk over the folder: files whose device, inode, time or size changed are read and parsed again, and the
// sink is told what differs from before. inotify only says that it is time for a look; without it (a network file
// system, no watches left) the same looks come by the clock, so a missed event delays and changes nothing.
// The folder may itself be a link that is flipped (git-sync), go and come back. Names that start with '.' are passed
// over; links inside are followed inside the folder only; what is not a regular file is not opened. A document with a
// problem is no policy: it is removed from the sink and each problem is logged once, "file:line:column: message". When
// two documents have the same namespace and name, the first file by path has it.
// Errors: load() fails when the folder itself can't be read; watch() logs that, keeps what was known and waits for it.
// Threads: the loop's; the walk and the parsing run on the pool. Lifetime: outlives its load() and watch().
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <memory>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "base/log.hpp"
#include "ports/policy_source.hpp"
#include "source/policy_index.hpp"

namespace stackscaler::source {

namespace detail {
class Catalog;
class Inotify;
struct InotifyCalls;
}  // namespace detail

inline constexpr std::size_t kMaxPolicyFiles = 20'000;

struct FileSourceOptions {
  std::filesystem::path root;
  policy::Defaults defaults;
  Duration rescan = std::chrono::seconds(30);     // the slow look, whatever inotify says
  bool notify = true;                             // false: looks by the clock only
  const detail::InotifyCalls* inotify = nullptr;  // for tests: calls that fail; must outlive the source
};

class FileSource final : public ports::PolicySource {
 public:
  FileSource(boost::asio::any_io_executor executor, BlockingPool& pool, Clock& clock, Logger& logger,
             PolicyIndex& index, FileSourceOptions options);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  [[nodiscard]] boost::asio::awaitable<Result<void>> load(ports::PolicySink& sink) override;
  [[nodiscard]] boost::asio::awaitable<void> watch(ports::PolicySink& sink) override;

  // The folder could be read and no document in it has a problem.
  [[nodiscard]] bool sound() const;

 private:
  [[nodiscard]] boost::asio::awaitable<Result<void>> look(ports::PolicySink& sink);
  // A look, its failure logged once, and watches on what it found; looks again when there was something new to watch.
  [[nodiscard]] boost::asio::awaitable<void> look_and_watch(ports::PolicySink& sink);
  // True when something happened in the folder before `until`.
  [[nodiscard]] boost::asio::awaitable<bool> wait(SteadyTime until);
  void open_inotify(std::string& failed);
  void note_unwatched(const std::string& why);

  boost::asio::any_io_executor executor_;
  BlockingPool& pool_;
  Clock& clock_;
  Logger& logger_;
  PolicyIndex& index_;
  FileSourceOptions options_;
  std::unique_ptr<detail::Catalog> catalog_;
  std::unique_ptr<detail::Inotify> inotify_;  // while watch() runs
  std::string last_failure_;                  // of the folder as a whole, so that it is said once
  bool looked_ = false;                       // at least once
  bool failing_ = false;                      // the last look
  bool from_afar_ = false;
  bool unwatched_ = false;  // inotify does not see everything: look more often
};

}  // namespace stackscaler::source
