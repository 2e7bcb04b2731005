// SPDX-License-Identifier: Apache-2.0
#include "terraform/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace stackscaler::terraform {
namespace {

namespace asio = boost::asio;

int open_pidfd(int pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (std::string& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// The file actions and attributes of one spawn, freed on every way out.
class SpawnSetup {
 public:
  explicit SpawnSetup(const ChildSpec& spec) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    note(::posix_spawn_file_actions_addchdir_np(&actions, spec.folder.c_str()));
    note(::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0));
    note(::posix_spawn_file_actions_adddup2(&actions, spec.stdout_fd, 1));
    note(::posix_spawn_file_actions_adddup2(&actions, spec.stderr_fd, 2));
    if (spec.lock_fd >= 0) note(::posix_spawn_file_actions_adddup2(&actions, spec.lock_fd, 3));
    note(::posix_spawn_file_actions_addclosefrom_np(&actions, spec.lock_fd >= 0 ? 4 : 3));
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigdelset(&all, SIGKILL);
    ::sigdelset(&all, SIGSTOP);
    ::sigemptyset(&none);
    note(::posix_spawnattr_setsigdefault(&attributes, &all));
    note(::posix_spawnattr_setsigmask(&attributes, &none));
    constexpr int kFlags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    note(::posix_spawnattr_setflags(&attributes, static_cast<short>(kFlags)));
  }
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  int error = 0;

 private:
  void note(int code) {
    if (error == 0) error = code;
  }
};

}  // namespace

ChildProcess::ChildProcess(asio::any_io_executor executor, ProcessId id, int pidfd, bool ours)
    : id_(std::move(id)), ours_(ours), pidfd_(executor) {
  boost::system::error_code ec;
  if (pidfd >= 0) pidfd_.assign(pidfd, ec);
  if (ec) ::close(pidfd);  // the reactor could not take it
}

Result<ChildProcess> ChildProcess::spawn(asio::any_io_executor executor, const ChildSpec& spec) {
  return spawn(std::move(executor), spec, true);
}

Result<ChildProcess> ChildProcess::spawn(asio::any_io_executor executor, const ChildSpec& spec, bool with_pidfd) {
  SpawnSetup setup(spec);
  std::vector<std::string> arguments{spec.program};
  arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
  std::vector<std::string> environment = spec.environment;
  pid_t pid = 0;
  const int code = setup.error != 0 ? setup.error
                                    : ::posix_spawn(&pid, spec.program.c_str(), &setup.actions, &setup.attributes,
                                                    pointers(arguments).data(), pointers(environment).data());
  if (code != 0) {
    return fail(ErrorKind::unavailable,
                "cannot start " + spec.program + " in " + spec.folder.string() + ": " + std::strerror(code));
  }
  // Not reaped before our waitid, so the pid is still that child's.
  const int pidfd = with_pidfd ? open_pidfd(pid) : -1;
  ProcessId id{pid, start_time(pid).value_or(0), boot_id()};
  return ChildProcess(std::move(executor), std::move(id), pidfd, true);
}

Result<ChildProcess> ChildProcess::adopt(asio::any_io_executor executor, const ProcessId& id) {
  const int pidfd = open_pidfd(id.pid);
  // Asked after the descriptor is open: it now holds on to that process and no later one of the same number.
  if (pidfd < 0 || !alive(id)) {
    if (pidfd >= 0) ::close(pidfd);
    return fail(ErrorKind::not_found, "process " + std::to_string(id.pid) + " has ended");
  }
  return ChildProcess(std::move(executor), id, pidfd, false);
}

asio::awaitable<bool> ChildProcess::wait_for(Clock& clock, Duration limit) {
  using asio::experimental::awaitable_operators::operator||;
  co_await asio::this_coro::throw_if_cancelled(false);
  if (!pidfd_.is_open()) co_return co_await poll_for(clock, limit);
  boost::system::error_code ec;
  auto ended =
      pidfd_.async_wait(asio::posix::stream_descriptor::wait_read, asio::redirect_error(asio::use_awaitable, ec));
  auto timer = clock.sleep_for(limit);
  auto first = co_await (std::move(ended) || std::move(timer));
  co_return first.index() == 0 && !ec;
}

asio::awaitable<bool> ChildProcess::poll_for(Clock& clock, Duration limit) {
  constexpr Duration kPause = std::chrono::milliseconds(100);
  const SteadyTime end = clock.steady_now() + limit;
  for (;;) {
    if (has_ended()) co_return true;
    if (clock.steady_now() >= end) co_return false;
    const auto left = std::chrono::ceil<Duration>(end - clock.steady_now());
    (void)co_await clock.sleep_for(std::min(kPause, left));
  }
}

// A child of ours is asked for by its number, which is its own until it is reaped; /proc may be as unreadable as a
// descriptor is unavailable.
bool ChildProcess::has_ended() const {
  if (!ours_) return !alive(id_);
  siginfo_t info{};
  const int code = ::waitid(P_PID, static_cast<id_t>(id_.pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return code != 0 ? errno != EINTR : info.si_pid != 0;
}

ExitStatus ChildProcess::status() {
  if (status_) return *status_;
  ExitStatus status;
  if (ours_) {
    siginfo_t info{};
    const bool by_descriptor = pidfd_.is_open();
    const auto kind = static_cast<idtype_t>(by_descriptor ? P_PIDFD : P_PID);
    const auto who = static_cast<id_t>(by_descriptor ? pidfd_.native_handle() : id_.pid);
    if (::waitid(kind, who, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0) {
      status.known = true;
      (info.si_code == CLD_EXITED ? status.code : status.signal) = info.si_status;
    }
  }
  status_ = status;
  return status;
}

void ChildProcess::signal(int number) {
  if (!pidfd_.is_open()) {
    if (!status_ && !has_ended()) ::kill(id_.pid, number);
    return;
  }
  ::syscall(SYS_pidfd_send_signal, pidfd_.native_handle(), number, nullptr, 0U);
}

Result<Descriptor> memory_file(const char* name) {
  Descriptor file(::memfd_create(name, MFD_CLOEXEC));
  if (!file.ok()) return fail(ErrorKind::internal, std::string("memfd_create: ") + std::strerror(errno));
  return file;
}

Result<std::string> read_all(int fd, std::size_t limit) {
  std::string content;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::pread(fd, buffer, sizeof buffer, static_cast<off_t>(content.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      return fail(ErrorKind::unavailable, std::string("cannot read a child's output: ") + std::strerror(errno));
    if (n == 0) return content;
    content.append(buffer, static_cast<std::size_t>(n));
    if (content.size() > limit) {
      return fail(ErrorKind::invalid_input, "a child printed more than " + std::to_string(limit) + " bytes");
    }
  }
}

Result<Descriptor> create_private(const std::filesystem::path& path) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.ok()) return fail(ErrorKind::unavailable, "cannot create " + path.string() + ": " + std::strerror(errno));
  return file;
}

}  // namespace stackscaler::terraform
