// SPDX-License-Identifier: Apache-2.0
//
// A change that a person asks for while the loop runs.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "controller/reconciler.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
namespace reason = policy::reason;

namespace {

// Law 11: no more at once than the policy allows, whoever asks.
Result<void> check_step(const policy::Step& max_step, int from, int to) {
  const int limit = policy::limit_size(max_step, from);
  if (from - to <= limit) return {};
  return fail(ErrorKind::invalid_input, "OutOfBounds",
              fmt::format("this would remove {} of {} instances at once, and behavior.scaleDown.maxStep allows {}: go "
                          "to {} first",
                          from - to, from, limit, from - limit));
}

}  // namespace

asio::awaitable<Result<void>> Reconciler::check_budget(int fewer) {
  if (fewer <= 0 || fleet_.limits().max_destroyed_per_hour == 0) co_return Result<void>{};
  auto destroyed = co_await destroyed_lately(parts_.journal, fleet_, parts_.clock.wall_now());
  if (!destroyed) co_return fail(std::move(destroyed).error());
  const auto allowed = fleet_.allowance(*destroyed);
  if (!allowed) co_return fail(allowed.error());
  if (fewer <= *allowed) co_return Result<void>{};
  co_return fail(ErrorKind::conflict, reason::kFleetLimit,
                 fmt::format("--max-destroyed-per-hour leaves {} of the {} that would go", *allowed, fewer));
}

asio::awaitable<Result<ports::ScaleReport>> Reconciler::scale_by_hand(ManualOrder order, ports::ProgressSink progress) {
  const auto permit = parts_.gate.permit(order.gate);
  if (!permit) co_return fail(permit.error());
  auto stack = order.stack;
  auto view = co_await parts_.driver.observe(std::move(stack));
  if (!view) co_return fail(std::move(view).error());
  for (const auto& [operation, open] : recovering_) {
    if (open.stack == view->name) co_return fail(ErrorKind::conflict, reason::kRecovering, open.message);
  }
  if (auto step = check_step(order.max_step, view->count, order.to); !step) co_return fail(std::move(step).error());
  auto budget = co_await check_budget(view->count - order.to);
  if (!budget) co_return fail(std::move(budget).error());
  // The driver takes one change a stack at a time; a reservation of a turn's under way must not be overwritten.
  if (fleet_.reserved(view->name)) {
    co_return fail(ErrorKind::conflict, reason::kStackBusy, "stack " + view->name + " is being changed already");
  }
  const Reservation reserved(fleet_, view->name, std::max(0, view->count - order.to));
  ports::ScaleOrder scale;
  scale.stack = std::move(order.stack);
  scale.from = view->count;
  scale.to = order.to;
  scale.requested_by = order.requested_by;
  scale.reason = std::move(order.reason);
  scale.message = std::move(order.message);
  auto report = co_await parts_.driver.scale(*permit, std::move(scale), std::move(progress));
  if (report && report->changed) {
    parts_.logger.info("scaled", kv("by", order.requested_by), kv("stack", view->name), kv("from", report->from),
                       kv("to", report->count_after), kv("operation", report->operation_id),
                       kv("plan", report->summary));
  } else if (!report && report.error().kind() != ErrorKind::cancelled) {
    parts_.logger.warn("not scaled", kv("by", order.requested_by), kv("stack", view->name),
                       kv("reason", report.error().reason()), kv("err", report.error().message()));
  }
  co_return report;
}

}  // namespace stackscaler::controller
