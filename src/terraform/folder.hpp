// SPDX-License-Identifier: Apache-2.0
//
// A stack's folders on disk: the user's root module (fingerprint, variable files), the registry folder's lock,
// and the program's own folder of an operation.
//
// All of it is blocking: call from the blocking pool. Writes to the user's folder are confined to one file,
// kCountFile, and to its one key; everything else there is only read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "policy/types.hpp"
#include "ports/journal.hpp"
#include "terraform/process.hpp"

namespace stackscaler::terraform {

// Terraform loads it by itself, after terraform.tfvars: it holds the count for whoever runs terraform by hand.
inline constexpr const char* kCountFile = "stackscaler.auto.tfvars.json";

// What `terraform workspace select` left; "default" without one.
[[nodiscard]] std::string selected_workspace(const std::filesystem::path& folder);

// Changes when init may be due: over names and contents of *.tf, *.tf.json, *.tofu and .terraform.lock.hcl in the
// folder and in those of its local modules (as the last init listed them, at most 200), over whether .terraform is
// there, and over the backend settings: KEY=VALUE, or a file's content.
[[nodiscard]] Result<std::string> fingerprint(const std::filesystem::path& folder,
                                              const std::vector<std::string>& backend_config = {});

// Names, sizes and times of change of the folder's configuration and variable files, without what this program writes
// there: cheap, for noticing that somebody edited something. That is kCountFile; or main.tf, where `template_file` (not
// empty) sizes the stack, and then the template counts.
[[nodiscard]] std::string config_stamp(const std::filesystem::path& folder, const std::filesystem::path& template_file);

// True when a *.tf, *.tf.json or *.tofu there declares that variable.
[[nodiscard]] Result<bool> declares_variable(const std::filesystem::path& folder, const std::string& variable);
// Variable files that Terraform loads after kCountFile and that name the variable: they would win over it.
[[nodiscard]] std::vector<std::string> overriding_files(const std::filesystem::path& folder,
                                                        const std::string& variable);

enum class IfMissing { create, leave };
// Makes kCountFile say `count`. Other keys and the mode stay; a file that says so already is not touched.
[[nodiscard]] Result<void> put_count(const std::filesystem::path& folder, const std::string& variable, int count,
                                     IfMissing if_missing);

// What kCountFile says; nothing without one.
[[nodiscard]] std::optional<int> read_count(const std::filesystem::path& folder, const std::string& variable);

// Removes what processes that were killed have left under the data folder and nobody will ask for: the scratch folders
// of init, of the doctor and of looks, once they are a day old. They may hold secrets.
void sweep(const std::filesystem::path& data);

// The lock of one stack across processes: flock on <home>/.stackscaler.lock. StackBusy when somebody has it.
[[nodiscard]] Result<Descriptor> lock_stack(const std::filesystem::path& home);

struct FileStamp {
  std::int64_t mtime_ns = 0;
  std::int64_t size = -1;  // -1: no such file
  std::uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};
[[nodiscard]] FileStamp stamp_of(const std::filesystem::path& file);

// One operation's own folder, <data>/operations/<id>, mode 0700.
class OperationFolder {
 public:
  OperationFolder(const std::filesystem::path& data, const std::string& id);
  // Makes it; and removes the oldest others beyond `keep`, but never one whose operation is not over: its plan is
  // there, or a count file younger than a day.
  [[nodiscard]] Result<void> create(std::size_t keep) const;
  // What a later process must know to finish this operation, even without the journal.
  struct Facts {
    std::string resource;
    std::string variable;
    ports::OperationRecord record;  // as it was before the plan; without a stack: of an earlier version
    std::string template_file{};    // "": sized by the variable
  };
  [[nodiscard]] Result<void> write_facts(const Facts& facts) const;
  [[nodiscard]] std::optional<Facts> read_facts() const;
  // What the policy gives Terraform, for a later process: it may hold secrets, so it goes at the operation's end.
  struct Given {
    std::vector<policy::EnvVariable> env;
    std::vector<std::string> backend_config;
  };
  [[nodiscard]] Result<void> write_environment(const Given& given) const;
  [[nodiscard]] Given read_environment() const;
  [[nodiscard]] std::filesystem::path environment_file() const { return path_ / "environment.json"; }
  // The private variable file of a plan.
  [[nodiscard]] Result<void> write_count(const std::string& variable, int count) const;

  [[nodiscard]] std::filesystem::path path() const { return path_; }
  [[nodiscard]] std::filesystem::path count_file() const { return path_ / "count.tfvars.json"; }
  [[nodiscard]] std::filesystem::path plan_file() const { return path_ / "plan.tfplan"; }
  [[nodiscard]] std::filesystem::path plan_stream() const { return path_ / "plan.jsonl"; }
  [[nodiscard]] std::filesystem::path apply_stream() const { return path_ / "apply.jsonl"; }
  [[nodiscard]] std::filesystem::path apply_errors() const { return path_ / "apply.err"; }

 private:
  std::filesystem::path path_;
};

}  // namespace stackscaler::terraform
