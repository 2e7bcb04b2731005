// SPDX-License-Identifier: Apache-2.0
//
// GitTracking: whether git tracks a file, so that a status written into it would show up as a change of the checkout.
//
// Asks `git ls-files --error-unmatch` and remembers the answer until the index changes. Where git is not installed,
// does not answer or refuses (the work tree of another user), every file in a work tree counts as tracked. What it is
// not: a reader of git's own files beyond where they are. Sources: git-ls-files(1), gitrepository-layout(5)
// (`.git` may be a file that names the folder). Blocking; one thread at a time.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "source/detail/scan.hpp"

namespace stackscaler::source::detail {

class GitTracking {
 public:
  // `git`: the program, found on PATH; for tests, one that is not there.
  explicit GitTracking(std::string git = "git") : git_(std::move(git)) {}

  // `file` without links. True when it is tracked, or when that can't be told.
  [[nodiscard]] bool tracks(const std::filesystem::path& file);

 private:
  struct Answer {
    std::filesystem::path dot_git;
    std::optional<Stamp> index;  // absent: nothing was ever added
    bool tracked = false;
  };
  std::string git_;
  std::map<std::filesystem::path, Answer> answers_;
};

}  // namespace stackscaler::source::detail
