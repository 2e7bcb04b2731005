// SPDX-License-Identifier: Apache-2.0
//
// ServerProcess: a real server program on a loopback port, for tests; PrometheusProcess and MotoProcess are made of it.
//
// It is ended by its id in stop() and in the destructor, and dies with the test program. What it prints goes to a file.
// Blocking: call it outside of the loop.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace stackscaler::test {

// A port that nothing listens on now; somebody may take it before it is used.
[[nodiscard]] int free_port();

// One HTTP/1.0 exchange with 127.0.0.1:port on a connection of its own: the whole answer, at most 4 MiB, or "".
[[nodiscard]] std::string exchange(int port, const std::string& request, Duration patience);

class ServerProcess {
 public:
  // How long it may take to get ready, and to end after SIGTERM.
  ServerProcess(std::filesystem::path log, Duration ready_within, Duration end_within)
      : log_(std::move(log)), ready_within_(ready_within), end_within_(end_within) {}
  ~ServerProcess() { stop(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Starts arguments[0] (a path, or a name on the PATH); returns when `ready` says so.
  [[nodiscard]] Result<void> launch(const std::vector<std::string>& arguments, const std::function<bool()>& ready);
  // The same on a free port, tried again where somebody has taken that meanwhile; gives the port.
  [[nodiscard]] Result<int> launch_on_free_port(const std::function<Result<void>(int port)>& launch_on);
  void stop();
  // Ends it at once, without a word to it.
  void kill();
  // Of the running process, or -1.
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string log() const;

 private:
  [[nodiscard]] bool alive();

  std::filesystem::path log_;
  Duration ready_within_;
  Duration end_within_;
  pid_t pid_ = -1;
};

}  // namespace stackscaler::test
