// SPDX-License-Identifier: Apache-2.0
//
// The step of a turn that changes a stack, and what comes of it.
#include <algorithm>
#include <optional>

#include "controller/reconciler.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
namespace reason = policy::reason;
using namespace std::chrono_literals;
using decision::Action;
using Kind = ConvergeResult::Kind;

namespace {

constexpr Duration kDecisionLasts = 1min;  // so long may a decision wait for its place among running Terraforms

void hold(Turn& turn, std::string_view why, std::string message) {
  turn.converge.kind = Kind::held;
  turn.converge.reason = why;
  turn.converge.message = std::move(message);
}

HoldBasis basis_of(const Turn& turn) {
  return HoldBasis{turn.policy->spec_digest, turn.view->config_stamp};
}

policy::Condition plan_condition(policy::ConditionStatus status, std::string_view why, std::string message) {
  policy::Condition c;
  c.type = "PlanSafe";
  c.status = status;
  c.reason = why;
  c.message = std::move(message);
  return c;
}

}  // namespace

// Whether the policy still says what it said when the decision was made.
Result<void> Reconciler::still_wanted(const PolicyMemory& memory, const std::string& digest) {
  if (!memory.retired && memory.policy->cluster && !memory.policy->cluster->paused.empty()) {
    return fail(ErrorKind::conflict, reason::kPaused, "nothing is changed: " + memory.policy->cluster->paused);
  }
  if (!memory.retired && memory.policy->spec_digest == digest) return {};
  return fail(ErrorKind::conflict, reason::kPolicyChanged,
              "the policy was edited or removed while this was decided; nothing was changed");
}

bool Reconciler::may_try(const PolicyMemory& memory, Turn& turn) {
  if (auto wanted = still_wanted(memory, turn.policy->spec_digest); !wanted) {
    hold(turn, wanted.error().reason(), wanted.error().message());
    return false;
  }
  for (const auto& [operation, open] : recovering_) {
    if (open.stack != turn.view->name) continue;
    hold(turn, reason::kRecovering, open.message);
    return false;
  }
  const SteadyTime now = parts_.clock.steady_now();
  if (memory.outside_until && now < *memory.outside_until) {
    hold(turn, reason::kCountChangedOutside,
         memory.outside + "; it is left alone for " + format_duration(settings_.outside_hold));
    return false;
  }
  if (const auto held = memory.hold.holds(basis_of(turn), now)) {
    hold(turn, held->reason, held->message);
    return false;
  }
  return true;
}

// The limits of the fleet, for a scale-down: the breaker holds it, and the budget may make it smaller.
asio::awaitable<Result<void>> Reconciler::check_fleet(Turn& turn) {
  decision::Decision& decision = *turn.decision;
  if (decision.to >= decision.from) co_return Result<void>{};
  auto calm = fleet_.check_breaker();
  if (!calm || fleet_.limits().max_destroyed_per_hour == 0) co_return calm;
  auto destroyed = co_await destroyed_lately(parts_.journal, fleet_, parts_.clock.wall_now());
  if (!destroyed) co_return fail(std::move(destroyed).error());
  const auto allowed = fleet_.allowance(*destroyed);
  if (!allowed) co_return fail(allowed.error());
  if (decision.from - decision.to > *allowed) {
    decision.to = decision.from - *allowed;
    decision.message += "; --max-destroyed-per-hour leaves " + std::to_string(*allowed);
  }
  co_return Result<void>{};
}

// Whether a scale-down is right after a drain: other metrics may have come meanwhile, or none.
asio::awaitable<Result<void>> Reconciler::still_right(Memory memory, int from, int to, int max) {
  auto calm = fleet_.check_breaker();
  if (!calm) co_return calm;
  const auto policy = memory->policy;
  auto reading = co_await parts_.metrics.read(*policy);
  const auto observation = ports::observation_of(std::move(reading), from);
  const auto signals = decision::read_signals(policy->spec, observation, memory->history, parts_.clock.wall_now());
  // Above the bounds it is to come down whatever the metrics ask for.
  const bool more = signals.proposal && *signals.proposal >= from && from <= max;
  if (signals.may_scale_down && !more) co_return Result<void>{};
  std::string why = "data is missing (" + signals.missing + ")";
  if (signals.may_scale_down) why = "the metrics ask for " + std::to_string(*signals.proposal);
  co_return fail(ErrorKind::conflict, reason::kDecisionExpired,
                 "after the drain " + why + ", so " + std::to_string(from) + " -> " + std::to_string(to) +
                     " was given up and nothing was changed");
}

asio::awaitable<void> Reconciler::converge(Memory memory, Turn& turn, std::function<void()> on_converge) {
  if (turn.decision->action == Action::no_change) {
    memory->hold.quiet(parts_.clock.steady_now());
    co_return;
  }
  if (!may_try(*memory, turn)) co_return;
  ports::WriteRequest request;
  request.origin = ports::Origin::loop;
  request.policy_dry_run = turn.policy->spec.dry_run;
  request.policy_suspend = turn.policy->spec.suspend;
  request.schedule = turn.decision->suspended_by;
  if (turn.policy->cluster) request.policy_paused = turn.policy->cluster->paused;
  const auto permit = parts_.gate.permit(request);
  if (!permit) {
    turn.converge.kind = Kind::gated;
    turn.converge.reason = permit.error().reason();
    turn.converge.message = permit.error().message();
    co_return;
  }
  auto allowed = co_await check_fleet(turn);
  if (!allowed) {
    hold(turn, allowed.error().reason(), allowed.error().message());
    co_return;
  }
  const Reservation reserved(fleet_, turn.view->name, std::max(0, turn.decision->from - turn.decision->to));
  if (on_converge) on_converge();
  const Flag converging(memory->converging);
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
  if (order.to < *order.from) {
    order.still_right = [this, memory, from = *order.from, to = order.to, max = turn.decision->bounds.max] {
      return still_right(memory, from, to, max);
    };
  }
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
  if (turn.converge.reason == reason::kPaused) {  // it came between the plan and the apply
    turn.converge.kind = Kind::gated;
    return;
  }
  if (error.kind() == ErrorKind::cancelled || turn.converge.reason == reason::kStopping) {
    turn.converge.kind = Kind::gated;
    turn.converge.reason = reason::kStopping;
    return;
  }
  memory.history_loaded = false;  // an apply that failed has an end too: the cooldown counts from it
  if (turn.converge.reason == reason::kPlanRefused || turn.converge.reason == reason::kUnhealthyStack) {
    memory.plan_safe = plan_condition(policy::ConditionStatus::false_, turn.converge.reason, turn.converge.message);
  }
  memory.hold.failed(Hold::Reason{turn.converge.reason, turn.converge.message}, basis_of(turn),
                     parts_.clock.steady_now(), parts_.random);
  turn.converge.stalled = memory.hold.stalled();
}

void Reconciler::note_scaled(PolicyMemory& memory, Turn& turn, const ports::ScaleReport& report) {
  memory.hold.succeeded();
  memory.plan_safe = plan_condition(policy::ConditionStatus::true_, reason::kPlanSafe,
                                    "the last plan held only what the decision explains");
  memory.last_count = report.count_after;
  turn.converge.kind = Kind::scaled;
  turn.converge.report = report;
  turn.view->count = report.count_after;
  turn.count_age = Duration(0);
  if (!report.changed) return;
  memory.orphans.clear();
  memory.orphans_elsewhere.clear();
  const policy::Behavior& behavior = turn.policy->spec.behavior;
  const WallTime now = parts_.clock.wall_now();
  decision::note_scaled(memory.history, behavior, warmup_of(memory), report.from, report.count_after, now);
  memory.boot.scaled(report.from, report.count_after, now);
}

// Never in the way of a turn: the loop calls it for one policy at a time, and the driver gives it a place like others.
asio::awaitable<void> Reconciler::check_plan(Memory memory) {
  const auto policy = memory->policy;
  const Duration pause = policy->spec.stack.plan_check;
  memory->plan_due = parts_.clock.steady_now() + pause - parts_.random.jitter(pause / 10, 1.0);
  if (!memory->view || parts_.gate.settings().rehearsal) co_return;
  const int count = memory->view->count;
  const auto scaled = memory->history.last_scale_end;
  auto report = co_await parts_.driver.plan(policy->spec.stack, count);
  if (memory->retired || parts_.gate.stopping()) co_return;
  // A change meanwhile makes the plan one of neither count.
  if (memory->converging || memory->last_count != count || memory->history.last_scale_end != scaled) {
    memory->plan_due = parts_.clock.steady_now() + 1min;
    co_return;
  }
  policy::Condition next;
  if (!report) {
    if (report.error().kind() == ErrorKind::cancelled) co_return;
    next = plan_condition(policy::ConditionStatus::unknown, reason::kPlanUnknown,
                          "the plan check failed: " + report.error().message());
  } else if (!report->refused.empty()) {
    std::string lines;
    for (const std::string& line : report->refused) lines += (lines.empty() ? "" : "; ") + line;
    if (lines.size() > 600) lines.resize(600);
    next = plan_condition(policy::ConditionStatus::false_, report->refusal_reason,
                          "a plan without a scaling holds changes, so scaling would be refused: " + lines);
  } else {
    next =
        plan_condition(policy::ConditionStatus::true_, reason::kPlanSafe, "the last plan check held no other change");
  }
  const bool news =
      !memory->plan_safe || memory->plan_safe->status != next.status || memory->plan_safe->message != next.message;
  memory->plan_safe = std::move(next);
  if (!news) co_return;
  parts_.logger.info("plan check", kv("policy", policy->key.str()), kv("reason", memory->plan_safe->reason),
                     kv("message", memory->plan_safe->message));
  // A turn under way writes its own status, with this in it.
  if (parts_.status == nullptr || !memory->ever_written || memory->converging) co_return;
  policy::Status status = memory->pending ? *memory->pending : memory->written;
  policy::set_condition(status, *memory->plan_safe, parts_.clock.wall_now());
  co_await write_status(memory, std::move(status));
}

}  // namespace stackscaler::controller
