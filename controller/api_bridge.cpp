// SPDX-License-Identifier: Apache-2.0
#include "controller/api_bridge.hpp"

#include <utility>

#include "controller/api_actions.hpp"
#include "controller/decision_json.hpp"
#include "controller/history.hpp"
#include "controller/pause.hpp"
#include "controller/report.hpp"
#include "controller/version.hpp"
#include "policy/implicit.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using Kind = ConvergeResult::Kind;

namespace {

std::string_view outcome_of(const Turn& turn) {
  if (turn.error) return "error";
  switch (turn.converge.kind) {
    case Kind::not_wanted: return "not_wanted";
    case Kind::gated: return "gated";
    case Kind::held: return "held";
    case Kind::scaled: return "scaled";
    case Kind::failed: return "failed";
  }
  return "error";
}

// What came of asking the policy's advisor.
std::string_view consultation_of(const Turn& turn) {
  const decision::Advice& advice = *turn.decision->advice;
  const policy::AdvisorType type = turn.policy->spec.advisor.type;
  if (!advice.unavailable.empty()) return "fallback";
  if (type == policy::AdvisorType::rules) return "ok";
  const decision::Advice& given = advice.beside ? *advice.beside : advice;
  if (given.advisor != policy::to_string(type)) return "skipped";
  for (const decision::TraceLine& line : given.trace) {
    if (line.message.starts_with("the same numbers as before")) return "cached";
  }
  return "ok";
}

std::string named_or_path(const policy::StackRef& stack) {
  return stack.id.empty() ? stack.path : stack.id;
}

}  // namespace

ports::DecisionRecord record_of_turn(const Turn& turn, WallTime now) {
  ports::DecisionRecord out = record_of(*turn.decision);
  out.time = now;
  out.seen = now;
  out.policy = turn.policy->key.str();
  out.stack = turn.view ? turn.view->name : named_or_path(turn.policy->spec.stack);
  out.detail = decision_detail_json(*turn.decision, turn.observation ? &*turn.observation : nullptr, &turn.converge);
  return out;
}

ApiBridge::ApiBridge(Program& program, Reconciler& reconciler, Loop& loop)
    : program_(program),
      reconciler_(reconciler),
      loop_(loop),
      terraform_(program.terraform_name()),
      started_(program.clock.wall_now()),
      tasks_(program.io.get_executor(), *program.logger) {
  reconciler_.observe_with(this);
  loop_.observe_with(this);
}

std::shared_ptr<const policy::ScalingPolicy> ApiBridge::policy_named(const policy::PolicyKey& key) const {
  const PolicyMemory* const memory = loop_.memory(key);
  return memory == nullptr ? nullptr : memory->policy;
}

std::optional<api::PolicyView> ApiBridge::policy(const policy::PolicyKey& key) const {
  const PolicyMemory* const memory = loop_.memory(key);
  if (memory == nullptr) return std::nullopt;
  api::PolicyView out;
  out.policy = memory->policy.get();
  out.stack = memory->view ? memory->view->name : named_or_path(memory->policy->spec.stack);
  out.implicit = policy::is_implicit(key);
  out.generation = memory->generation;
  if (const auto seen = seen_.find(key); seen != seen_.end()) out.last = &seen->second.last;
  const SteadyTime now = program_.clock.steady_now();
  const WallTime wall = program_.clock.wall_now();
  const auto at = [&](SteadyTime time) { return wall + std::chrono::duration_cast<Duration>(time - now); };
  if (const auto due = loop_.next_turn(key)) out.next_run = at(*due);
  if (memory->outside_until && *memory->outside_until > now) out.held_until = at(*memory->outside_until);
  return out;
}

std::optional<policy::PolicyKey> ApiBridge::policy_of(const std::string& stack) const {
  const auto found = by_stack_.find(stack);
  return found == by_stack_.end() ? std::nullopt : std::optional(found->second);
}

api::ControllerView ApiBridge::controller() const {
  const Options& o = program_.options;
  api::ControllerView out;
  out.version = version();
  out.enabled = o.enabled;
  out.dry_run = o.dry_run;
  out.rehearsal = o.rehearsal;
  out.leader = !program_.cluster || program_.cluster->leading();
  out.stopping = program_.gate.stopping();
  out.ready = ready_;
  out.pause = ApiActions::pause_view(program_);
  out.defaults = o.defaults;
  out.ceiling = o.ceiling;
  out.terraform = terraform_;
  out.policies = loop_.policies();
  out.waiting = loop_.waiting();
  out.in_work = loop_.in_work();
  out.turns = loop_.counters().turns;
  out.lateness_p50 = loop_.counters().lateness.percentile(0.5);
  out.lateness_p99 = loop_.counters().lateness.percentile(0.99);
  out.lateness_max = loop_.counters().lateness.max();
  out.started = started_;
  return out;
}

void ApiBridge::known(const policy::ScalingPolicy& policy) {
  if (!policy.spec.stack.id.empty()) by_stack_.try_emplace(policy.spec.stack.id, policy.key);
  if (api_ != nullptr) api_->policy_changed(policy.key);
}

void ApiBridge::gone(const policy::PolicyKey& key) {
  seen_.erase(key);
  std::erase_if(by_stack_, [&](const auto& one) { return one.second == key; });
  if (api_ != nullptr) api_->policy_removed(key);
}

void ApiBridge::began(const policy::PolicyKey& key) {
  if (actions_ != nullptr) actions_->turn_began(key);
}

void ApiBridge::decided(const Turn& turn) {
  if (actions_ != nullptr) actions_->turn_decided(turn);
}

void ApiBridge::count_turn(const Turn& turn) {
  api::Telemetry& telemetry = api_->telemetry();
  telemetry.reconciled(outcome_of(turn));
  if (!turn.decision) return;
  telemetry.decided(decision::to_string(turn.decision->action), turn.decision->reason);
  if (turn.decision->advice) {
    telemetry.consulted(policy::to_string(turn.policy->spec.advisor.type), consultation_of(turn));
  }
}

void ApiBridge::note_point(const Turn& turn, WallTime now) {
  if (!turn.decision) return;
  api::HistoryPoint point;
  point.time = now;
  point.count = turn.view->count;
  point.desired = turn.decision->to;
  for (const decision::Signal& signal : turn.decision->signals) point.values.emplace_back(signal.name, signal.value);
  api_->recent().add(turn.policy->key, std::move(point));
}

void ApiBridge::ended(const PolicyMemory& memory, const Turn& turn, const policy::Status& status) {
  if (api_ == nullptr) return;
  const WallTime now = program_.clock.wall_now();
  count_turn(turn);
  if (turn.view && turn.converge.kind != Kind::not_wanted) {
    operation_over(turn.view->name, "policy " + turn.policy->key.str(), turn.converge.message);
  }
  if (actions_ != nullptr) actions_->turn_ended(turn);
  if (memory.retired) return;
  if (turn.view && !turn.error) by_stack_[turn.view->name] = turn.policy->key;
  note_point(turn, now);
  Seen& seen = seen_[turn.policy->key];
  seen.last.status = status;
  seen.last.held = turn.converge.kind == Kind::held ? turn.converge.message : std::string();
  if (turn.decision) {
    seen.last.signals = turn.decision->signals;
    seen.last.bounds = turn.decision->bounds;
    seen.last.suspended_by = turn.decision->suspended_by;
    const decision::Decision& d = *turn.decision;
    std::string news = d.reason + "/" + std::to_string(d.from) + "/" + std::to_string(d.to);
    if (news != seen.told) {
      seen.told = std::move(news);
      api_->decided(record_of_turn(turn, now));
    }
  }
  api_->policy_changed(turn.policy->key);
}

void ApiBridge::moved(const policy::ScalingPolicy& policy, const ports::OperationProgress& progress) {
  const PolicyMemory* const memory = loop_.memory(policy.key);
  const std::string stack = memory != nullptr && memory->view ? memory->view->name : named_or_path(policy.spec.stack);
  const auto seen = seen_.find(policy.key);
  std::string reason;
  std::string message;
  if (seen != seen_.end() && seen->second.last.status.last_decision) {
    reason = seen->second.last.status.last_decision->reason;
    message = seen->second.last.status.last_decision->message;
  }
  operation_moved(stack, "policy " + policy.key.str(), reason, message, progress);
  if (actions_ != nullptr) actions_->turn_moved(policy.key, progress);
}

void ApiBridge::operation_moved(const std::string& stack, const std::string& by, const std::string& reason,
                                const std::string& message, const ports::OperationProgress& progress) {
  ports::OperationRecord& record = running_[stack];
  if (record.id != progress.id) {
    record = ports::OperationRecord();
    record.id = progress.id;
    record.stack = stack;
    record.requested_by = by;
    record.reason = reason;
    record.message = message;
    record.started = progress.since == WallTime{} ? program_.clock.wall_now() : progress.since;
  }
  record.from = progress.from;
  record.to = progress.to;
  if (api_ == nullptr) return;
  api_->operation_moved(record, progress);
  const auto key = policy_of(stack);
  const auto seen = key ? seen_.find(*key) : seen_.end();
  if (seen == seen_.end()) return;
  policy::Status& status = seen->second.last.status;
  status = status_during(status, progress, program_.clock.wall_now());
  api_->policy_changed(*key);
}

void ApiBridge::operation_over(const std::string& stack, const std::string& by, const std::string& outcome) {
  const auto found = running_.find(stack);
  if (found == running_.end() || found->second.requested_by != by) return;
  ports::OperationRecord known = std::move(found->second);
  running_.erase(found);
  const auto key = policy_of(stack);
  if (const auto seen = key ? seen_.find(*key) : seen_.end(); seen != seen_.end()) {
    seen->second.last.status.operation.reset();  // the next turn says what came of it
    api_->policy_changed(*key);
  }
  tasks_.spawn("operation end", finish(std::move(known), outcome));
}

asio::awaitable<void> ApiBridge::finish(ports::OperationRecord known, std::string outcome) {
  auto record = co_await program_.journal->operation(known.id);
  if (record && *record && ports::finished((*record)->phase)) {
    api_->operation_ended(**record);
    co_return;
  }
  // It never came so far as to be in the journal, or the journal can't be read.
  known.phase = ports::Phase::abandoned;
  known.ended = program_.clock.wall_now();
  known.outcome = std::move(outcome);
  api_->operation_ended(known);
}

asio::awaitable<Result<api::DecisionPage>> ApiBridge::decisions(api::DecisionQuery query) {
  journal::Store::PageQuery page;
  page.name = std::move(query.policy);
  page.since = query.since;
  page.until = query.until;
  page.before = query.before;
  page.limit = query.limit;
  auto read = co_await program_.journal->decision_page(std::move(page));
  if (!read) co_return fail(std::move(read).error());
  api::DecisionPage out;
  out.records = std::move(read->records);
  out.next = read->next;
  co_return out;
}

asio::awaitable<Result<api::OperationPage>> ApiBridge::operations(api::OperationQuery query) {
  journal::Store::PageQuery page;
  page.name = std::move(query.stack);
  page.since = query.since;
  page.until = query.until;
  page.before = query.before;
  page.limit = query.limit;
  auto read = co_await program_.journal->operation_page(std::move(page));
  if (!read) co_return fail(std::move(read).error());
  api::OperationPage out;
  out.records = std::move(read->records);
  out.next = read->next;
  co_return out;
}

asio::awaitable<Result<std::optional<ports::OperationRecord>>> ApiBridge::operation(std::string id) {
  return program_.journal->operation(std::move(id));
}

std::string ApiBridge::explain(const ports::DecisionRecord& decision,
                               const std::optional<ports::OperationRecord>& operation) const {
  return render_explanation(decision, operation);
}

}  // namespace stackscaler::controller
