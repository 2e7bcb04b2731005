// SPDX-License-Identifier: Apache-2.0
//
// What a decision has to know of the past: read from the journal, so that a restart forgets nothing.
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
  if (memory->history.recommendations.empty()) {
    auto known = co_await parts_.journal.recommendations(turn.policy->key.str(), now - kLongestWindow);
    if (!known) co_return fail(std::move(known).error());
    memory->history.recommendations = std::move(*known);
    // Nothing is known of a policy that is new: what is there was wanted until now.
    if (memory->history.recommendations.empty()) {
      decision::remember(memory->history.recommendations, turn.policy->spec.behavior, turn.view->count, now);
    }
  }
  memory->orphans.clear();
  if (*lost) memory->orphans = "operation " + (*lost)->id + ": " + (*lost)->outcome;
  memory->history_loaded = true;
  memory->history.events.clear();
  for (const ports::Scaling& one : *scalings) memory->history.events.push_back({one.ended, one.to - one.from});
  const auto& end = memory->history.last_scale_end;
  if (*last && (*last)->ended && (!end || *(*last)->ended > *end)) {
    const ports::OperationRecord& operation = **last;
    decision::note_end(memory->history, turn.policy->spec.behavior.warmup_or_default(), operation.from,
                       operation.count_after.value_or(operation.to), *operation.ended);
  }
  co_return Result<void>{};
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
