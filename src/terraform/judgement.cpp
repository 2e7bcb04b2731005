// SPDX-License-Identifier: Apache-2.0
#include "terraform/judgement.hpp"

#include <algorithm>
#include <iterator>

#include "policy/reasons.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace reason = policy::reason;

namespace {

// The JSON of the plan in `plan_file`, read by the same Terraform that made it.
asio::awaitable<Result<PlanDetails>> look_into(Services& services, Target target, PlanSpec plan,
                                               std::vector<std::string> addresses) {
  std::vector<std::string> arguments{"show", "-json", plan.plan_file.string()};
  if (!plan.shadow.empty()) arguments.insert(arguments.begin(), "-chdir=" + plan.shadow.string());
  RunSpec spec = run_spec(services, target, std::move(arguments), services.options.plan_deadline);
  spec.operation = plan.operation;
  spec.running = &services.plans;
  spec.stopping = &services.stopping;
  auto result = co_await services.tool.run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  if (services.stopping) co_return fail(ErrorKind::cancelled, reason::kStopping, "the program is stopping");
  const std::string who = "stack " + target.entry.id + ": what the allowed updates change can't be told: ";
  if (result->timed_out) {
    co_return fail(ErrorKind::timeout, reason::kPlanFailed,
                   who + "terraform show took longer than " + format_duration(services.options.plan_deadline));
  }
  if (!result->exit.success()) {
    co_return fail(ErrorKind::unavailable, reason::kPlanFailed,
                   who + "terraform show failed: " + stderr_text(result->err));
  }
  auto parse = [text = std::move(result->out), addresses = std::move(addresses)] {
    return parse_details(text, addresses);
  };
  co_return co_await offload(services.pool, std::move(parse));
}

}  // namespace

asio::awaitable<Result<std::set<int>>> half_made_before(Services& services, Target target) {
  auto last = co_await services.journal.last_applied(target.entry.id);
  if (!last) co_return fail(ErrorKind::unavailable, reason::kJournalUnavailable, last.error().message());
  std::set<int> indexes;
  if (!*last) co_return indexes;
  const ports::OperationRecord& record = **last;
  if (record.folder != target.entry.folder.string() || record.workspace != target.workspace) co_return indexes;
  indexes.insert(record.half_made.begin(), record.half_made.end());
  co_return indexes;
}

std::vector<int> still_half_made(const State& state, const std::vector<int>& candidates) {
  std::vector<int> left;
  for (const int index : candidates) {
    const bool tainted = std::any_of(state.counted.begin(), state.counted.end(),
                                     [&](const auto& resource) { return resource.second.tainted.contains(index); });
    if (tainted) left.push_back(index);
  }
  return left;
}

std::vector<int> joined_indexes(const std::set<int>& left, const std::set<int>& right) {
  std::vector<int> both;
  std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(both));
  return both;
}

asio::awaitable<Result<Verdict>> judge_plan(Services& services, Target target, PlanStream stream, GuardInput input,
                                            PlanSpec spec) {
  Verdict verdict = judge(stream, input);
  if (verdict.updates.empty() || spec.plan_file.empty()) co_return verdict;
  auto details = co_await look_into(services, std::move(target), std::move(spec), verdict.updates);
  if (!details) co_return fail(std::move(details).error());
  input.details = &*details;
  co_return judge(stream, input);
}

std::string healed_text(const std::vector<std::string>& healed) {
  constexpr std::size_t kNamed = 10;
  if (healed.empty()) return {};
  std::string text = "Healed: ";
  for (std::size_t i = 0; i < healed.size() && i < kNamed; ++i) {
    text += (i == 0 ? "" : ", ") + one_line(healed[i], 200);
  }
  if (healed.size() > kNamed) text += " and " + std::to_string(healed.size() - kNamed) + " more";
  return text;
}

}  // namespace stackscaler::terraform
