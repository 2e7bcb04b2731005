// SPDX-License-Identifier: Apache-2.0
//
// The second half of an operation: the apply and what came of it.
#include <memory>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "terraform/apply.hpp"
#include "terraform/converge.hpp"
#include "terraform/failure.hpp"
#include "terraform/judgement.hpp"
#include "terraform/own_lock.hpp"
#include "terraform/sizing.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace reason = policy::reason;

namespace {

constexpr int kPullsAgain = 3;  // after an apply, where the state can't be read at once

}  // namespace

std::string shortfall(int holds, int wanted, bool died) {
  std::string text = "the state holds " + std::to_string(holds) + " of " + std::to_string(wanted);
  if (died) text += "; instances that were being created when terraform died may exist without being in the state";
  return text;
}

// The stream tells the id of a resource only when its creation has ended, so there is none to import here.
std::string orphans_text(const PlanStream& stream, const std::string& stack) {
  constexpr std::size_t kNamed = 10;
  std::string names;
  std::size_t found = 0;
  for (const auto& [address, change] : stream.running) {
    if (change.action != "create" || found++ >= kNamed) continue;
    names += (found == 1 ? "" : ", ") + one_line(address, 200);
  }
  if (found == 0) return {};
  if (found > kNamed) names += " and " + std::to_string(found - kNamed) + " more";
  return "; in creation were " + names + ": look for them with: stackscaler stack doctor " + stack;
}

asio::awaitable<Result<ports::ScaleReport>> Converge::apply() {
  const SteadyTime begun = s_.clock.steady_now();
  auto started = co_await start_apply(s_, target_, *folder_, record_.id, lock_.get());
  if (!started) {
    Error error(ErrorKind::unavailable, reason::kApplyFailed,
                "stack " + record_.stack + ": terraform apply was not started: " + started.error().message());
    co_return co_await abandon(std::move(error));
  }
  ChildProcess child = std::move(*started);
  s_.applies.push_back(&child);
  record_.phase = ports::Phase::applying;
  record_.pid = child.id().pid;
  record_.pid_start = child.id().start;
  record_.boot_id = child.id().boot_id;
  auto written = co_await journal();
  // The apply runs: all that is left is to see it through. Its id is in its environment for whoever looks later.
  if (!written)
    s_.log.error("the journal lacks the pid of an apply", kv("operation", record_.id), kv("pid", record_.pid));
  tell("Applying");
  ports::OperationProgress progress;
  progress.id = record_.id;
  progress.phase = "Applying";
  progress.from = record_.from;
  progress.to = record_.to;
  progress.since = record_.started;
  LockWatch watch(s_, target_, *folder_, child.id(), target_.ref.release_stale_lock && remote_);
  Followed followed = co_await follow(s_, child, folder_->apply_stream(), std::move(progress), sink_, &watch);
  std::erase(s_.applies, &child);
  record_.apply_ms = ms_since(s_.clock, begun);
  target_.redactor.apply(followed.stream);
  co_return co_await settle(std::move(followed));
}

asio::awaitable<Result<ports::ScaleReport>> Converge::settle(Followed followed) {
  tell("Verifying");
  auto pulled = co_await read_state_after(s_, target_, state_);
  for (int again = 0; !pulled && again < kPullsAgain; ++again) {
    (void)co_await s_.clock.sleep_for(s_.options.pull_pause);
    pulled = co_await pull_state(s_, target_);
  }
  if (pulled && pulled->lineage != state_.lineage) {
    pulled = fail(ErrorKind::invalid_input, reason::kStateChanged, "the state changed its lineage during the apply");
  }
  if (!pulled) co_return co_await settle_blind(followed.exit.success(), std::move(pulled).error());
  std::vector<Instance> fresh = added(state_.instances(target_.resource), pulled->instances(target_.resource));
  state_ = std::move(*pulled);
  const int count = static_cast<int>(state_.indexes(target_.resource).size());
  record_.count_after = count;
  record_.half_made = still_half_made(state_, record_.half_made);
  auto put = co_await put_user_count(s_, target_, count, IfMissing::create);
  if (!put)
    s_.log.error("the file with the count was not put right", kv("stack", record_.stack),
                 kv("err", put.error().message()));
  std::string why = order_.message.empty() ? order_.reason : order_.message;
  if (why.empty()) why = "requested by " + order_.requested_by;
  // g++ 12 destroys the temporary of a conditional inside a co_await twice: it is a local of its own.
  if (count == record_.from && !followed.exit.success()) why.clear();
  auto saved = co_await save_metadata(s_, target_, state_, std::move(why));
  if (!saved) s_.log.error("metadata was not written", kv("stack", record_.stack), kv("err", saved.error().message()));

  if (followed.exit.success() && count == record_.to) {
    std::string warning;
    if (count > record_.from) warning = co_await welcome(std::move(fresh));
    const std::string healed = healed_text(healed_);
    std::string outcome = "the state holds " + std::to_string(count) + (healed.empty() ? "" : "; ") + healed;
    if (!warning.empty()) outcome += "; " + warning;
    if (!healed.empty()) {
      s_.log.info("Healed", kv("stack", record_.stack), kv("operation", record_.id), kv("addresses", healed));
    }
    std::string code = healed_.empty() ? order_.reason : std::string(reason::kHealed);
    co_await close(ports::Phase::succeeded, std::move(code), std::move(outcome));
    ports::ScaleReport report;
    report.healed = healed_;
    report.operation_id = record_.id;
    report.from = record_.from;
    report.count_after = count;
    report.changed = true;
    report.summary = record_.plan_summary;
    report.warning = std::move(warning);
    co_return report;
  }
  co_return co_await fall_short(std::move(followed), count);
}

// The apply is over and the stack is not what was wanted.
asio::awaitable<Result<ports::ScaleReport>> Converge::fall_short(Followed followed, int count) {
  const bool died = followed.exit.signal != 0;
  auto read = [file = folder_->apply_errors()] { return read_file(file, 1U << 20U); };
  auto err = co_await offload(s_.pool, std::move(read));
  const std::string printed = err ? target_.redactor(*err) : std::string();
  ApplyEnd end = apply_end(followed, printed, s_.clock.wall_now());
  // By a second SIGINT terraform exits on its own and leaves creations behind, too.
  const std::string orphans = orphans_text(followed.stream, record_.stack);
  if (!orphans.empty()) end.reason = reason::kPossibleOrphans;
  std::string outcome =
      "terraform apply failed: " + end.text + "; " + shortfall(count, record_.to, died || !orphans.empty()) + orphans;
  co_await close(ports::Phase::failed, std::string(end.reason), outcome);
  co_return fail(end.kind, end.reason, "stack " + record_.stack + ": " + outcome);
}

// The apply is over and the state can't be read. Terraform's own word, a success, is the best that is known then;
// without it the user's file says what it was before, and so do we.
asio::awaitable<Result<ports::ScaleReport>> Converge::settle_blind(bool applied, Error unreadable) {
  const int count = applied ? record_.to : record_.from;
  if (applied) record_.count_after = record_.to;
  auto put = co_await put_user_count(s_, target_, count, IfMissing::create);
  std::string outcome = std::string(applied ? "terraform applied it" : "the apply has ended") +
                        " but the state can't be read (" + unreadable.message() + "); " + size_file(target_) +
                        (put ? " says " : " could not be made to say ") + std::to_string(count);
  const std::string code(unreadable.reason().empty() ? reason::kStateUnreadable
                                                     : std::string_view(unreadable.reason()));
  co_await close(ports::Phase::failed, code, outcome);
  co_return fail(ErrorKind::unavailable, code, "stack " + record_.stack + ": " + outcome);
}

}  // namespace stackscaler::terraform
