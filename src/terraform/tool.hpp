// SPDX-License-Identifier: Apache-2.0
//
// Tool: the terraform (or tofu) binary: where it is, how old, and one call of it.
//
// What it is: the environment that a child gets and the calls whose output fits into memory (version, init, state
// pull, plan). What it is not: the apply, which must outlive the program (terraform/converge.cpp starts that).
// The child's environment is an allow-list: what is not on it, TF_VAR_* and TF_CLI_ARGS* above all, is dropped.
// Threads: the loop's; blocking parts go to the pool.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "base/error.hpp"
#include "terraform/environment.hpp"
#include "terraform/folder.hpp"
#include "terraform/process.hpp"
#include "terraform/redact.hpp"

namespace stackscaler::terraform {

// How every call is made, whatever the stack.
struct ToolOptions {
  EnvPatterns allow_env;               // names that are inherited beyond the usual ones
  std::filesystem::path plugin_cache;  // TF_PLUGIN_CACHE_DIR; empty: as inherited
  Duration version_deadline = std::chrono::seconds(30);
};

// The allow-listed part of `own` ("NAME=value" each), over it the policy's `variables`, what every call gets, the
// operation's id, and TF_WORKSPACE when `workspace` is not empty. Every name once.
[[nodiscard]] std::vector<std::string> child_environment(const std::vector<std::string>& own,
                                                         const std::string& operation, const std::string& workspace,
                                                         const std::vector<std::string>& variables = {},
                                                         const ToolOptions& options = {});
// This process's own.
[[nodiscard]] std::vector<std::string> own_environment();

// The absolute path of `name`, looked up on PATH unless it has a slash. TerraformMissing when there is none.
[[nodiscard]] Result<std::string> find_binary(const std::string& name);

struct Version {
  int major = 0;
  int minor = 0;
  std::string text;
  bool tofu = false;
  // False for what this program was never tested with: it plans then, and applies only when it is told to.
  [[nodiscard]] bool tested() const { return !tofu && (major < 1 || (major == 1 && minor <= 11)); }
};
[[nodiscard]] Result<Version> parse_version(const std::string& json, const std::string& binary);

struct RunSpec {
  std::filesystem::path folder;
  std::vector<std::string> arguments;
  std::string operation;                             // the id for the environment
  std::string workspace;                             // "": not set
  std::vector<std::string> variables;                // the policy's environment, "NAME=value"
  Redactor redactor;                                 // goes over stderr
  std::size_t max_output = std::size_t{256} << 20U;  // of stdout; a call that prints more is ended
  Duration deadline{};
  Duration kill_after = std::chrono::seconds(30);  // from SIGINT to SIGKILL
  std::filesystem::path stdout_file;               // "": memory
  std::vector<ChildProcess*>* running = nullptr;   // the child is listed there while it runs
  const bool* stopping = nullptr;                  // true by the time the child has started: it is interrupted then
};

struct RunResult {
  ExitStatus exit;
  bool timed_out = false;
  bool flooded = false;  // it printed more than it may and was ended
  std::string out;       // at most max_output
  std::string err;       // the last 4 KiB, redacted
};

class Tool {
 public:
  Tool(boost::asio::any_io_executor executor, BlockingPool& pool, Clock& clock, std::string binary,
       ToolOptions options = {});

  // Finds the binary and asks its version; once for each file that was found (inode, size and time of change).
  [[nodiscard]] boost::asio::awaitable<Result<Version>> version();
  // Runs to the end, to the deadline or to max_output; then SIGINT, then SIGKILL. Fails only when it can't be started.
  [[nodiscard]] boost::asio::awaitable<Result<RunResult>> run(RunSpec spec);
  [[nodiscard]] const std::string& binary() const { return path_; }
  [[nodiscard]] std::vector<std::string> environment(const std::string& operation, const std::string& workspace,
                                                     const std::vector<std::string>& variables = {}) const {
    return child_environment(own_, operation, workspace, variables, options_);
  }
  // This process's environment as it was at the start.
  [[nodiscard]] const std::vector<std::string>& own() const { return own_; }

 private:
  [[nodiscard]] boost::asio::awaitable<void> wait_for_end(ChildProcess& child, const RunSpec& spec, int out, int err,
                                                          RunResult& result);

  boost::asio::any_io_executor executor_;
  BlockingPool& pool_;
  Clock& clock_;
  std::string name_;
  std::string path_;
  std::vector<std::string> own_;
  ToolOptions options_;
  std::optional<Version> version_;
  FileStamp stamp_;  // of the binary that told version_
};

// Without the frames that Terraform draws around its messages.
[[nodiscard]] std::string without_frames(const std::string& text);

// What a failed call said, in one line: the last of stderr without frames, at most 400 bytes.
[[nodiscard]] std::string stderr_text(const std::string& err);

}  // namespace stackscaler::terraform
