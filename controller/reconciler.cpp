// SPDX-License-Identifier: Apache-2.0
#include "controller/reconciler.hpp"

#include <algorithm>

#include "policy/reasons.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
namespace reason = policy::reason;
using namespace std::chrono_literals;
using decision::Action;
using Kind = ConvergeResult::Kind;

namespace {

constexpr Duration kWarmUp = 3min;         // until instances of a scale-up must report
constexpr Duration kDecisionLasts = 1min;  // so long may a decision wait for its place among running Terraforms
constexpr Duration kHoldFirst = 1min;      // backoff after a refused or failed converge
constexpr Duration kHoldCap = 30min;
constexpr Duration kObserveRetryFirst = 5s;
constexpr Duration kObserveRetryCap = 5min;

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
  co_await load_memory(memory, turn);
  co_await observe(memory, turn, false);
  if (!turn.error) co_await decide(memory, turn);
  if (!turn.error && turn.decision->action != Action::no_change && memory->view_read != parts_.clock.steady_now()) {
    // Law 6: a change rests on a count read now, not on the last reading.
    const int before = turn.view->count;
    co_await observe(memory, turn, true);
    if (!turn.error && turn.view->count != before) co_await decide(memory, turn);
  }
  if (!turn.error) co_await converge(memory, turn, std::move(on_converge));
  ++memory->turns;
  co_await report(memory, turn);
  co_return turn;
}

asio::awaitable<void> Reconciler::load_memory(Memory memory, Turn& turn) {
  const auto& policy = *turn.policy;
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
      ++memory->observe_failures;
      turn.error = std::move(view).error();
      co_return;
    }
    memory->observe_failures = 0;
    memory->view = std::move(*view);
    memory->view_read = now;
    // A count that changed was changed by somebody: when that ended is in the journal.
    if (memory->last_count && *memory->last_count != memory->view->count) memory->history_loaded = false;
    memory->last_count = memory->view->count;
  }
  turn.view = memory->view;
  turn.count_age = std::chrono::duration_cast<Duration>(now - memory->view_read);
  co_await check_claim(memory, turn);
}

// Two policies may name one stack: one of them manages it.
asio::awaitable<void> Reconciler::check_claim(Memory memory, Turn& turn) {
  const std::string identity = identity_claim(turn.view->identity);
  // A claim of a policy that went meanwhile would never be released.
  if (!memory->retired) claims_.claim(identity, turn.policy->key, turn.policy->origin);
  if (!claims_.knows_manager(identity)) {
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

asio::awaitable<void> Reconciler::decide(Memory memory, Turn& turn) {
  if (!memory->history_loaded) {
    auto last = co_await parts_.journal.last_applied(turn.view->name);
    if (!last) {
      turn.error = std::move(last).error();
      co_return;
    }
    memory->history_loaded = true;
    const auto& known = memory->history.last_scale_end;
    if (*last && (*last)->ended && (!known || *(*last)->ended > *known)) {
      const ports::OperationRecord& operation = **last;
      memory->history.last_scale_end = operation.ended;
      memory->history.warming = std::max(0, operation.count_after.value_or(operation.to) - operation.from);
      memory->history.warm_until = *operation.ended + kWarmUp;
    }
  }
  auto reading = co_await parts_.metrics.read(*turn.policy);
  decision::Observation observation;
  observation.current = turn.view->count;
  observation.metrics = std::move(reading.metrics);
  observation.reporting = reading.reporting;
  observation.reporting_missing = std::move(reading.reporting_missing);
  turn.freshness_unknown = std::any_of(observation.metrics.begin(), observation.metrics.end(),
                                       [](const auto& m) { return m.freshness_unknown; });

  const WallTime now = parts_.clock.wall_now();
  const auto signals = decision::read_signals(turn.policy->spec, observation, memory->history, now);
  turn.metrics_missing = signals.missing;
  std::optional<decision::Advice> advice;
  auto advised = co_await parts_.advisor.advise(*turn.policy, observation, signals);
  if (advised) advice = std::move(*advised);
  turn.decision = decision::decide(turn.policy->spec, observation, advice, memory->history, now);
}

// Whether the policy still says what it said when the decision was made.
Result<void> Reconciler::still_wanted(const PolicyMemory& memory, const std::string& digest) {
  if (!memory.retired && memory.policy->spec_digest == digest) return {};
  return fail(ErrorKind::conflict, reason::kPolicyChanged,
              "the policy was edited or removed while this was decided; nothing was changed");
}

bool Reconciler::may_try(const PolicyMemory& memory, Turn& turn) {
  if (auto wanted = still_wanted(memory, turn.policy->spec_digest); !wanted) {
    turn.converge.kind = Kind::held;
    turn.converge.reason = wanted.error().reason();
    turn.converge.message = wanted.error().message();
    return false;
  }
  for (const auto& [operation, open] : recovering_) {
    if (open.stack != turn.view->name) continue;
    turn.converge.kind = Kind::held;
    turn.converge.reason = reason::kRecovering;
    turn.converge.message = open.message;
    return false;
  }
  if (memory.hold && memory.hold->digest == turn.policy->spec_digest &&
      parts_.clock.steady_now() < memory.hold->until) {
    turn.converge.kind = Kind::held;
    turn.converge.reason = memory.hold->reason;
    turn.converge.message = memory.hold->message;
    return false;
  }
  return true;
}

asio::awaitable<void> Reconciler::converge(Memory memory, Turn& turn, std::function<void()> on_converge) {
  if (turn.decision->action == Action::no_change) {
    // A failure stays visible until a converge succeeds or nothing is wanted any more.
    memory->hold.reset();
    memory->converge_failures = 0;
    co_return;
  }
  if (!may_try(*memory, turn)) co_return;
  ports::WriteRequest request;
  request.origin = ports::Origin::loop;
  request.policy_dry_run = turn.policy->spec.dry_run;
  request.policy_suspend = turn.policy->spec.suspend;
  const auto permit = parts_.gate.permit(request);
  if (!permit) {
    turn.converge.kind = Kind::gated;
    turn.converge.reason = permit.error().reason();
    turn.converge.message = permit.error().message();
    co_return;
  }
  if (on_converge) on_converge();
  co_await scale(memory, turn, *permit);
}

asio::awaitable<void> Reconciler::scale(Memory memory, Turn& turn, const ports::WritePermit& permit) {
  ports::ScaleOrder order;
  order.stack = turn.policy->spec.stack;
  order.from = turn.decision->from;
  order.to = turn.decision->to;
  order.requested_by = "policy " + turn.policy->key.str();
  order.reason = turn.decision->reason;
  order.message = turn.decision->message;
  order.start_by = parts_.clock.steady_now() + kDecisionLasts;
  order.still_wanted = [memory, digest = turn.policy->spec_digest] { return still_wanted(*memory, digest); };
  auto sink = progress_sink(memory);
  auto report = co_await parts_.driver.scale(permit, std::move(order), std::move(sink));
  memory->view.reset();  // whatever happened, the next turn reads the state
  if (!report) {
    note_failure(*memory, turn, report.error());
  } else {
    note_scaled(*memory, turn, *report);
  }
}

void Reconciler::note_failure(PolicyMemory& memory, Turn& turn, const Error& error) {
  turn.converge.kind = Kind::failed;
  turn.converge.reason = error.reason().empty() ? std::string(reason::kApplyFailed) : error.reason();
  turn.converge.message = error.message();
  if (turn.converge.reason == reason::kCountChanged || turn.converge.reason == reason::kPolicyChanged ||
      turn.converge.reason == reason::kDecisionExpired) {
    turn.converge.kind = Kind::held;  // the next turn decides anew, on what is there then
    return;
  }
  if (error.kind() == ErrorKind::cancelled || turn.converge.reason == reason::kStopping) {
    turn.converge.kind = Kind::gated;
    turn.converge.reason = reason::kStopping;
    return;
  }
  ++memory.converge_failures;
  memory.history_loaded = false;  // an apply that failed has an end too: the cooldown counts from it
  PolicyMemory::Hold hold;
  hold.until = parts_.clock.steady_now() + backoff_delay(parts_.random, memory.converge_failures, kHoldFirst, kHoldCap);
  hold.reason = turn.converge.reason;
  hold.message = turn.converge.message;
  hold.digest = turn.policy->spec_digest;
  memory.hold = std::move(hold);
}

void Reconciler::note_scaled(PolicyMemory& memory, Turn& turn, const ports::ScaleReport& report) {
  memory.hold.reset();
  memory.converge_failures = 0;
  turn.converge.kind = Kind::scaled;
  turn.converge.report = report;
  turn.view->count = report.count_after;
  turn.count_age = Duration(0);
  if (!report.changed) return;
  const WallTime now = parts_.clock.wall_now();
  memory.history.last_scale_end = now;
  memory.history.warming = std::max(0, report.count_after - report.from);
  memory.history.warm_until = now + kWarmUp;
}

Duration Reconciler::next_interval(const Turn& turn, PolicyMemory& memory) {
  const Duration interval = turn.policy->spec.interval;
  if (turn.error) {
    const Duration retry =
        backoff_delay(parts_.random, std::max(1, memory.observe_failures), kObserveRetryFirst, kObserveRetryCap);
    return std::max(retry, std::min<Duration>(interval, kObserveRetryFirst));
  }
  // The first turns come together at the start; the second spreads them evenly over the interval, for good.
  if (memory.turns == 1) return parts_.random.jitter(interval / 2, 1.0) + 1ms;
  return interval;
}

void Reconciler::expect_recovery(const ports::OperationRecord& open) {
  recovering_[open.id] =
      OpenOperation{open.stack, "an operation that an earlier process began is being brought to its end"};
}

asio::awaitable<void> Reconciler::recover(ports::OperationRecord open, int attempts) {
  const std::string stack = open.stack;
  const std::string id = open.id;
  ports::WriteRequest request;
  request.origin = ports::Origin::recovery;
  const auto permit = parts_.gate.permit(request);
  if (!permit) {
    recovering_[id] = OpenOperation{stack, "an operation of an earlier process is open: " + permit.error().message()};
    parts_.logger.warn("an open operation of an earlier process is left as it is", kv("operation", id),
                       kv("stack", stack), kv("reason", permit.error().reason()));
    co_return;  // the stack stays in recovering_: nothing is changed on top of an open operation
  }
  for (int attempt = 1;; ++attempt) {
    ports::OperationRecord copy = open;
    ports::ProgressSink silent = [](const ports::OperationProgress&) {};
    auto closed = co_await parts_.driver.recover(*permit, std::move(copy), std::move(silent));
    if (closed) {
      recovering_.erase(id);
      parts_.logger.info("an open operation was brought to its end", kv("operation", id), kv("stack", stack),
                         kv("phase", ports::to_string(closed->phase)), kv("from", closed->from), kv("to", closed->to),
                         kv("outcome", closed->outcome));
      co_return;
    }
    recovering_[id] = OpenOperation{stack, "an operation of an earlier process is open: " + closed.error().message()};
    parts_.logger.error("an open operation could not be brought to its end yet", kv("operation", id),
                        kv("stack", stack), kv("err", closed.error().message()));
    if (attempt >= attempts) co_return;
    const SteadyTime again =
        parts_.clock.steady_now() + backoff_delay(parts_.random, attempt, kObserveRetryFirst, kObserveRetryCap);
    while (parts_.clock.steady_now() < again) {
      if (parts_.gate.stopping()) co_return;  // still open: the next start goes on with it
      (void)co_await parts_.clock.sleep_for(1s);
    }
  }
}

}  // namespace stackscaler::controller
