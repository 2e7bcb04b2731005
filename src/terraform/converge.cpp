// SPDX-License-Identifier: Apache-2.0
#include "terraform/converge.hpp"

#include <memory>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "terraform/judgement.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;

namespace {

constexpr std::size_t kMaxPlanFile = 512U << 20U;

Error refused(const Target& target, const Verdict& verdict, int from, int to) {
  constexpr std::size_t kNamed = 5;
  std::string lines;
  for (std::size_t i = 0; i < verdict.refused.size() && i < kNamed; ++i) {
    lines += (i == 0 ? "" : "; ") + one_line(verdict.refused[i], 200);
  }
  if (verdict.refused.size() > kNamed) lines += "; and " + std::to_string(verdict.refused.size() - kNamed) + " more";
  return Error(ErrorKind::invalid_input, verdict.reason,
               "stack " + target.entry.id + ": the plan for " + std::to_string(from) + " -> " + std::to_string(to) +
                   " holds more than that, so nothing was changed: " + lines +
                   ". Look at it with: stackscaler reconcile --dry-run --plan");
}

}  // namespace

std::string shortfall(int holds, int wanted, bool died) {
  std::string text = "the state holds " + std::to_string(holds) + " of " + std::to_string(wanted);
  if (died) text += "; instances that were being created when terraform died may exist without being in the state";
  return text;
}

// The stream tells the id of a resource only when its creation has ended, so there is none to import here.
std::string orphans_text(const PlanStream& stream, const std::string& stack) {
  constexpr std::size_t kNamed = 10;
  if (stream.creating.empty()) return {};
  std::string names;
  std::size_t named = 0;
  for (const std::string& address : stream.creating) {
    if (named++ == kNamed) break;
    names += (named == 1 ? "" : ", ") + one_line(address, 200);
  }
  if (stream.creating.size() > kNamed) names += " and " + std::to_string(stream.creating.size() - kNamed) + " more";
  return "; in creation were " + names + ": look for them with: stackscaler stack doctor " + stack;
}

Converge::Converge(Services& services, const ports::WritePermit& permit, ports::ScaleOrder order,
                   ports::ProgressSink sink)
    : s_(services), permit_(permit), order_(std::move(order)), sink_(std::move(sink)) {}

Converge::~Converge() {
  if (claimed_) s_.busy.erase(target_.entry.id);
  if (slot_) s_.slots.release();
  if (!folder_) return;
  // Plan and variables have served; the plan holds secrets in clear.
  std::error_code ignored;
  fs::remove(folder_->plan_file(), ignored);
  fs::remove(folder_->count_file(), ignored);
}

asio::awaitable<Result<ports::ScaleReport>> Converge::run() {
  auto open = permit_.check();
  if (!open) co_return fail(std::move(open).error());
  auto claimed = co_await claim();
  if (!claimed) co_return fail(std::move(claimed).error());
  auto prepared = co_await prepare();
  if (!prepared) co_return fail(std::move(prepared).error());
  tell("Planning");
  auto written = co_await journal();
  if (!written) co_return fail(std::move(written).error());
  auto verdict = co_await plan();
  if (!verdict) co_return co_await abandon(std::move(verdict).error());
  if (!verdict->passed) {
    Error error = refused(target_, *verdict, record_.from, record_.to);
    co_return co_await abandon(std::move(error));
  }
  if (verdict->nothing_to_do) co_return co_await keep_as_it_is(verdict->summary);
  auto committed = co_await commit_to_apply(std::move(*verdict));
  if (!committed) co_return co_await abandon(std::move(committed).error());
  co_return co_await apply();
}

// One change of a stack at a time: in this process, on this machine.
asio::awaitable<Result<void>> Converge::claim() {
  auto target = co_await resolve(s_, order_.stack);
  if (!target) co_return fail(std::move(target).error());
  target_ = std::move(*target);
  if (!s_.busy.insert(target_.entry.id).second) {
    co_return fail(ErrorKind::conflict, reason::kStackBusy,
                   "stack " + target_.entry.id + " is being changed already; nothing was changed");
  }
  claimed_ = true;
  auto take = [home = target_.entry.home] { return lock_stack(home); };
  auto lock = co_await offload(s_.pool, std::move(take));
  if (!lock) co_return fail(std::move(lock).error());
  lock_ = std::move(*lock);
  co_await s_.slots.acquire();
  slot_ = true;
  // The wait may have been long: the stack may be another one by now, and the gate closed.
  auto again = co_await resolve(s_, order_.stack);
  if (!again) co_return fail(std::move(again).error());
  target_ = std::move(*again);
  if (order_.start_by && s_.clock.steady_now() > *order_.start_by) {
    co_return fail(ErrorKind::conflict, reason::kDecisionExpired,
                   "stack " + target_.entry.id +
                       ": other operations ran for so long that what was decided is old; nothing was changed");
  }
  co_return go_ahead();
}

Result<void> Converge::go_ahead() const {
  if (auto open = permit_.check(); !open) return open;
  if (s_.stopping) return fail(ErrorKind::cancelled, reason::kStopping, "the program is stopping");
  if (order_.still_wanted) return order_.still_wanted();
  return {};
}

asio::awaitable<Result<void>> Converge::prepare() {
  auto version = co_await s_.tool.version();
  if (!version) co_return fail(std::move(version).error());
  if (!version->tested() && !s_.options.allow_terraform_version) {
    co_return fail(ErrorKind::invalid_input, reason::kTerraformVersion,
                   s_.tool.binary() + " " + version->text +
                       " is newer than what was tested (terraform up to 1.11): it is used for plans only, until "
                       "--allow-terraform-version");
  }
  auto initialised = co_await ensure_init(s_, target_);
  if (!initialised) co_return initialised;
  auto state = co_await pull_state(s_, target_);
  if (!state) co_return fail(std::move(state).error());
  state_ = std::move(*state);
  auto look = [folder = target_.entry.folder, workspace = target_.workspace] { return backend_of(folder, workspace); };
  auto backend = co_await offload(s_.pool, std::move(look));
  if (!backend) co_return fail(std::move(backend).error());
  auto known = check_known(target_, *backend, state_);
  if (!known) co_return known;
  auto half_made = co_await half_made_before(s_, target_);
  if (!half_made) co_return fail(std::move(half_made).error());
  half_made_ = std::move(*half_made);

  record_.id = s_.random.id();
  record_.stack = target_.entry.id;
  record_.folder = target_.entry.folder.string();
  record_.workspace = target_.workspace;
  record_.requested_by = order_.requested_by;
  record_.from = static_cast<int>(state_.indexes(target_.resource).size());
  record_.to = order_.to;
  if (order_.from && record_.from != *order_.from) {
    // The decision, its small step above all, was made for another count.
    co_return fail(ErrorKind::conflict, reason::kCountChanged,
                   "stack " + record_.stack + ": the state holds " + std::to_string(record_.from) + ", and " +
                       std::to_string(*order_.from) + " -> " + std::to_string(order_.to) +
                       " was decided; nothing was changed");
  }
  record_.reason = order_.reason;
  record_.message = order_.message;
  record_.started = s_.clock.wall_now();
  folder_.emplace(s_.options.data, record_.id);
  record_.stream = folder_->apply_stream().string();
  auto make = [folder = *folder_, keep = s_.options.keep_operations, target = target_,
               to = order_.to]() -> Result<void> {
    auto created = folder.create(keep);
    if (!created) return created;
    auto facts = folder.write_facts(target.resource, target.variable);
    if (!facts) return facts;
    return folder.write_count(target.variable, to);
  };
  co_return co_await offload(s_.pool, std::move(make));
}

asio::awaitable<Result<Verdict>> Converge::plan() {
  PlanSpec spec;
  spec.operation = record_.id;
  spec.count_file = folder_->count_file();
  spec.plan_file = folder_->plan_file();
  spec.stream_file = folder_->plan_stream();
  PlanSpec again = spec;
  auto stream = co_await make_plan(s_, target_, std::move(spec));
  if (!stream) co_return fail(std::move(stream).error());
  if (stream->tofu && !s_.options.allow_terraform_version) {
    co_return fail(ErrorKind::invalid_input, reason::kTerraformVersion,
                   "the program is OpenTofu, which was not tested: it is used for plans only, until "
                   "--allow-terraform-version");
  }
  GuardInput input = guard_input(target_, state_, order_.to);
  input.half_made = half_made_;
  co_return co_await judge_plan(s_, target_, std::move(*stream), std::move(input), std::move(again));
}

// The stack is at its target already. The user's file and the metadata may not say so yet.
asio::awaitable<Result<ports::ScaleReport>> Converge::keep_as_it_is(std::string summary) {
  auto put = co_await put_user_count(s_, target_, record_.to, IfMissing::create);
  if (!put)
    s_.log.warn("the variable file was not written", kv("stack", record_.stack), kv("err", put.error().message()));
  auto saved = co_await save_metadata(s_, target_, state_, std::string());
  if (!saved) s_.log.warn("metadata was not written", kv("stack", record_.stack), kv("err", saved.error().message()));
  record_.count_after = record_.from;
  record_.plan_summary = summary;
  co_await close(ports::Phase::abandoned, std::string(reason::kSettled), "the plan had nothing to do");
  ports::ScaleReport report;
  report.operation_id = record_.id;
  report.from = record_.from;
  report.count_after = record_.from;
  report.summary = std::move(summary);
  co_return report;
}

// From here the user's files change: the gate is asked once more, and the plan is in the journal first.
asio::awaitable<Result<void>> Converge::commit_to_apply(Verdict verdict) {
  auto open = go_ahead();
  if (!open) co_return open;
  auto hash = [file = folder_->plan_file()]() -> Result<std::string> {
    auto bytes = read_file(file, kMaxPlanFile);
    if (!bytes) return fail(std::move(bytes).error());
    return sha256_hex(*bytes);
  };
  auto digest = co_await offload(s_.pool, std::move(hash));
  if (!digest) co_return fail(std::move(digest).error());
  record_.plan_digest = std::move(*digest);
  healed_ = std::move(verdict.healed);
  record_.plan_summary = std::move(verdict.summary);
  if (!healed_.empty()) record_.plan_summary += "; " + healed_text(healed_);
  record_.half_made = joined_indexes(verdict.creates, half_made_);
  record_.phase = ports::Phase::planned;
  auto written = co_await journal();
  if (!written) co_return written;
  // Written ahead of the stream's creation: a crash from here on is told from one before by that file.
  auto put = co_await put_user_count(s_, target_, record_.to, IfMissing::create);
  if (!put) co_return put;
  // Writing took a moment, and the next step can't be taken back.
  co_return go_ahead();
}

asio::awaitable<Result<ports::ScaleReport>> Converge::apply() {
  ChildSpec spec;
  spec.program = s_.tool.binary();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(s_.options.lock_timeout).count();
  spec.arguments = {"apply", "-json", "-input=false", "-lock-timeout=" + std::to_string(seconds) + "s",
                    folder_->plan_file().string()};
  spec.environment = s_.tool.environment(record_.id, workspace_variable(target_.entry.folder, target_.workspace));
  spec.folder = target_.entry.folder;
  spec.lock_fd = lock_.get();
  auto begin = [executor = s_.executor, spec = std::move(spec), folder = *folder_]() mutable -> Result<ChildProcess> {
    auto out = create_private(folder.apply_stream());
    if (!out) return fail(std::move(out).error());
    auto err = create_private(folder.apply_errors());
    if (!err) return fail(std::move(err).error());
    spec.stdout_fd = out->get();
    spec.stderr_fd = err->get();
    return ChildProcess::spawn(executor, spec);
  };
  auto started = co_await offload(s_.pool, std::move(begin));
  if (!started) {
    Followed nothing;
    co_return co_await settle(std::move(nothing));
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
  Followed followed = co_await follow(s_, child, folder_->apply_stream(), std::move(progress), sink_);
  std::erase(s_.applies, &child);
  co_return co_await settle(std::move(followed));
}

asio::awaitable<Result<ports::ScaleReport>> Converge::settle(Followed followed) {
  tell("Verifying");
  auto pulled = co_await pull_state(s_, target_);
  if (!pulled) pulled = co_await pull_state(s_, target_);
  if (pulled && pulled->lineage != state_.lineage) {
    pulled = fail(ErrorKind::invalid_input, reason::kStateChanged, "the state changed its lineage during the apply");
  }
  if (!pulled) co_return co_await settle_blind(std::move(pulled).error());
  state_ = std::move(*pulled);
  const int count = static_cast<int>(state_.indexes(target_.resource).size());
  record_.count_after = count;
  record_.half_made = still_half_made(state_, record_.half_made);
  auto put = co_await put_user_count(s_, target_, count, IfMissing::create);
  if (!put)
    s_.log.error("the variable file was not put right", kv("stack", record_.stack), kv("err", put.error().message()));
  std::string why = order_.message.empty() ? order_.reason : order_.message;
  if (why.empty()) why = "requested by " + order_.requested_by;
  // g++ 12 destroys the temporary of a conditional inside a co_await twice: it is a local of its own.
  if (count == record_.from && !followed.exit.success()) why.clear();
  auto saved = co_await save_metadata(s_, target_, state_, std::move(why));
  if (!saved) s_.log.error("metadata was not written", kv("stack", record_.stack), kv("err", saved.error().message()));

  if (followed.exit.success() && count == record_.to) {
    const std::string healed = healed_text(healed_);
    std::string outcome = "the state holds " + std::to_string(count) + (healed.empty() ? "" : "; ") + healed;
    std::string code = healed_.empty() ? order_.reason : std::string(reason::kHealed);
    if (!healed.empty()) {
      s_.log.info("Healed", kv("stack", record_.stack), kv("operation", record_.id), kv("addresses", healed));
    }
    co_await close(ports::Phase::succeeded, std::move(code), std::move(outcome));
    ports::ScaleReport report;
    report.healed = healed_;
    report.operation_id = record_.id;
    report.from = record_.from;
    report.count_after = count;
    report.changed = true;
    report.summary = record_.plan_summary;
    co_return report;
  }
  const bool died = followed.exit.signal != 0;
  std::string what = error_text(followed.stream);
  if (died) what = "terraform was killed by signal " + std::to_string(followed.exit.signal);
  if (what.empty()) {
    auto read = [file = folder_->apply_errors()] { return read_file(file, 1U << 20U); };
    auto err = co_await offload(s_.pool, std::move(read));
    if (err) what = stderr_text(*err);
  }
  if (what.empty()) what = "it ended without saying why";
  const std::string orphans = died ? orphans_text(followed.stream, record_.stack) : std::string();
  const std::string_view code = lock_held(followed.stream) ? reason::kStateLocked
                                : !orphans.empty()         ? reason::kPossibleOrphans
                                : died                     ? reason::kApplyInterrupted
                                                           : reason::kApplyFailed;
  std::string outcome = "terraform apply failed: " + what + "; " + shortfall(count, record_.to, died) + orphans;
  co_await close(ports::Phase::failed, std::string(code), outcome);
  co_return fail(ErrorKind::unavailable, code, "stack " + record_.stack + ": " + outcome);
}

// The apply is over and nobody can say what the stack is: the user's file says what it was before, and so do we.
asio::awaitable<Result<ports::ScaleReport>> Converge::settle_blind(Error unreadable) {
  auto put = co_await put_user_count(s_, target_, record_.from, IfMissing::create);
  std::string outcome = "the apply has ended but the state can't be read (" + unreadable.message() + "); " +
                        kCountFile + (put ? " was put back to " : " could not be put back to ") +
                        std::to_string(record_.from);
  const std::string code(unreadable.reason().empty() ? reason::kStateUnreadable
                                                     : std::string_view(unreadable.reason()));
  co_await close(ports::Phase::failed, code, outcome);
  co_return fail(ErrorKind::unavailable, code, "stack " + record_.stack + ": " + outcome);
}

asio::awaitable<Result<void>> Converge::journal() {
  ports::OperationRecord copy = record_;
  auto written = co_await s_.journal.put_operation(std::move(copy));
  if (written) co_return written;
  co_return fail(ErrorKind::unavailable, reason::kJournalUnavailable,
                 "nothing is changed without a journal: " + written.error().message());
}

asio::awaitable<void> Converge::close(ports::Phase phase, std::string reason, std::string outcome) {
  record_.phase = phase;
  record_.ended = s_.clock.wall_now();
  record_.outcome_reason = std::move(reason);
  record_.outcome = std::move(outcome);
  auto written = co_await journal();
  if (!written) {
    s_.log.error("the journal was not closed; the next start does it", kv("operation", record_.id),
                 kv("err", written.error().message()));
  }
}

// Nothing was applied. A user's file that was already changed gets the real count back.
asio::awaitable<Result<ports::ScaleReport>> Converge::abandon(Error error) {
  if (record_.phase == ports::Phase::planned) {
    auto put = co_await put_user_count(s_, target_, record_.from, IfMissing::leave);
    if (!put) s_.log.error("the variable file was not put back", kv("stack", record_.stack));
  }
  record_.count_after = record_.from;
  co_await close(ports::Phase::abandoned, error.reason(), error.message());
  co_return fail(std::move(error));
}

void Converge::tell(std::string phase) {
  if (!sink_) return;
  ports::OperationProgress progress;
  progress.id = record_.id;
  progress.phase = std::move(phase);
  progress.from = record_.from;
  progress.to = record_.to;
  progress.since = record_.started;
  sink_(progress);
}

}  // namespace stackscaler::terraform
