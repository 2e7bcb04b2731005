// SPDX-License-Identifier: Apache-2.0
//
// validate_paths(): every problem of the policy files named, for the command line. Blocking.
//
// A folder stands for the files that FileSource would read in it. Two documents of the same namespace and name are a
// problem of the later one. Nothing is written. Any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "policy/parse.hpp"

namespace stackscaler::source {

struct FileProblem {
  std::string file;
  policy::Diagnostic problem;
  [[nodiscard]] std::string str() const { return problem.str(file); }
};

struct Validation {
  std::vector<policy::ScalingPolicy> policies;  // the good documents, in the order of files
  std::vector<FileProblem> problems;
  std::vector<Error> unreadable;  // each message names its path
  std::size_t files = 0;          // read
  [[nodiscard]] bool ok() const { return problems.empty() && unreadable.empty(); }
};

[[nodiscard]] Validation validate_paths(const std::vector<std::filesystem::path>& paths,
                                        const policy::Defaults& defaults);

}  // namespace stackscaler::source
