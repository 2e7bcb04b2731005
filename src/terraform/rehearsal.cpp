// SPDX-License-Identifier: Apache-2.0
#include "terraform/rehearsal.hpp"

#include <cstdlib>

#include "policy/reasons.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace reason = policy::reason;

namespace {

constexpr Duration kScaleTakes = std::chrono::seconds(2);
constexpr const char* kResource = "rehearsal.instance";

std::string name_of(const policy::StackRef& stack) {
  return stack.id.empty() ? stack.path : stack.id;
}

std::string summary_of(int from, int to) {
  if (from == to) return "no changes";
  return std::string(to > from ? "create " : "delete ") + std::to_string(std::abs(to - from)) + " of " + kResource;
}

// Takes the stack out of the set of busy ones on every way out.
class Busy {
 public:
  Busy(std::set<std::string>& set, std::string name) : set_(set), name_(std::move(name)) {}
  ~Busy() { set_.erase(name_); }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::set<std::string>& set_;
  std::string name_;
};

}  // namespace

int& RehearsalDriver::count_of(const std::string& name) {
  return counts_.try_emplace(name, 1).first->second;
}

asio::awaitable<Result<ports::StackView>> RehearsalDriver::observe(policy::StackRef stack) {
  ports::StackView view;
  view.name = name_of(stack);
  view.identity = "rehearsal#" + view.name + "#" + stack.workspace;
  view.count = count_of(view.name);
  for (int i = 0; i < view.count; ++i) view.indexes.push_back(i);
  view.resource = kResource;
  view.read_at = clock_.wall_now();
  co_return view;
}

asio::awaitable<Result<ports::PlanReport>> RehearsalDriver::plan(policy::StackRef stack, int to) {
  ports::PlanReport report;
  report.from = count_of(name_of(stack));
  report.to = to;
  report.nothing_to_do = report.from == to;
  report.summary = summary_of(report.from, to);
  co_return report;
}

asio::awaitable<Result<ports::ScaleReport>> RehearsalDriver::scale(const ports::WritePermit& permit,
                                                                   ports::ScaleOrder order,
                                                                   ports::ProgressSink progress) {
  auto open = permit.check();
  if (!open) co_return fail(std::move(open).error());
  if (stopping_) co_return fail(ErrorKind::cancelled, reason::kStopping, "the program is stopping");
  const std::string name = name_of(order.stack);
  if (!busy_.insert(name).second) {
    co_return fail(ErrorKind::conflict, reason::kStackBusy, "stack " + name + " is being changed already");
  }
  const Busy busy(busy_, name);
  if (order.from && *order.from != count_of(name)) {
    co_return fail(ErrorKind::conflict, reason::kCountChanged, "stack " + name + " holds another count by now");
  }
  if (order.still_wanted) {
    if (auto wanted = order.still_wanted(); !wanted) co_return fail(std::move(wanted).error());
  }
  ports::OperationRecord record;
  record.id = random_.id();
  record.stack = name;
  record.workspace = order.stack.workspace;
  record.requested_by = order.requested_by;
  record.from = count_of(name);
  record.to = order.to;
  record.reason = order.reason;
  record.message = order.message;
  record.started = clock_.wall_now();
  record.plan_summary = summary_of(record.from, record.to);
  auto intended = record;
  auto written = co_await journal_.put_operation(std::move(intended));
  if (!written) co_return fail(ErrorKind::unavailable, reason::kJournalUnavailable, written.error().message());

  ports::OperationProgress told;
  told.id = record.id;
  told.phase = "Applying";
  told.from = record.from;
  told.to = record.to;
  told.since = record.started;
  if (progress) progress(told);
  const bool changes = record.from != record.to;
  if (changes) (void)co_await clock_.sleep_for(kScaleTakes);
  count_of(name) = record.to;
  record.phase = changes ? ports::Phase::succeeded : ports::Phase::abandoned;
  record.ended = clock_.wall_now();
  record.count_after = record.to;
  record.outcome_reason = std::string(reason::kRehearsal);
  record.outcome = "rehearsed: no Terraform was run";
  ports::ScaleReport report;
  report.operation_id = record.id;
  report.from = record.from;
  report.count_after = record.to;
  report.changed = changes;
  report.summary = record.plan_summary;
  auto closed = co_await journal_.put_operation(std::move(record));
  if (!closed) co_return fail(ErrorKind::unavailable, reason::kJournalUnavailable, closed.error().message());
  co_return report;
}

asio::awaitable<Result<ports::OperationRecord>> RehearsalDriver::recover(const ports::WritePermit& permit,
                                                                         ports::OperationRecord open,
                                                                         ports::ProgressSink) {
  auto allowed = permit.check();
  if (!allowed) co_return fail(std::move(allowed).error());
  open.phase = ports::Phase::abandoned;
  open.ended = clock_.wall_now();
  open.outcome_reason = std::string(reason::kRehearsal);
  open.outcome = "a rehearsal leaves nothing behind";
  ports::OperationRecord copy = open;
  auto written = co_await journal_.put_operation(std::move(copy));
  if (!written) co_return fail(ErrorKind::unavailable, reason::kJournalUnavailable, written.error().message());
  co_return open;
}

asio::awaitable<std::vector<std::string>> RehearsalDriver::changed_stacks() {
  co_return std::vector<std::string>{};  // nobody else can change a count that lives in here
}

}  // namespace stackscaler::terraform
