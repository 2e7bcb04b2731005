// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler stack list|show|adopt|scale`.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "base/files.hpp"
#include "controller/commands.hpp"
#include "controller/program.hpp"
#include "controller/render.hpp"
#include "policy/reasons.hpp"
#include "stack/template.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;

namespace {

int complain(const Error& error) {
  std::fprintf(stderr, "stackscaler: %s\n", error.message().c_str());
  return 1;
}

asio::awaitable<void> look(Program& program, StackRow& row) {
  if (!row.listed.entry) {
    row.problem = row.listed.problem;
    co_return;
  }
  policy::StackRef ref;
  ref.id = row.listed.id;
  if (row.listed.entry->metadata.terraform) ref.workspace = row.listed.entry->metadata.terraform->workspace;
  auto view = co_await program.driver->observe(std::move(ref));
  if (view) {
    row.view = std::move(*view);
  } else {
    row.problem = view.error().message();
    row.destroyed =
        view.error().kind() == ErrorKind::not_found && view.error().reason() == policy::reason::kStateChanged;
  }
}

asio::awaitable<void> look_at_all(Program& program, std::vector<StackRow>& rows) {
  for (StackRow& row : rows) co_await look(program, row);
}

// Law 11 for a person: without --force no more is removed at once than the default policy would.
Result<void> check_step(const Options& options, int from) {
  const int limit = policy::limit_size(policy::Behavior{}.scale_down.max_step, from);
  const int removed = from - options.instances;
  if (options.force) return {};
  if (options.instances == 0 && from > 0) {
    return fail(ErrorKind::invalid_input, "this would remove every instance; repeat with --force if that is meant");
  }
  if (removed <= limit) return {};
  return fail(
      ErrorKind::invalid_input,
      fmt::format("this would remove {} of {} instances at once, and the limit is {}; go to {} first, or repeat "
                  "with --force",
                  removed, from, limit, from - limit));
}

// The fleet's budget holds for a person too, without --force.
asio::awaitable<Result<void>> check_budget(Program& program, int fewer) {
  const FleetGuard guard(program.options.fleet);
  if (fewer <= 0 || program.options.force || guard.limits().max_destroyed_per_hour == 0) co_return Result<void>{};
  auto destroyed = co_await destroyed_lately(*program.journal, guard, program.clock.wall_now());
  if (!destroyed) co_return fail(std::move(destroyed).error());
  auto allowed = guard.allowance(*destroyed);
  if (!allowed) co_return fail(std::move(allowed).error().with_context("repeat with --force if that is meant"));
  if (fewer <= *allowed) co_return Result<void>{};
  co_return fail(
      ErrorKind::conflict, policy::reason::kFleetLimit,
      fmt::format("--max-destroyed-per-hour leaves {} of the {} that would go; repeat with --force if that is "
                  "meant",
                  *allowed, fewer));
}

asio::awaitable<void> scale(Program& program, Result<ports::ScaleReport>& out) {
  const Options& options = program.options;
  auto permit = program.gate.permit(ports::WriteRequest{ports::Origin::explicit_});
  if (!permit) {
    out = fail(std::move(permit).error());
    co_return;
  }
  ports::ScaleOrder order;
  order.stack.id = options.stack_id;
  auto entry = program.registry.load(options.stack_id);
  if (entry && entry->metadata.terraform) order.stack.workspace = entry->metadata.terraform->workspace;
  auto ref = order.stack;
  auto view = co_await program.driver->observe(std::move(ref));
  auto step = view ? check_step(options, view->count) : Result<void>(fail(view.error()));
  if (!step) {
    out = fail(std::move(step).error());
    co_return;
  }
  auto budget = co_await check_budget(program, view->count - options.instances);
  if (!budget) {
    out = fail(std::move(budget).error());
    co_return;
  }
  order.from = view->count;
  order.to = options.instances;
  order.requested_by = "stack scale";
  order.reason = options.force ? policy::reason::kManualForced : policy::reason::kManual;
  order.message = options.reason.empty() ? "by hand" : options.reason;
  ports::ProgressSink sink = [](const ports::OperationProgress& p) {
    std::fprintf(stderr, "%s: %d -> %d%s%s\n", p.phase.c_str(), p.from, p.to, p.progress.empty() ? "" : ", ",
                 p.progress.c_str());
  };
  out = co_await program.driver->scale(*permit, std::move(order), std::move(sink));
}

asio::awaitable<void> adopt(Program& program, Result<terraform::AdoptReport>& out) {
  const Options& options = program.options;
  auto permit = program.gate.permit(ports::WriteRequest{ports::Origin::explicit_});
  if (!permit) {
    out = fail(std::move(permit).error());
    co_return;
  }
  terraform::AdoptRequest request;
  request.folder = std::filesystem::absolute(options.folder).lexically_normal();
  request.id = options.stack_id;
  if (request.id.empty()) {
    const auto name =
        request.folder.filename().empty() ? request.folder.parent_path().filename() : request.folder.filename();
    request.id = name.string();
  }
  request.variable = options.variable;
  request.resource = options.resource;
  request.workspace = options.workspace;
  request.dependents = options.dependents;
  request.accept_state = options.accept_state;
  if (!options.template_file.empty()) {
    request.template_file = std::filesystem::absolute(options.template_file).lexically_normal();
  }
  if (!options.context_file.empty()) {
    if (options.template_file.empty()) {
      out = fail(ErrorKind::invalid_input, "--context goes with --template");
      co_return;
    }
    auto context = read_file(options.context_file, stack::kMaxTemplateBytes);
    if (!context) {
      out = fail(std::move(context).error());
      co_return;
    }
    request.context = std::move(*context);
  }
  out = co_await program.terraform->adopt(*permit, std::move(request));
}

}  // namespace

int stack_list(const Options& options) {
  auto program = Program::make(options);
  if (!program) return complain(program.error());
  auto stacks = (*program)->registry.list();
  if (!stacks) return complain(stacks.error());
  std::vector<StackRow> rows;
  for (auto& listed : *stacks) {
    StackRow row;
    row.listed = std::move(listed);
    rows.push_back(std::move(row));
  }
  (*program)->run(look_at_all(**program, rows));
  std::fputs((options.output == Output::json ? render_stacks_json(rows) : render_stacks_table(rows)).c_str(), stdout);
  bool broken = false;
  for (const StackRow& row : rows) broken = broken || !row.problem.empty();
  return broken ? 1 : 0;
}

int stack_show(const Options& options) {
  auto program = Program::make(options);
  if (!program) return complain(program.error());
  auto entry = (*program)->registry.load(options.stack_id);
  if (!entry) return complain(entry.error());
  StackRow row;
  row.listed.id = entry->id;
  row.listed.entry = std::move(*entry);
  (*program)->run(look(**program, row));
  std::fputs((options.output == Output::json ? render_stack_json(row) : render_stack(row)).c_str(), stdout);
  return row.problem.empty() ? 0 : 1;
}

int stack_adopt(const Options& options) {
  auto program = Program::make(options);
  if (!program) return complain(program.error());
  Result<terraform::AdoptReport> report = terraform::AdoptReport{};
  (*program)->run(adopt(**program, report));
  if (!report) return complain(report.error());
  const std::string by = report->template_file.empty() ? "var." + report->variable : report->template_file;
  std::printf("adopted %s: %d instance(s) of %s, sized by %s, %s backend\n", report->id.c_str(), report->count,
              report->resource.c_str(), by.c_str(), report->backend.c_str());
  for (const std::string& warning : report->warnings) std::printf("warning: %s\n", warning.c_str());
  if (!report->proposed_dependents.empty()) {
    std::printf("these come and go with the instances; list them in the policy if that is meant:\n  dependents:\n");
    for (const std::string& address : report->proposed_dependents) std::printf("    - %s\n", address.c_str());
  }
  return 0;
}

int stack_scale(const Options& options) {
  auto program = Program::make(options);
  if (!program) return complain(program.error());
  Result<ports::ScaleReport> report = ports::ScaleReport{};
  (*program)->run(scale(**program, report));
  if (!report) return complain(report.error());
  if (options.output == Output::json) {
    std::fputs(render_scale_json(options.stack_id, *report).c_str(), stdout);
  } else if (report->changed) {
    std::printf("Stack %s: Successfully scaled from %d to %d instances\n", options.stack_id.c_str(), report->from,
                report->count_after);
    for (const std::string& address : report->healed) std::printf("Healed: %s was half-made\n", address.c_str());
  } else {
    std::printf("Stack %s: %d instances already, nothing to do\n", options.stack_id.c_str(), report->count_after);
  }
  return 0;
}

}  // namespace stackscaler::controller
