// SPDX-License-Identifier: Apache-2.0
#include "source/detail/git.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string_view>
#include <thread>
#include <vector>

#include "base/files.hpp"

namespace stackscaler::source::detail {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kMaxWaits = 1000;  // of kWait: how long git may take
constexpr auto kWait = 5ms;
constexpr std::size_t kMaxDotGit = 8192;  // bytes of a `.git` file
constexpr std::size_t kMaxAnswers = 50'000;

// The nearest `.git` above the file.
std::optional<fs::path> dot_git_above(const fs::path& file) {
  for (fs::path folder = file.parent_path();; folder = folder.parent_path()) {
    std::error_code ec;
    fs::path dot_git = folder / ".git";
    if (fs::exists(dot_git, ec)) return dot_git;
    if (!folder.has_relative_path()) return std::nullopt;
  }
}

fs::path index_of(const fs::path& dot_git) {
  std::error_code ec;
  if (fs::is_directory(dot_git, ec)) return dot_git / "index";
  const auto text = read_file(dot_git, kMaxDotGit);
  constexpr std::string_view kKey = "gitdir: ";
  if (!text || !text->starts_with(kKey)) return {};
  std::string folder = text->substr(kKey.size());
  while (folder.ends_with('\n') || folder.ends_with('\r')) folder.pop_back();
  return dot_git.parent_path() / folder / "index";
}

// The environment without what would send git elsewhere.
std::vector<std::string> clean_environment() {
  std::vector<std::string> out{"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0"};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!text.starts_with("GIT_") && !text.starts_with("LC_ALL=")) out.emplace_back(text);
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

// The exit code, or -1 when there was none.
int exit_code_of(std::vector<std::string> words) {
  std::vector<std::string> environment = clean_environment();
  std::vector<char*> argv = pointers(words);
  std::vector<char*> envp = pointers(environment);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int fd : {0, 1, 2}) {
    ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
  }
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, words.front().c_str(), &actions, nullptr, argv.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return -1;
  int status = 0;
  for (int i = 0; ::waitpid(pid, &status, WNOHANG) == 0; ++i) {
    if (i == kMaxWaits) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(kWait);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::optional<Stamp> stamp_of_index(const fs::path& index) {
  struct stat info{};
  if (index.empty() || ::stat(index.c_str(), &info) != 0) return std::nullopt;
  return Stamp::of(info);
}

}  // namespace

bool GitTracking::tracks(const fs::path& file) {
  const auto dot_git = dot_git_above(file);
  if (!dot_git) return false;
  const auto index = stamp_of_index(index_of(*dot_git));
  const auto known = answers_.find(file);
  if (known != answers_.end() && known->second.dot_git == *dot_git && known->second.index == index) {
    return known->second.tracked;
  }
  // A file system monitor is a program of the repository's choice; it is not run.
  const int code =
      exit_code_of({git_, "--literal-pathspecs", "-c", "core.fsmonitor=false", "-C", file.parent_path().string(),
                    "ls-files", "--error-unmatch", "--", file.filename().string()});
  const bool tracked = code != 1;
  if (answers_.size() >= kMaxAnswers) answers_.clear();
  answers_[file] = Answer{*dot_git, index, tracked};
  return tracked;
}

}  // namespace stackscaler::source::detail
