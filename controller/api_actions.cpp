// SPDX-License-Identifier: Apache-2.0
#include "controller/api_actions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "api/problem.hpp"
#include "async/deadline.hpp"
#include "controller/api_bridge.hpp"
#include "controller/decision_json.hpp"
#include "controller/pause.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
namespace reason = policy::reason;
using namespace std::chrono_literals;
using Status = api::ChangeView::Status;
using Kind = ConvergeResult::Kind;

namespace {

constexpr Duration kFirstWord = 60s;   // within which a change has an operation, or an end
constexpr Duration kStopLook = 500ms;  // how soon who waits notices that the program stops
constexpr Duration kAdvice = 60s;      // for advice: metrics, a model

asio::awaitable<void> wait_on(Clock& clock, Wake& wake, SteadyTime until) {
  using asio::experimental::awaitable_operators::operator||;
  auto slept = clock.sleep_until(until);
  auto woken = wake.wait();
  co_await (std::move(slept) || std::move(woken));
}

api::RecommendationView recommendation_of(const Turn& turn, WallTime now) {
  api::RecommendationView out;
  out.policy = turn.policy->key.str();
  out.decision = record_of_turn(turn, now);
  out.threshold = turn.policy->spec.advisor.confidence_threshold;
  return out;
}

}  // namespace

ApiActions::ApiActions(Program& program, Reconciler& reconciler, Loop& loop, ApiBridge& bridge)
    : program_(program),
      reconciler_(reconciler),
      loop_(loop),
      bridge_(bridge),
      tasks_(program.io.get_executor(), *program.logger) {}

// Bounds hold for a person too, unless forced; the ceiling holds always.
Result<Reconciler::ManualOrder> ApiActions::order_for(const api::ScaleCommand& command,
                                                      const policy::ScalingPolicy& policy, std::string& note) const {
  const policy::Bounds& bounds = policy.spec.bounds;
  const bool outside = command.count < bounds.min || command.count > bounds.max;
  if (program_.options.ceiling && command.count > *program_.options.ceiling) {
    return fail(ErrorKind::invalid_input, api::kOutOfBounds,
                fmt::format("{} is above --max-instances-ceiling {}", command.count, *program_.options.ceiling));
  }
  if (outside && !command.force) {
    return fail(ErrorKind::invalid_input, api::kOutOfBounds,
                fmt::format("{} is outside the bounds {} to {} of policy {}; \"force\": true goes beyond bounds",
                            command.count, bounds.min, bounds.max, policy.key.str()));
  }
  Reconciler::ManualOrder out;
  out.stack = policy.spec.stack;
  out.to = command.count;
  out.max_step = policy.spec.behavior.scale_down.max_step;
  out.gate.origin = ports::Origin::explicit_;
  out.gate.policy_dry_run = policy.spec.dry_run;
  if (policy.cluster) out.gate.policy_paused = policy.cluster->paused;
  out.requested_by = command.by.name();
  out.reason = outside ? reason::kManualForced : reason::kManual;
  out.message = command.reason.empty() ? "by hand" : command.reason;
  if (policy.spec.suspend) note = "; policy " + policy.key.str() + " is suspended, so nothing else changes this stack";
  return out;
}

asio::awaitable<void> ApiActions::run(std::shared_ptr<Job> job, std::string stack, Reconciler::ManualOrder order,
                                      std::optional<policy::PolicyKey> key) {
  const std::string by = order.requested_by;
  auto progress = [this, job, stack, by, why = order.reason,
                   message = order.message](const ports::OperationProgress& moved) {
    job->operation = moved.id;
    job->from = moved.from;
    job->to = moved.to;
    bridge_.operation_moved(stack, by, why, message, moved);
    job->changed.notify();
  };
  ports::ProgressSink sink = std::move(progress);
  auto report = co_await reconciler_.scale_by_hand(std::move(order), std::move(sink));
  bridge_.operation_over(stack, by, report ? report->summary : report.error().message());
  if (report && report->operation_id.empty()) report->operation_id = job->operation;
  job->result.emplace(std::move(report));
  // So that the loop knows of it now and not at the next reading of the state.
  if (key) loop_.wake(*key, true);
  job->changed.notify();
}

api::ChangeView ApiActions::view_of(const Job& job, const std::string& note) const {
  api::ChangeView out;
  out.operation = job.operation;
  out.hold = reconciler_.outside_hold();
  if (!job.result) {
    out.status = Status::running;
    out.from = job.from;
    out.to = job.to;
    out.message = fmt::format("scaling from {} to {} instances{}", job.from, job.to, note);
    return out;
  }
  const ports::ScaleReport& report = **job.result;
  out.status = report.changed ? Status::done : Status::unchanged;
  out.from = report.from;
  out.to = report.count_after;
  out.operation = report.operation_id;
  out.warning = report.warning;
  if (!report.changed) out.hold = Duration(0);
  out.message = report.changed ? fmt::format("Successfully scaled from {} to {} instances{}", report.from,
                                             report.count_after, note)
                               : fmt::format("{} instances already, nothing to do{}", report.count_after, note);
  return out;
}

asio::awaitable<Result<api::ChangeView>> ApiActions::scale(api::ScaleCommand command, Duration wait) {
  if (program_.gate.stopping()) co_return fail(ErrorKind::cancelled, reason::kStopping, "the controller is stopping");
  auto policy = co_await bridge_.policy_for(command.stack);
  if (!policy) co_return fail(std::move(policy).error());
  std::string note;
  auto order = order_for(command, **policy, note);
  if (!order) co_return fail(std::move(order).error());
  const auto key = bridge_.policy_of(command.stack);
  const auto job = std::make_shared<Job>(program_.io.get_executor());
  program_.logger->info("scale by hand", kv("by", order->requested_by), kv("stack", command.stack), kv("to", order->to),
                        kv("reason", order->reason), kv("message", order->message));
  tasks_.spawn("scale by hand", run(job, command.stack, std::move(*order), key));
  const SteadyTime start = program_.clock.steady_now();
  for (;;) {
    const SteadyTime now = program_.clock.steady_now();
    const SteadyTime until = start + (job->operation.empty() ? std::max(wait, kFirstWord) : wait);
    if (job->result || now >= until || program_.gate.stopping()) break;
    co_await wait_on(program_.clock, job->changed, std::min(until, now + kStopLook));
  }
  if (job->result && !*job->result) co_return fail(job->result->error());
  if (!job->result && job->operation.empty()) {
    co_return fail(ErrorKind::timeout,
                   "stack " + command.stack + ": nothing was heard of the change yet; it goes on, see its operations");
  }
  co_return view_of(*job, note);
}

asio::awaitable<Result<api::RecommendationView>> ApiActions::recommend(std::string stack) {
  auto policy = co_await bridge_.policy_for(std::move(stack));
  if (!policy) co_return fail(std::move(policy).error());
  auto look = [](Reconciler& reconciler,
                 std::shared_ptr<const policy::ScalingPolicy> of) -> asio::awaitable<Result<Turn>> {
    Turn turn = co_await reconciler.look(std::move(of));
    if (turn.error) co_return fail(*turn.error);
    co_return turn;
  };
  auto looking = look(reconciler_, *policy);
  auto turn = co_await with_deadline(program_.clock, kAdvice, std::string("recommend"), std::move(looking));
  if (!turn) co_return fail(std::move(turn).error());
  co_return recommendation_of(*turn, program_.clock.wall_now());
}

asio::awaitable<void> ApiActions::wait_for_turn(std::shared_ptr<Waiter> waiter, Duration wait) {
  const SteadyTime start = program_.clock.steady_now();
  for (;;) {
    const SteadyTime now = program_.clock.steady_now();
    const SteadyTime until = start + (waiter->operation ? wait : std::max(wait, kAdvice));
    if (waiter->change || waiter->error || now >= until || program_.gate.stopping()) co_return;
    co_await wait_on(program_.clock, waiter->changed, std::min(until, now + kStopLook));
  }
}

asio::awaitable<Result<api::AutoScaleView>> ApiActions::auto_scale(std::string stack, api::Asker by, Duration wait) {
  auto load = [this, stack] { return program_.registry.load(stack); };
  auto entry = co_await offload(program_.pool, std::move(load));
  if (!entry) co_return fail(std::move(entry).error());
  const ports::WriteRequest asked{ports::Origin::loop};
  if (auto open = program_.gate.permit(asked); !open) co_return fail(std::move(open).error());
  const auto key = bridge_.policy_of(stack);
  if (!key || !loop_.memory(*key)) {
    co_return fail(ErrorKind::conflict, "no policy names stack " + stack +
                                            ", so nothing scales it: write one, or start "
                                            "the controller with --implicit");
  }
  program_.logger->info("turn by request", kv("by", by.name()), kv("stack", stack), kv("policy", key->str()));
  const auto waiter = std::make_shared<Waiter>(*key, program_.io.get_executor());
  const auto place = waiters_.insert(waiters_.end(), waiter);
  loop_.wake(*key, true);
  co_await wait_for_turn(waiter, wait);
  waiters_.erase(place);
  if (waiter->error) co_return fail(*waiter->error);
  if (!waiter->decided) {
    co_return fail(ErrorKind::conflict, reason::kStackBusy,
                   "policy " + key->str() + " is busy with an operation; its next turn comes after that");
  }
  api::AutoScaleView out;
  out.recommendation = *waiter->decided;
  if (waiter->change) {
    out.change = *waiter->change;
    co_return out;
  }
  out.change.status = Status::running;
  out.change.from = out.recommendation.decision.from;
  out.change.to = out.recommendation.decision.to;
  if (waiter->operation) out.change.operation = waiter->operation->id;
  out.change.message = fmt::format("scaling from {} to {} instances", out.change.from, out.change.to);
  co_return out;
}

void ApiActions::turn_began(const policy::PolicyKey& key) {
  for (const auto& waiter : waiters_) {
    if (waiter->key == key) waiter->began = true;
  }
}

void ApiActions::turn_decided(const Turn& turn) {
  for (const auto& waiter : waiters_) {
    if (!waiter->began || waiter->key != turn.policy->key) continue;
    waiter->decided = recommendation_of(turn, program_.clock.wall_now());
  }
}

void ApiActions::turn_moved(const policy::PolicyKey& key, const ports::OperationProgress& progress) {
  for (const auto& waiter : waiters_) {
    if (!waiter->began || waiter->key != key) continue;
    waiter->operation = progress;
    waiter->changed.notify();
  }
}

void ApiActions::turn_ended(const Turn& turn) {
  for (const auto& waiter : waiters_) {
    if (!waiter->began || waiter->change || waiter->key != turn.policy->key) continue;
    waiter->changed.notify();
    if (turn.error) {
      waiter->error = *turn.error;
      continue;
    }
    waiter->decided = recommendation_of(turn, program_.clock.wall_now());
    api::ChangeView change;
    change.from = turn.decision->from;
    change.to = turn.decision->from;
    change.message = turn.converge.message.empty() ? turn.decision->message : turn.converge.message;
    if (waiter->operation) change.operation = waiter->operation->id;
    if (turn.converge.kind == Kind::failed) {
      waiter->error = Error(ErrorKind::conflict, turn.converge.reason, turn.converge.message);
      continue;
    }
    if (turn.converge.report) {
      const ports::ScaleReport& report = *turn.converge.report;
      change.status = report.changed ? Status::done : Status::unchanged;
      change.from = report.from;
      change.to = report.count_after;
      change.operation = report.operation_id;
      change.warning = report.warning;
      change.message = fmt::format("Successfully scaled from {} to {} instances", report.from, report.count_after);
    }
    waiter->change = std::move(change);
  }
}

api::PauseView ApiActions::pause_view(const Program& program) {
  api::PauseView out;
  const auto pause = PauseFile(std::filesystem::absolute(program.options.data)).look();
  if (!pause) {
    out.sentence = program.gate.stopped();  // of another place: the cluster's
    out.paused = !out.sentence.empty();
    return out;
  }
  out.paused = true;
  out.by = pause->by;
  out.reason = pause->reason;
  out.since = pause->since;
  out.sentence = pause->sentence();
  return out;
}

asio::awaitable<Result<api::PauseView>> ApiActions::pause(api::Asker by, std::string why) {
  const PauseFile file(std::filesystem::absolute(program_.options.data));
  if (!file.look()) {
    Pause next;
    next.by = by.name();
    next.reason = std::move(why);
    next.since = program_.clock.wall_now();
    if (auto set = file.set(next); !set) co_return fail(std::move(set).error());
  }
  co_return pause_view(program_);
}

asio::awaitable<Result<api::PauseView>> ApiActions::resume(api::Asker by) {
  const PauseFile file(std::filesystem::absolute(program_.options.data));
  auto cleared = file.clear();
  if (!cleared) co_return fail(std::move(cleared).error());
  program_.logger->info("resume", kv("by", by.name()), kv("was_paused", *cleared));
  co_return pause_view(program_);
}

}  // namespace stackscaler::controller
