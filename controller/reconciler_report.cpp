// SPDX-License-Identifier: Apache-2.0
//
// The last step of a turn: status, journal and log line.
#include <fmt/core.h>

#include <memory>

#include "controller/decision_json.hpp"
#include "controller/happenings.hpp"
#include "controller/reconciler.hpp"
#include "controller/report.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Kind = ConvergeResult::Kind;

namespace {

constexpr Duration kStatusRefresh = 5min;   // values and times in the status are at most this old
constexpr Duration kStatusRetry = 30s;      // after a write that failed
constexpr Duration kProgressRefresh = 15s;  // a running operation's progress in the status
constexpr Duration kProgressLog = 30s;      // the same in the log
constexpr Duration kRepeatedLog = 1min;     // an unchanged decision is logged at most this often

// What makes one decision another for the log and the journal.
std::string fingerprint(const Turn& turn) {
  if (turn.error) return turn.error->reason() + turn.error->message();
  const decision::Decision& d = *turn.decision;
  // A model's other word is news also where it leads to the same.
  std::string advised;
  if (d.advice && !d.advice->asked.empty()) advised = fmt::format("/{}", d.advice->target);
  if (d.advice && d.advice->beside) advised += fmt::format("/{}", d.advice->beside->target);
  return fmt::format("{}/{}/{}/{}/{}/{}/{}{}", decision::to_string(d.action), d.from, d.to, d.reason, d.advisor,
                     static_cast<int>(turn.converge.kind), turn.converge.reason, advised);
}

// The same operation with another progress text.
bool moved_on(const policy::Status& written, const policy::Status& next) {
  return written.operation && next.operation && written.operation->id == next.operation->id &&
         written.operation->progress != next.operation->progress;
}

}  // namespace

asio::awaitable<void> Reconciler::report(Memory memory, Turn& turn) {
  log_turn(*memory, turn);
  if (parts_.events != nullptr) {
    for (auto& happening : happenings_of(turn, *memory, memory->told)) {
      parts_.events->tell(*turn.policy, std::move(happening));
    }
  }
  co_await journal_decision(memory, turn);
  if (parts_.status == nullptr && observer_ == nullptr) co_return;
  policy::Status next = status_after(turn, *memory, parts_.gate.settings(), parts_.clock.wall_now());
  if (observer_ != nullptr) observer_->ended(*memory, turn, next);
  if (parts_.status == nullptr) {
    memory->written = std::move(next);  // transition times are kept all the same
    co_return;
  }
  const bool refresh_due = parts_.clock.steady_now() - memory->written_at >= kStatusRefresh;
  if (memory->ever_written && !refresh_due && !policy::worth_writing(memory->written, next)) co_return;
  co_await write_status(memory, std::move(next));
}

// One write at a time a policy, and the newest status last.
asio::awaitable<void> Reconciler::write_status(Memory memory, policy::Status status) {
  memory->pending = std::move(status);
  if (memory->writing) co_return;
  const Flag writing(memory->writing);
  while (memory->pending) {
    policy::Status next = std::move(*memory->pending);
    memory->pending.reset();
    memory->written_at = parts_.clock.steady_now();
    auto copy = next;
    auto written = co_await parts_.status->write(memory->policy->key, std::move(copy));
    // Also after a failure, so that it is tried again after a while and not at every turn.
    memory->written = std::move(next);
    memory->ever_written = true;
    if (!written) memory->written_at -= kStatusRefresh - kStatusRetry;
    if (!written && written.error().kind() != ErrorKind::cancelled) {
      parts_.logger.warn("the status could not be written", kv("policy", memory->policy->key.str()),
                         kv("err", written.error().message()));
    }
  }
}

ports::ProgressSink Reconciler::progress_sink(const Memory& memory) {
  struct Logged {
    std::string phase;
    SteadyTime at{};
  };
  // The sink is copied, and its copies speak for one operation.
  return [this, memory, last = std::make_shared<Logged>()](const ports::OperationProgress& progress) {
    const SteadyTime now = parts_.clock.steady_now();
    const bool speak = progress.phase != last->phase || now - last->at >= kProgressLog;
    if (speak) *last = Logged{progress.phase, now};
    const std::string policy = memory->policy->key.str();
    const LogField fields[] = {kv("policy", policy),        kv("operation", progress.id),
                               kv("phase", progress.phase), kv("from", progress.from),
                               kv("to", progress.to),       kv("progress", progress.progress)};
    parts_.logger.write(speak ? LogLevel::info : LogLevel::debug, "operation", fields);
    if (observer_ != nullptr) observer_->moved(*memory->policy, progress);
    if (on_progress_) on_progress_(memory, progress);
  };
}

asio::awaitable<void> Reconciler::report_progress(Memory memory, ports::OperationProgress progress) {
  if (parts_.status == nullptr) co_return;
  policy::Status next = status_during(memory->written, progress, parts_.clock.wall_now());
  const bool due = parts_.clock.steady_now() - memory->written_at >= kProgressRefresh;
  if (!policy::worth_writing(memory->written, next) && !(due && moved_on(memory->written, next))) co_return;
  co_await write_status(memory, std::move(next));
}

asio::awaitable<void> Reconciler::journal_decision(Memory memory, Turn& turn) {
  if (!turn.decision) co_return;
  std::string now = fingerprint(turn);
  const SteadyTime at = parts_.clock.steady_now();
  const bool again = now == memory->last_journalled;
  if (again && at - memory->journalled_at < kStatusRefresh) co_return;
  const decision::Decision& d = *turn.decision;
  ports::DecisionRecord record = record_of(d);
  record.time = parts_.clock.wall_now();
  record.policy = turn.policy->key.str();
  record.stack = turn.view->name;
  record.detail = decision_detail_json(d, turn.observation ? &*turn.observation : nullptr, &turn.converge);
  record.again = again;
  auto put = co_await parts_.journal.put_decision(std::move(record));
  if (!put) {
    parts_.logger.warn("the journal can't be written", kv("policy", turn.policy->key.str()),
                       kv("err", put.error().message()));
    co_return;
  }
  memory->last_journalled = std::move(now);
  memory->journalled_at = at;
}

void Reconciler::log_turn(PolicyMemory& memory, const Turn& turn) {
  const SteadyTime now = parts_.clock.steady_now();
  std::string shown = fingerprint(turn);
  const bool repeated = shown == memory.last_logged && now - memory.logged_at < kRepeatedLog;
  if (repeated && !parts_.logger.enabled(LogLevel::debug)) return;
  if (!repeated) {
    memory.last_logged = std::move(shown);
    memory.logged_at = now;
  }
  const std::string policy = turn.policy->key.str();
  if (turn.error) {
    if (turn.error->kind() == ErrorKind::cancelled) return;
    const LogLevel level = needs_a_person(turn.error->reason()) ? LogLevel::error : LogLevel::warn;
    const LogField fields[] = {kv("policy", policy), kv("stack", turn.policy->stack_label()),
                               kv("err_kind", to_string(turn.error->kind())), kv("reason", turn.error->reason()),
                               kv("err", turn.error->message())};
    parts_.logger.write(repeated ? LogLevel::debug : level, "not reconciled", fields);
    return;
  }
  const decision::Decision& d = *turn.decision;
  const std::string outcome = turn.converge.reason.empty() ? d.message : d.message + "; " + turn.converge.message;
  const LogField fields[] = {kv("policy", policy),
                             kv("stack", turn.view->name),
                             kv("action", decision::to_string(d.action)),
                             kv("current", d.from),
                             kv("target", d.to),
                             LogField{"confidence", fmt::format("{:.2f}", d.confidence), true},
                             kv("reason", d.reason),
                             kv("metrics", metrics_summary(d)),
                             kv("gate", turn.converge.reason),
                             kv("message", outcome)};
  const bool bad = turn.converge.kind == Kind::failed;
  parts_.logger.write(repeated ? LogLevel::debug : bad ? LogLevel::error : LogLevel::info, "reconciled", fields);
  if (turn.converge.kind == Kind::scaled && turn.converge.report->changed) {
    parts_.logger.info("scaled", kv("policy", policy), kv("stack", turn.view->name),
                       kv("from", turn.converge.report->from), kv("to", turn.converge.report->count_after),
                       kv("operation", turn.converge.report->operation_id), kv("plan", turn.converge.report->summary));
  }
}

}  // namespace stackscaler::controller
