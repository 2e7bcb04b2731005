// SPDX-License-Identifier: Apache-2.0
//
// The steps that scaling, looking, recovering and adopting have in common. Private to this component.
// Threads: the loop's. None of them heeds a cancellation of the caller: each has a deadline of its own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "policy/types.hpp"
#include "stack/registry.hpp"
#include "terraform/guard.hpp"
#include "terraform/init.hpp"
#include "terraform/redact.hpp"
#include "terraform/services.hpp"
#include "terraform/state.hpp"
#include "terraform/stream.hpp"

namespace stackscaler::terraform {

// A stack with everything that its policy and its metadata say, the policy first.
struct Target {
  policy::StackRef ref;  // as the policy has it
  stack::StackEntry entry;
  std::string resource;
  std::string variable;
  std::filesystem::path template_file;  // absolute; empty: sized by the variable
  std::vector<int> sizes;               // counts that main.tf may stand at by now, beside the recorded one
  std::string workspace;
  std::vector<std::string> dependents;
  std::vector<std::string> var_files;
  bool allow_data_loss = false;
  std::vector<std::string> environment;  // of the policy, "NAME=value": secrets
  Redactor redactor;                     // knows them
};

// TF_WORKSPACE for a call there: "" when the default workspace is the selected one anyway.
[[nodiscard]] std::string workspace_variable(const std::filesystem::path& folder, const std::string& workspace);

[[nodiscard]] boost::asio::awaitable<Result<Target>> resolve(Services& services, policy::StackRef ref);

// A call in the stack's folder with its environment, workspace and redactor.
[[nodiscard]] RunSpec run_spec(const Services& services, const Target& target, std::vector<std::string> arguments,
                               Duration deadline);
// "-lock-timeout=60s", for every call that takes the state lock.
[[nodiscard]] std::string lock_timeout(const Services& services);

// `terraform state pull`: the truth, through any backend. Never touches the disk.
[[nodiscard]] boost::asio::awaitable<Result<State>> pull_state(Services& services, const Target& target);
// After an apply that began at `before`, which pull_state() gave. A local file of the same lineage with a higher serial
// is the apply's own work and is taken as it is; anything else is asked of Terraform.
[[nodiscard]] boost::asio::awaitable<Result<State>> read_state_after(Services& services, const Target& target,
                                                                     const State& before);
// The same from a local backend's file, where there is one; cheap. Falls back to pull_state().
[[nodiscard]] boost::asio::awaitable<Result<State>> read_state(Services& services, const Target& target);

// Law 12: whether the state is the one that was taken in. Else StateChanged; not_found: it is, without the resource.
[[nodiscard]] Result<void> check_known(const Target& target, const Backend& backend, const State& state);

struct PlanSpec {
  std::string operation;
  std::filesystem::path count_file;   // empty: none
  std::filesystem::path shadow;       // the plan's own folder (sizing.hpp); empty: the stack's
  std::filesystem::path plan_file;    // empty: none is kept
  std::filesystem::path stream_file;  // empty: memory
  bool look_only = false;             // takes no lock; without a plan file none is taken either
};
[[nodiscard]] boost::asio::awaitable<Result<PlanStream>> make_plan(Services& services, const Target& target,
                                                                   PlanSpec spec);
[[nodiscard]] GuardInput guard_input(const Target& target, const State& state, int to);

// Writes the real count, the state's serial and lineage into the metadata; with a reason also the time of the scale.
[[nodiscard]] boost::asio::awaitable<Result<void>> save_metadata(Services& services, Target& target, const State& state,
                                                                 std::string scale_reason);

[[nodiscard]] boost::asio::awaitable<Result<void>> put_user_count(Services& services, Target& target, int count,
                                                                  IfMissing if_missing);

[[nodiscard]] std::string plural(int count, const std::string& noun);

}  // namespace stackscaler::terraform
