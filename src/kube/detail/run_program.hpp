// SPDX-License-Identifier: Apache-2.0
//
// run_program(): runs a short program that answers on stdout, and kills it when it is not wanted any more. Private to
// src/kube.
//
// stdin is /dev/null, stdout and stderr are memory of a fixed size, so a program that says too much gets an error
// instead of filling ours. It leads a process group of its own, which is killed at the deadline and when the caller is
// cancelled. Errors: not_found (no such program), unavailable (could not start), timeout, cancelled.
// Threads: the executor's one thread; starting blocks for less than a millisecond.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <utility>
#include <vector>

#include "async/clock.hpp"
#include "base/error.hpp"

namespace stackscaler::kube::detail {

struct Program {
  std::string command;  // with a slash: that file; else looked up in our PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // over our own
  Duration deadline = std::chrono::minutes(1);
};

struct ProgramResult {
  int exit_code = 0;  // 128 + the signal that ended it
  std::string out;
  std::string err;
};

[[nodiscard]] boost::asio::awaitable<Result<ProgramResult>> run_program(Clock& clock, Program program);

}  // namespace stackscaler::kube::detail
