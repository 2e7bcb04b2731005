// SPDX-License-Identifier: Apache-2.0
//
// What a decision has to know of the past: read from the journal, so that a restart forgets nothing.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "controller/reconciler.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr Duration kLongestPeriod = 30min;  // of a rate policy
constexpr Duration kLongestWindow = 1h;     // of a stabilization window

}  // namespace

asio::awaitable<Result<void>> Reconciler::load_history(Memory memory, Turn& turn) {
  if (std::exchange(memory->recoveries_seen, recoveries_) != recoveries_) memory->history_loaded = false;
  if (memory->history_loaded) co_return Result<void>{};
  const WallTime now = parts_.clock.wall_now();
  auto last = co_await parts_.journal.last_applied(turn.view->name);
  if (!last) co_return fail(std::move(last).error());
  auto lost = co_await parts_.journal.possible_orphans(turn.view->name);
  if (!lost) co_return fail(std::move(lost).error());
  auto scalings = co_await parts_.journal.scalings(turn.view->name, now - kLongestPeriod);
  if (!scalings) co_return fail(std::move(scalings).error());
  if (memory->boot_times.empty()) {
    auto booted = co_await parts_.journal.boot_times(turn.view->name);
    if (!booted) co_return fail(std::move(booted).error());
    memory->boot_times = std::move(*booted);
  }
  if (memory->history.recommendations.empty()) {
    auto known = co_await parts_.journal.recommendations(turn.policy->key.str(), now - kLongestWindow);
    if (!known) co_return fail(std::move(known).error());
    memory->history.recommendations = std::move(*known);
    // Nothing is known of a policy that is new: what is there was wanted until now.
    if (memory->history.recommendations.empty()) {
      decision::remember(memory->history.recommendations, turn.policy->spec.behavior, turn.view->count, now);
    }
  }
  if (!memory->history_loaded_once) {
    memory->history_loaded_once = true;
    auto elsewhere = co_await orphans_elsewhere(*turn.policy);
    if (!elsewhere) co_return fail(std::move(elsewhere).error());
    memory->orphans_elsewhere = std::move(*elsewhere);
  }
  memory->orphans = memory->orphans_elsewhere;
  if (*lost) memory->orphans = "operation " + (*lost)->id + ": " + (*lost)->outcome;
  memory->history_loaded = true;
  memory->history.events.clear();
  for (const ports::Scaling& one : *scalings) memory->history.events.push_back({one.ended, one.to - one.from});
  const auto& end = memory->history.last_scale_end;
  if (*last && (*last)->ended && (!end || *(*last)->ended > *end)) {
    const ports::OperationRecord& operation = **last;
    decision::note_end(memory->history, warmup_of(*memory), operation.from,
                       operation.count_after.value_or(operation.to), *operation.ended);
  }
  take_scaling_elsewhere(*memory, turn);
  co_return Result<void>{};
}

// The end of the last scaling by another replica: cooldown and warm-up count from it.
void Reconciler::take_scaling_elsewhere(PolicyMemory& memory, const Turn& turn) {
  if (!turn.policy->cluster || !turn.policy->cluster->status) return;
  const policy::Status& status = *turn.policy->cluster->status;
  const auto& end = memory.history.last_scale_end;
  if (!status.last_scale_time || (end && *end >= *status.last_scale_time)) return;
  const WallTime scaled = std::min(*status.last_scale_time, parts_.clock.wall_now());
  // How many it created is known while the decision that led to it is still the last.
  int from = turn.view->count;
  if (status.last_decision && status.last_decision->to == turn.view->count) from = status.last_decision->from;
  decision::note_end(memory.history, warmup_of(memory), from, turn.view->count, scaled);
}

// What another replica has left open: an operation that the status shows as running and that our journal does not know
// is not ours, and whoever leads now is not its owner any more.
asio::awaitable<Result<std::string>> Reconciler::orphans_elsewhere(const policy::ScalingPolicy& policy) {
  if (!policy.cluster || !policy.cluster->status) co_return std::string();
  const policy::Status& status = *policy.cluster->status;
  if (status.operation && (status.operation->phase == "Applying" || status.operation->phase == "Verifying")) {
    const std::string id = status.operation->id;
    auto known = co_await parts_.journal.operation(id);
    if (!known) co_return fail(std::move(known).error());
    if (!*known) {
      co_return fmt::format(
          "operation {} ({} -> {}) of another replica was under way when that replica ended; what it was creating may "
          "be "
          "in no state, and its state lock may still be held: stackscaler stack doctor tells",
          id, status.operation->from, status.operation->to);
    }
  }
  const policy::Condition* orphans = policy::find_condition(status, "PossibleOrphans");
  const bool open = orphans != nullptr && orphans->status == policy::ConditionStatus::true_;
  co_return open ? orphans->message : std::string();
}

Duration Reconciler::warmup_of(const PolicyMemory& memory) {
  return memory.policy->spec.behavior.warmup_or(usual_boot_time(memory.boot_times));
}

asio::awaitable<void> Reconciler::time_boot(Memory memory, const decision::Observation& observation) {
  const WallTime now = parts_.clock.wall_now();
  const auto took = memory->boot.look(observation.current, observation.reporting, now);
  if (!took) co_return;
  const std::string stack = memory->view->name;
  memory->boot_times.insert(memory->boot_times.begin(), *took);
  if (memory->boot_times.size() > kBootTimesKept) memory->boot_times.pop_back();
  parts_.logger.info("boot time measured", kv("policy", memory->policy->key.str()), kv("stack", stack),
                     kv("took", format_duration(*took)),
                     kv("usual", format_duration(*usual_boot_time(memory->boot_times))));
  (void)co_await parts_.journal.put_boot_time(stack, now, *took);
}

// Written when it changes, with the time at which the one before was last given, and now and then while it does not: a
// restart knows the latest to within a tenth of the window and all others exactly.
asio::awaitable<void> Reconciler::remember_recommendation(Memory memory, Turn& turn) {
  if (!turn.decision->recommended) co_return;
  const policy::Behavior& behavior = turn.policy->spec.behavior;
  const Duration window = std::max(behavior.scale_up.stabilization_window, behavior.scale_down.stabilization_window);
  if (window == Duration(0)) co_return;
  const WallTime now = parts_.clock.wall_now();
  const decision::Recommendation next{now, *turn.decision->recommended};
  decision::remember(memory->history.recommendations, behavior, next.count, now);
  const auto& written = memory->recommendation_written;
  const Duration pace = std::max<Duration>(window / 10, 10s);
  if (written && written->count == next.count && now - written->time < pace) co_return;
  for (const decision::Recommendation& entry : memory->history.recommendations) {
    if (!written || entry.count == next.count || entry.count != written->count || entry.time <= written->time) continue;
    const decision::Recommendation before = entry;
    (void)co_await parts_.journal.put_recommendation(turn.policy->key.str(), before);
    break;
  }
  auto put = co_await parts_.journal.put_recommendation(turn.policy->key.str(), next);
  if (put) memory->recommendation_written = next;
}

}  // namespace stackscaler::controller
