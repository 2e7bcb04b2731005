// SPDX-License-Identifier: Apache-2.0
//
// Where an operation calls the hooks of its policy (terraform/hooks.hpp).
#include "policy/reasons.hpp"
#include "terraform/converge.hpp"
#include "terraform/hooks.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;

HookCall Converge::hook_call(const char* name, policy::Hook hook, std::vector<Instance> instances) const {
  HookCall call;
  call.name = name;
  call.hook = std::move(hook);
  call.stack = record_.stack;
  call.operation = record_.id;
  call.from = record_.from;
  call.to = record_.to;
  call.instances = std::move(instances);
  call.folder = target_.entry.folder;
  call.operation_folder = folder_->path();
  call.workspace = workspace_variable(target_.entry.folder, target_.workspace);
  return call;
}

// The guard has passed and nothing is changed yet: the last moment at which a no costs nothing. A crash in here leaves
// an operation that was only intended, and recovery abandons it.
asio::awaitable<Result<void>> Converge::drain() {
  if (!target_.ref.pre_scale_in) co_return Result<void>{};
  auto instances = going(state_.instances(target_.resource), record_.to);
  if (instances.empty()) co_return Result<void>{};
  // What is not wanted any more needs no drain.
  auto open = go_ahead();
  if (!open) co_return open;
  // A drain may take an hour, and needs no terraform: others may run meanwhile. If the state changes under the plan,
  // terraform refuses it as stale.
  slot_.release();
  tell("Draining", plural(static_cast<int>(instances.size()), "instance"));
  HookCall call = hook_call(kPreScaleIn, *target_.ref.pre_scale_in, std::move(instances));
  auto drained = co_await run_hook(s_, std::move(call));
  if (!drained) co_return drained;
  auto waited = co_await wait_for_slot();
  if (!waited) co_return waited;
  // Time has passed: the gate, the stop and the policy are asked again.
  co_return go_ahead();
}

// The scale stands, whatever comes of this: the sentence says it when the hook failed, and is empty otherwise.
asio::awaitable<std::string> Converge::welcome(std::vector<Instance> instances) {
  if (!target_.ref.post_scale_out || instances.empty()) co_return std::string();
  slot_.release();  // no terraform runs any more
  tell("Verifying", std::string("hook ") + kPostScaleOut);
  HookCall call = hook_call(kPostScaleOut, *target_.ref.post_scale_out, std::move(instances));
  auto done = co_await run_hook(s_, std::move(call));
  if (done) co_return std::string();
  co_return done.error().message() + "; the new instances stay";
}

}  // namespace stackscaler::terraform
