// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler reconcile` and `stackscaler validate`.
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>

#include "controller/ceiling.hpp"
#include "controller/commands.hpp"
#include "controller/program.hpp"
#include "controller/render.hpp"
#include "source/validate.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using decision::Action;
using Kind = ConvergeResult::Kind;

namespace {

constexpr std::size_t kAtOnce = 32;

// Keeps what the source tells, for one pass.
class Collected final : public ports::PolicySink {
 public:
  void upsert(std::shared_ptr<const policy::ScalingPolicy> policy) override { all[policy->key] = std::move(policy); }
  void remove(const policy::PolicyKey& key) override { all.erase(key); }
  std::map<policy::PolicyKey, std::shared_ptr<const policy::ScalingPolicy>> all;
};

class Pass {
 public:
  Pass(Program& program, std::unique_ptr<Reconciler> reconciler)
      : program_(program), reconciler_(std::move(reconciler)), tasks_(program.io.get_executor(), *program.logger) {}

  asio::awaitable<void> run();
  [[nodiscard]] int exit_code() const;
  [[nodiscard]] const std::vector<PassRow>& rows() const { return rows_; }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  asio::awaitable<void> worker();
  asio::awaitable<void> finish_open_operations();
  asio::awaitable<void> one(std::size_t index);

  Program& program_;
  std::unique_ptr<Reconciler> reconciler_;
  std::vector<PassRow> rows_;
  std::size_t next_ = 0;
  std::optional<Error> failure_;
  TaskGroup tasks_;
};

asio::awaitable<void> Pass::finish_open_operations() {
  if (program_.options.dry_run) co_return;
  auto open = co_await program_.journal->unfinished_operations();
  if (!open) {
    failure_ = std::move(open).error();
    co_return;
  }
  auto lost = co_await program_.driver->lost_operations();
  std::move(lost.begin(), lost.end(), std::back_inserter(*open));
  for (ports::OperationRecord& operation : *open) {
    reconciler_->expect_recovery(operation);
    co_await reconciler_->recover(std::move(operation), 1);
  }
}

asio::awaitable<void> Pass::run() {
  co_await finish_open_operations();
  if (failure_) co_return;
  Collected policies;
  Ceiling ceiling(policies, program_.options.ceiling, *program_.logger);
  const auto implicit = program_.make_implicit(ceiling);
  Result<void> loaded;
  if (program_.source) {
    loaded = co_await program_.source->load(implicit ? static_cast<ports::PolicySink&>(*implicit) : ceiling);
  }
  if (loaded && implicit) loaded = co_await implicit->refresh();
  if (!loaded) {
    failure_ = std::move(loaded).error();
    co_return;
  }
  for (auto& [key, policy] : policies.all) {
    reconciler_->claims().claim(static_claim(policy->spec.stack), key, policy->origin);
    PassRow row;
    row.turn.policy = policy;
    rows_.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < std::min(kAtOnce, rows_.size()); ++i) tasks_.spawn("pass", worker());
  co_await tasks_.join();
}

asio::awaitable<void> Pass::worker() {
  while (next_ < rows_.size()) co_await one(next_++);
}

asio::awaitable<void> Pass::one(std::size_t index) {
  auto memory = std::make_shared<PolicyMemory>();
  memory->policy = rows_[index].turn.policy;
  std::function<void()> nothing = [] {};
  rows_[index].turn = co_await reconciler_->turn(memory, std::move(nothing));
  const Turn& turn = rows_[index].turn;
  if (!program_.options.plan || !turn.decision || turn.decision->action == Action::no_change) co_return;
  auto plan = co_await program_.driver->plan(turn.policy->spec.stack, turn.decision->to);
  if (plan) {
    rows_[index].plan = std::move(*plan);
  } else {
    rows_[index].plan_error = plan.error().message();
  }
}

int Pass::exit_code() const {
  bool wanted = false;
  for (const PassRow& row : rows_) {
    if (row.turn.error || row.turn.converge.kind == Kind::failed || !row.plan_error.empty()) return 1;
    if (row.plan && !row.plan->refused.empty()) return 1;
    if (!row.turn.metrics_missing.empty()) return 1;  // it was decided half blind: whoever runs this has to know
    wanted = wanted || row.turn.decision->action != Action::no_change;
  }
  return wanted && program_.options.dry_run ? 2 : 0;
}

}  // namespace

int reconcile_once(const Options& given) {
  Options options = given;
  options.enabled = true;  // the command itself is the person's word; spec.suspend and spec.dryRun still hold
  auto program = Program::make(options);
  auto ready = program ? (*program)->add_policies() : Result<void>(fail(program.error()));
  if (!ready) {
    std::fprintf(stderr, "stackscaler: %s\n", ready.error().message().c_str());
    return 1;
  }
  Pass pass(**program, (*program)->make_reconciler(!options.dry_run));
  (*program)->run(pass.run());
  if (pass.failure()) {
    std::fprintf(stderr, "stackscaler: %s\n", pass.failure()->message().c_str());
    return 1;
  }
  const std::string text =
      options.output == Output::json ? render_pass_json(pass.rows()) : render_pass_table(pass.rows());
  std::fputs(text.c_str(), stdout);
  if (options.policies.empty()) return pass.exit_code();
  // Documents that are not valid were logged with their places; here they count.
  return source::validate_paths({options.policies}, options.defaults).ok() ? pass.exit_code() : 1;
}

int validate_files(const Options& options) {
  const source::Validation report = source::validate_paths(options.paths, options.defaults);
  for (const source::FileProblem& problem : report.problems) std::printf("%s\n", problem.str().c_str());
  for (const Error& error : report.unreadable) std::fprintf(stderr, "stackscaler: %s\n", error.message().c_str());
  if (report.ok()) {
    std::printf("valid: %zu %s in %zu %s\n", report.policies.size(),
                report.policies.size() == 1 ? "policy" : "policies", report.files,
                report.files == 1 ? "file" : "files");
  }
  return report.ok() ? 0 : 1;
}

}  // namespace stackscaler::controller
