// SPDX-License-Identifier: Apache-2.0
#include "controller/reconciler.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "policy/reasons.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
namespace reason = policy::reason;
using namespace std::chrono_literals;
using decision::Action;

namespace {

constexpr Duration kRetryFirst = 5s;  // after a turn that ended early
constexpr Duration kRetryCap = 5min;
constexpr Duration kFirstPlanSpread = 10min;  // within which the first plan checks of a fleet are made

// "default/web", as PolicyKey::str() writes it.
policy::PolicyKey policy_key_of(const std::string& text) {
  policy::PolicyKey key;
  const std::size_t slash = text.find('/');
  key.namespace_ = text.substr(0, slash);
  key.name = slash == std::string::npos ? "" : text.substr(slash + 1);
  return key;
}

}  // namespace

asio::awaitable<Turn> Reconciler::turn(Memory memory, std::function<void()> on_converge) {
  Turn turn;
  turn.policy = memory->policy;
  turn.paused = parts_.gate.stopped();
  if (turn.paused.empty() && turn.policy->cluster) turn.paused = turn.policy->cluster->paused;
  co_await load_memory(memory, turn);
  co_await observe(memory, turn, false);
  if (!turn.error) co_await decide(memory, turn);
  if (!turn.error && turn.decision->action != Action::no_change && memory->view_read != parts_.clock.steady_now()) {
    // Law 6: a change rests on a count read now, not on the last reading.
    const int before = turn.view->count;
    co_await observe(memory, turn, true);
    if (!turn.error && turn.view->count != before) co_await decide(memory, turn);
  }
  if (!turn.error && observer_ != nullptr) observer_->decided(turn);
  if (!turn.error) co_await converge(memory, turn, std::move(on_converge));
  memory->errors = turn.error ? memory->errors + 1 : 0;
  ++memory->turns;
  co_await report(memory, turn);
  co_return turn;
}

// With a memory of its own that is retired from the start: nothing of it lasts.
asio::awaitable<Turn> Reconciler::look(std::shared_ptr<const policy::ScalingPolicy> policy) {
  const auto memory = std::make_shared<PolicyMemory>();
  memory->policy = policy;
  memory->retired = true;
  Turn turn;
  turn.policy = std::move(policy);
  turn.paused = parts_.gate.stopped();
  auto view = co_await parts_.driver.observe(turn.policy->spec.stack);
  if (!view) {
    turn.error = std::move(view).error();
    co_return turn;
  }
  memory->view = std::move(*view);
  memory->view_read = parts_.clock.steady_now();
  turn.view = memory->view;
  co_await decide(memory, turn);
  co_return turn;
}

asio::awaitable<void> Reconciler::load_memory(Memory memory, Turn& turn) {
  const auto& policy = *turn.policy;
  if (policy.cluster) {
    memory->generation = policy.cluster->generation;
    co_return;
  }
  if (memory->generation_digest == policy.spec_digest) co_return;
  auto generation = co_await parts_.journal.generation(policy.key.str(), policy.spec_digest);
  if (!generation) {
    parts_.logger.warn("the journal can't be read", kv("policy", policy.key.str()),
                       kv("err", generation.error().message()));
    co_return;
  }
  memory->generation = *generation;
  memory->generation_digest = policy.spec_digest;
}

asio::awaitable<void> Reconciler::observe(Memory memory, Turn& turn, bool force) {
  const policy::Spec& spec = turn.policy->spec;
  const SteadyTime now = parts_.clock.steady_now();
  const bool fresh =
      !force && memory->view && !memory->state_changed && now - memory->view_read < spec.stack.state_refresh;
  if (!fresh) {
    memory->state_changed = false;
    auto view = co_await parts_.driver.observe(spec.stack);
    if (!view) {
      memory->view.reset();
      turn.error = std::move(view).error();
      co_return;
    }
    memory->view = std::move(*view);
    memory->view_read = now;
    if (memory->plan_due == SteadyTime::max()) {
      memory->plan_due = now + parts_.random.jitter(std::min(spec.stack.plan_check, kFirstPlanSpread) / 2, 1.0);
    }
    co_await note_count(memory);
  }
  turn.view = memory->view;
  turn.count_age = std::chrono::duration_cast<Duration>(now - memory->view_read);
  co_await check_claim(memory, turn);
}

// Two policies may name one stack: one of them manages it.
asio::awaitable<void> Reconciler::check_claim(Memory memory, Turn& turn) {
  const std::string identity = identity_claim(turn.view->identity);
  // A claim of a policy that went meanwhile would never be released.
  if (!memory->retired) claims_.claim(identity, turn.policy->key, claim_rank(*turn.policy));
  // In a cluster the older resource manages the stack, on whichever replica: a journal is one replica's.
  if (!claims_.knows_manager(identity) && !turn.policy->cluster) {
    auto manager = co_await parts_.journal.manager_of(turn.view->name);
    if (!manager) {
      turn.error = std::move(manager).error();
      co_return;
    }
    claims_.set_manager(identity, *manager ? std::optional(policy_key_of(**manager)) : std::nullopt);
  }
  if (const auto other = claims_.managed_by_other(turn.policy->key)) {
    turn.error = Error(ErrorKind::invalid_input, reason::kStackAlreadyManaged,
                       "policy " + other->str() + " manages this stack already; remove one of the two policies");
  } else if (!memory->retired) {
    claims_.confirm(identity, turn.policy->key);
  }
}

// A count that is not what our last operation left, or the last reading, was changed by another hand: a pipeline, a
// person. The loop leaves it alone for a while, so that it does not fight with whoever did that.
asio::awaitable<void> Reconciler::note_count(Memory memory) {
  const ports::StackView& view = *memory->view;
  const int count = view.count;
  const std::optional<int> known = std::exchange(memory->last_count, count);
  // A rehearsal forgets its counts with the process.
  if (known == count || parts_.gate.settings().rehearsal) co_return;
  if (recovering(view.name)) {
    memory->last_count = known;  // an operation of ours is still at work: judged when it has ended
    co_return;
  }
  auto last = co_await parts_.journal.last_applied(view.name);
  if (!last) {
    memory->last_count = known;  // asked again at the next reading
    co_return;
  }
  memory->history_loaded = false;  // somebody scaled: when that ended is in the journal
  const ports::OperationRecord* operation = *last ? &**last : nullptr;
  if (operation != nullptr && !operation->ended) {
    memory->last_count = known;
    co_return;
  }
  const bool ours = operation != nullptr && operation->count_after == count;
  const bool by_hand = ours && !operation->requested_by.starts_with("policy ");
  const std::optional<int> before = known ? known : operation != nullptr ? operation->count_after : std::nullopt;
  if (!before || *before == count || (ours && !by_hand)) co_return;
  memory->outside = fmt::format("the count changed from {} to {} {}", *before, count,
                                by_hand ? "by hand (" + operation->requested_by + ")" : "outside Stackscaler");
  if (settings_.outside_hold == Duration(0)) co_return;
  memory->outside_until = parts_.clock.steady_now() + settings_.outside_hold;
  parts_.logger.warn("another hand changed the count", kv("policy", memory->policy->key.str()), kv("stack", view.name),
                     kv("reason", reason::kCountChangedOutside), kv("from", *before), kv("to", count),
                     kv("held_for", format_duration(settings_.outside_hold)));
}

asio::awaitable<void> Reconciler::decide(Memory memory, Turn& turn) {
  auto history = co_await load_history(memory, turn);
  if (!history) {
    turn.error = std::move(history).error();
    co_return;
  }
  auto reading = co_await parts_.metrics.read(*turn.policy);
  auto observation = ports::observation_of(std::move(reading), turn.view->count);
  co_await time_boot(memory, observation);
  observation.boot_time = usual_boot_time(memory->boot_times);
  turn.freshness_unknown = std::any_of(observation.metrics.begin(), observation.metrics.end(),
                                       [](const auto& m) { return m.freshness_unknown; });

  const WallTime now = parts_.clock.wall_now();
  const auto signals = decision::read_signals(turn.policy->spec, observation, memory->history, now);
  turn.metrics_missing = signals.missing;
  std::optional<decision::Advice> advice;
  auto advised = co_await parts_.advisor.advise(*turn.policy, observation, signals);
  if (advised) advice = std::move(*advised);
  turn.decision = decision::decide(turn.policy->spec, observation, advice, memory->history, now);
  turn.observation = std::move(observation);
  if (!memory->retired) co_await remember_recommendation(memory, turn);
  const bool fewer = signals.may_scale_down && signals.proposal && *signals.proposal < turn.observation->current;
  if (!memory->retired) fleet_.note(turn.policy->key, fewer, parts_.clock.steady_now());
}

Duration Reconciler::next_interval(const Turn& turn, PolicyMemory& memory) {
  const Duration interval = turn.policy->spec.interval;
  if (turn.error) {
    const Duration retry = backoff_delay(parts_.random, std::max(1, memory.errors), kRetryFirst, kRetryCap);
    return std::max(retry, std::min<Duration>(interval, kRetryFirst));
  }
  // The first turns come together at the start; the second spreads them evenly over the interval, for good.
  if (memory.turns == 1) return parts_.random.jitter(interval / 2, 1.0) + 1ms;
  return interval;
}

}  // namespace stackscaler::controller
