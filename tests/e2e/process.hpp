// SPDX-License-Identifier: Apache-2.0
//
// Process: the program under test as a process of its own, its output in files. Ended by its id in the destructor:
// SIGTERM, then SIGKILL when it does not go.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace stackscaler::e2e {

class Process {
 public:
  // Standard output replaces `out`, standard error is added to `err`.
  Process(const std::vector<std::string>& arguments, const std::filesystem::path& out,
          const std::filesystem::path& err);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  // The exit code, or 128 + signal; -1 when it is not gone after 60 s.
  int wait();
  [[nodiscard]] bool running() const { return pid_ > 0; }

 private:
  pid_t pid_ = -1;
};

// The whole file, or "" when it can't be read.
[[nodiscard]] std::string slurp(const std::filesystem::path& path);

}  // namespace stackscaler::e2e
