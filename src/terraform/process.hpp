// SPDX-License-Identifier: Apache-2.0
//
// ChildProcess: a process of our own that outlives us if it must, and a process that an earlier run has left.
//
// A child gets a session of its own, stdin from /dev/null, stdout and stderr to files (never pipes: a pipe's reader
// that dies kills the writer), default signals and no other descriptor but one: an optional lock, whose flock lives as
// long as the child and what it started. There is no parent-death signal: an apply must reach its end without us.
// Waiting is by pidfd, so it works alike for processes that are not our children; their exit status is then unknown.
// A child is never lost for want of a descriptor: without one it is looked at in /proc every 100 ms.
// Signals go to that one process, never to its group: terraform must be alive to record what its providers did.
// Threads: spawn() and the /proc readers block shortly and may run anywhere; the rest on the executor.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "async/clock.hpp"
#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace stackscaler::terraform {

// A process by what can't be reused: the pid alone can.
struct ProcessId {
  int pid = 0;
  std::uint64_t start = 0;  // /proc/<pid>/stat field 22, clock ticks since boot
  std::string boot_id;
};

struct ChildSpec {
  std::string program;  // absolute
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // "NAME=value"
  std::filesystem::path folder;          // the working directory
  int stdout_fd = -1;                    // both stay the caller's
  int stderr_fd = -1;
  int lock_fd = -1;  // handed on, as descriptor 3; -1: none
};

struct ExitStatus {
  bool known = false;  // false for a process that is not our child
  int code = 0;        // valid when known and signal == 0
  int signal = 0;
  [[nodiscard]] bool success() const { return known && signal == 0 && code == 0; }
};

class ChildProcess {
 public:
  // Starts a child. Blocking, for less than a millisecond.
  [[nodiscard]] static Result<ChildProcess> spawn(boost::asio::any_io_executor executor, const ChildSpec& spec);
  // `with_pidfd` is false in tests of a program that has no descriptor left.
  [[nodiscard]] static Result<ChildProcess> spawn(boost::asio::any_io_executor executor, const ChildSpec& spec,
                                                  bool with_pidfd);
  // Takes over a living process that is not our child; not_found when it is dead or another one by now.
  [[nodiscard]] static Result<ChildProcess> adopt(boost::asio::any_io_executor executor, const ProcessId& id);

  [[nodiscard]] const ProcessId& id() const { return id_; }
  // True once it has ended; false at the time limit. May be called again after false.
  [[nodiscard]] boost::asio::awaitable<bool> wait_for(Clock& clock, Duration limit);
  // After wait_for() was true.
  [[nodiscard]] ExitStatus status();
  // To this process alone; harmless after its end.
  void signal(int number);

 private:
  ChildProcess(boost::asio::any_io_executor executor, ProcessId id, int pidfd, bool ours);
  [[nodiscard]] boost::asio::awaitable<bool> poll_for(Clock& clock, Duration limit);
  [[nodiscard]] bool has_ended() const;
  ProcessId id_;
  bool ours_;
  boost::asio::posix::stream_descriptor pidfd_;  // not open: none was to be had
  std::optional<ExitStatus> status_;
};

[[nodiscard]] std::string boot_id();
[[nodiscard]] std::optional<std::uint64_t> start_time(int pid);
// True while that very process is alive (a zombie is not).
[[nodiscard]] bool alive(const ProcessId& id);

// Living processes with STACKSCALER_OPERATION_ID=`operation` in their environment that are terraform itself, told by
// their sub-command ("apply", "plan", …): providers and provisioners inherit the variable.
struct FoundProcess {
  ProcessId id;
  std::string command;
  std::string operation;         // its id
  std::filesystem::path folder;  // the working directory
};
[[nodiscard]] std::vector<FoundProcess> find_operation(const std::string& operation);
// Those of any operation.
[[nodiscard]] std::vector<FoundProcess> find_operations();

// Anonymous memory as a file, for output that must not reach a disk. Everything that was written, at most `limit`.
[[nodiscard]] Result<Descriptor> memory_file(const char* name);
[[nodiscard]] Result<std::string> read_all(int fd, std::size_t limit);
// A new file of mode 0600, emptied if it is there, closed on exec.
[[nodiscard]] Result<Descriptor> create_private(const std::filesystem::path& path);

}  // namespace stackscaler::terraform
