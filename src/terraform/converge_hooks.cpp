// SPDX-License-Identifier: Apache-2.0
//
// Where an operation calls the hooks of its policy (terraform/hooks.hpp).
#include "policy/reasons.hpp"
#include "terraform/converge.hpp"
#include "terraform/hooks.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace reason = policy::reason;

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
  call.redactor = target_.redactor;
  return call;
}

// The guard has passed and nothing is changed yet: the last moment at which a no costs nothing. A crash in here leaves
// an operation that was only intended, and recovery abandons it.
asio::awaitable<Result<bool>> Converge::drain() {
  if (!target_.ref.pre_scale_in) co_return false;
  auto instances = going(state_.instances(target_.resource), record_.to);
  if (instances.empty()) co_return false;
  // What is not wanted any more needs no drain.
  auto open = go_ahead();
  if (!open) co_return fail(std::move(open).error());
  // A drain may take an hour, and needs no terraform: others may run meanwhile.
  slot_.release();
  tell("Draining", plural(static_cast<int>(instances.size()), "instance"));
  HookCall call = hook_call(kPreScaleIn, *target_.ref.pre_scale_in, std::move(instances));
  auto drained = co_await run_hook(s_, std::move(call));
  if (!drained) co_return fail(std::move(drained).error());
  auto waited = co_await wait_for_slot();
  if (!waited) co_return fail(std::move(waited).error());
  co_return true;
}

// An instance may have died during the drain, a metric be gone, the configuration be edited: the gate, the policy, the
// metrics, the state and the plan are asked once more. Terraform itself would only notice another state.
asio::awaitable<Result<Verdict>> Converge::plan_again() {
  auto open = go_ahead();
  if (!open) co_return fail(std::move(open).error());
  if (order_.still_right) {
    auto right = co_await order_.still_right();
    if (!right) co_return fail(std::move(right).error());
  }
  tell("Planning");
  auto state = co_await pull_state(s_, target_);
  if (!state) co_return fail(std::move(state).error());
  const int count = static_cast<int>(state->indexes(target_.resource).size());
  if (state->lineage != state_.lineage || count != record_.from) {
    co_return fail(ErrorKind::conflict, reason::kCountChanged,
                   "stack " + record_.stack + ": the state changed during the drain (" + std::to_string(count) +
                       ", not " + std::to_string(record_.from) + "); nothing was changed");
  }
  state_ = std::move(*state);
  auto verdict = co_await plan();
  if (!verdict || verdict->passed) co_return verdict;
  Error error = refused(target_, *verdict, record_.from, record_.to);
  co_return fail(std::move(error));
}

// The scale stands, whatever comes of this: the sentence says it when the hook failed, and is empty otherwise.
asio::awaitable<std::string> Converge::welcome(std::vector<Instance> instances) {
  if (!target_.ref.post_scale_out || instances.empty()) co_return std::string();
  if (s_.stopping) {
    co_return "the hook " + std::string(kPostScaleOut) +
        " was not started, since the program is stopping; the new instances stay";
  }
  slot_.release();  // no terraform runs any more
  tell("Verifying", std::string("hook ") + kPostScaleOut);
  HookCall call = hook_call(kPostScaleOut, *target_.ref.post_scale_out, std::move(instances));
  auto done = co_await run_hook(s_, std::move(call));
  if (done) co_return std::string();
  co_return done.error().message() + "; the new instances stay";
}

}  // namespace stackscaler::terraform
