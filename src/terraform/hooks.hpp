// SPDX-License-Identifier: Apache-2.0
//
// Hooks: what spec.stack.hooks lets a stack's owner run around a change of its size, a command or a webhook.
//
// run_hook() returns when the hook is done, or with HookFailed (unavailable): it could not be started, said no (an exit
// code other than 0, a status other than 2xx), or was not done within its timeout. A command that is too slow gets
// SIGTERM to its process group and SIGKILL after DriverOptions::kill_after. Neither a stop of the program nor a
// cancellation of the caller reaches a hook: half a drain is worse than a late one, and its timeout bounds it.
// What a command gets: docs/how-to/drain-hooks.md. It never gets STACKSCALER_OPERATION_ID: that variable marks the
// terraform of an operation for recovery, and a hook may call terraform itself.
// What a hook prints goes to files of mode 0600 in the operation's folder. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "policy/types.hpp"
#include "terraform/redact.hpp"
#include "terraform/services.hpp"
#include "terraform/state.hpp"

namespace stackscaler::terraform {

inline constexpr const char* kPreScaleIn = "preScaleIn";
inline constexpr const char* kPostScaleOut = "postScaleOut";

struct HookCall {
  std::string name;  // kPreScaleIn or kPostScaleOut
  policy::Hook hook;
  std::string stack;
  std::string operation;
  int from = 0;
  int to = 0;
  std::vector<Instance> instances;         // that go, or that came; ascending by index
  std::filesystem::path folder;            // the stack's
  std::filesystem::path operation_folder;  // where the hook's file and output go
  std::string workspace;                   // TF_WORKSPACE, "": not set
  Redactor redactor;                       // for what it printed
};

[[nodiscard]] boost::asio::awaitable<Result<void>> run_hook(Services& services, HookCall call);

// {"hook", "stack", "operation", "from", "to", "instances": [{"address", "id"}]}: the hook's file, a webhook's body.
[[nodiscard]] std::string hook_json(const HookCall& call);

// What a command's environment has beyond that of terraform. The lists are left out when they would be longer than the
// kernel lets a variable be: the file has them always.
[[nodiscard]] std::vector<std::string> hook_variables(const HookCall& call, const std::filesystem::path& file);

// The instances of `before` that a count of `to` does not hold.
[[nodiscard]] std::vector<Instance> going(const std::map<int, Instance>& before, int to);
// Those of `after` that were not there before, or were another machine.
[[nodiscard]] std::vector<Instance> added(const std::map<int, Instance>& before, const std::map<int, Instance>& after);

// The end of what a hook printed, in one line of at most 400 bytes.
[[nodiscard]] std::string last_words(const std::string& text);

}  // namespace stackscaler::terraform
