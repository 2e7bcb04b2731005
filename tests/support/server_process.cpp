// SPDX-License-Identifier: Apache-2.0
#include "support/server_process.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace stackscaler::test {

using namespace std::chrono_literals;

namespace {

constexpr int kTries = 3;
constexpr std::size_t kAnswerLimit = 4U << 20U;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// In the child: its output to the log, its death with the test program's.
[[noreturn]] void become(const std::vector<char*>& argv, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::dup2(log, 1);
  ::dup2(log, 2);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = fd >= 0 && ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0;
  if (fd >= 0) ::close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

std::string exchange(int port, const std::string& request, Duration patience) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "";
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(patience).count();
  const timeval limit{seconds, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const sockaddr_in address = loopback(port);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char buffer[8192];
    for (ssize_t n = 0; answer.size() < kAnswerLimit && (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(n));
    }
  }
  ::close(fd);
  return answer;
}

Result<void> ServerProcess::launch(const std::vector<std::string>& arguments, const std::function<bool()>& ready) {
  std::vector<char*> argv;
  for (const std::string& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
  argv.push_back(nullptr);
  const int log = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(argv, log, parent);
  if (log >= 0) ::close(log);
  if (pid_ < 0) return fail(ErrorKind::unavailable, "fork: " + std::string(std::strerror(errno)));
  const auto give_up = std::chrono::steady_clock::now() + ready_within_;
  while (std::chrono::steady_clock::now() < give_up) {
    if (!alive()) return fail(ErrorKind::unavailable, arguments[0] + " ended at its start:\n" + this->log());
    if (ready()) return {};
    std::this_thread::sleep_for(50ms);
  }
  stop();
  return fail(ErrorKind::timeout, arguments[0] + " did not get ready:\n" + this->log());
}

Result<int> ServerProcess::launch_on_free_port(const std::function<Result<void>(int port)>& launch_on) {
  Result<void> launched;
  for (int i = 0; i < kTries; ++i) {
    const int port = free_port();
    launched = launch_on(port);
    if (launched) return port;
  }
  return fail(std::move(launched).error());
}

bool ServerProcess::alive() {
  if (pid_ <= 0) return false;
  if (::waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

void ServerProcess::stop() {
  if (!alive()) return;
  ::kill(pid_, SIGTERM);
  const auto give_up = std::chrono::steady_clock::now() + end_within_;
  while (alive()) {
    if (std::chrono::steady_clock::now() > give_up) {
      kill();
      return;
    }
    std::this_thread::sleep_for(20ms);
  }
}

void ServerProcess::kill() {
  if (!alive()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string ServerProcess::log() const {
  std::ostringstream text;
  text << std::ifstream(log_).rdbuf();
  return text.str();
}

}  // namespace stackscaler::test
