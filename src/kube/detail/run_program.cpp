// SPDX-License-Identifier: Apache-2.0
#include "kube/detail/run_program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#include "base/descriptor.hpp"

extern char** environ;

namespace stackscaler::kube::detail {

namespace asio = boost::asio;

namespace {

constexpr off_t kMaxOutput = off_t{1} << 20U;

// Anonymous memory of kMaxOutput bytes that can't grow: a write beyond it fails.
Result<Descriptor> bounded_memory() {
  Descriptor file(::memfd_create("stackscaler-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.ok() || ::ftruncate(file.get(), kMaxOutput) != 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
    return fail(ErrorKind::unavailable, std::string("memory for a program's output: ") + std::strerror(errno));
  }
  return file;
}

// The child shares the file's offset, so that is how much it has written.
std::string written(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_CUR);
  std::string out(size > 0 ? static_cast<std::size_t>(std::min(size, kMaxOutput)) : 0, '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t count = ::pread(fd, out.data() + have, out.size() - have, static_cast<off_t>(have));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    have += static_cast<std::size_t>(count);
  }
  out.resize(have);
  return out;
}

std::vector<std::string> merged_environment(const std::vector<std::pair<std::string, std::string>>& over) {
  std::vector<std::string> out;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view entry = *at;
    const std::string_view name = entry.substr(0, entry.find('='));
    const auto replaced = [name](const auto& one) { return one.first == name; };
    if (std::none_of(over.begin(), over.end(), replaced)) out.emplace_back(entry);
  }
  for (const auto& [name, value] : over) out.push_back(std::string(name).append("=").append(value));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (std::string& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

class SpawnSetup {
 public:
  SpawnSetup(int out, int err) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    note(::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0));
    note(::posix_spawn_file_actions_adddup2(&actions, out, 1));
    note(::posix_spawn_file_actions_adddup2(&actions, err, 2));
    note(::posix_spawn_file_actions_addclosefrom_np(&actions, 3));
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigdelset(&all, SIGKILL);
    ::sigdelset(&all, SIGSTOP);
    ::sigemptyset(&none);
    note(::posix_spawnattr_setsigdefault(&attributes, &all));
    note(::posix_spawnattr_setsigmask(&attributes, &none));
    note(::posix_spawnattr_setpgroup(&attributes, 0));
    constexpr int kFlags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
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

// A child that is killed with its group and reaped on every way out. Its number is its own until it is reaped.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    int ignored = 0;
    while (::waitpid(pid_, &ignored, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // After its end; what it has started and left goes with it.
  int reap() {
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

Result<pid_t> spawn(const Program& program, int out, int err) {
  SpawnSetup setup(out, err);
  std::vector<std::string> arguments(1, program.command);
  arguments.insert(arguments.end(), program.args.begin(), program.args.end());
  std::vector<std::string> environment = merged_environment(program.env);
  pid_t pid = 0;
  const int code = setup.error != 0 ? setup.error
                                    : ::posix_spawnp(&pid, program.command.c_str(), &setup.actions, &setup.attributes,
                                                     pointers(arguments).data(), pointers(environment).data());
  if (code == 0) return pid;
  const bool missing = code == ENOENT || code == ENOTDIR;
  return fail(missing ? ErrorKind::not_found : ErrorKind::unavailable,
              "cannot start " + program.command + ": " + std::strerror(code));
}

}  // namespace

asio::awaitable<Result<ProgramResult>> run_program(Clock& clock, Program program) {
  using asio::experimental::awaitable_operators::operator||;
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto executor = co_await asio::this_coro::executor;
  auto out = bounded_memory();
  if (!out) co_return fail(std::move(out).error());
  auto err = bounded_memory();
  if (!err) co_return fail(std::move(err).error());
  auto pid = spawn(program, out->get(), err->get());
  if (!pid) co_return fail(std::move(pid).error());
  Child child(*pid);
  asio::posix::stream_descriptor ended(executor);
  boost::system::error_code ec;
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0U));
  if (pidfd < 0) co_return fail(ErrorKind::unavailable, std::string("pidfd_open: ") + std::strerror(errno));
  ended.assign(pidfd, ec);
  if (ec) {
    ::close(pidfd);
    co_return fail(ErrorKind::unavailable, "cannot wait for " + program.command + ": " + ec.message());
  }
  auto end = ended.async_wait(asio::posix::stream_descriptor::wait_read, asio::redirect_error(asio::use_awaitable, ec));
  auto timer = clock.sleep_for(program.deadline);
  const auto first = co_await (std::move(end) || std::move(timer));
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return fail(ErrorKind::cancelled, "stopping");
  if (first.index() != 0 || ec) {
    co_return fail(ErrorKind::timeout,
                   program.command + " has not ended within " + format_duration(program.deadline) + " and was killed");
  }
  ProgramResult result;
  result.exit_code = child.reap();
  result.out = written(out->get());
  result.err = written(err->get());
  co_return result;
}

}  // namespace stackscaler::kube::detail
