// SPDX-License-Identifier: Apache-2.0
#include "terraform/converge.hpp"

#include <memory>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "terraform/judgement.hpp"
#include "terraform/sizing.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;

namespace {

constexpr std::size_t kMaxPlanFile = 512U << 20U;

}  // namespace

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

Converge::Converge(Services& services, const ports::WritePermit& permit, ports::ScaleOrder order,
                   ports::ProgressSink sink)
    : s_(services), permit_(permit), order_(std::move(order)), sink_(std::move(sink)) {}

Converge::~Converge() {
  if (claimed_) s_.busy.erase(target_.entry.id);
  if (!folder_) return;
  // Plan and variables have served; the plan holds secrets in clear.
  std::error_code ignored;
  fs::remove(folder_->plan_file(), ignored);
  fs::remove(folder_->count_file(), ignored);
  drop_shadow(target_, record_.id);
  // An operation that the journal still has open is brought to its end with this.
  if (!open_) fs::remove(folder_->environment_file(), ignored);
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
  auto drained = co_await drain();
  if (!drained) co_return co_await abandon(std::move(drained).error());
  if (*drained) verdict = co_await plan_again();
  if (!verdict) co_return co_await abandon(std::move(verdict).error());
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
  // It has an id from here on, so that its place in the queue can be told.
  record_.id = s_.random.id();
  record_.stack = target_.entry.id;
  record_.from = order_.from.value_or(target_.entry.metadata.instance_count.value_or(0));
  record_.to = order_.to;
  record_.started = s_.clock.wall_now();
  auto waited = co_await wait_for_slot();
  if (!waited) co_return waited;
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

asio::awaitable<Result<void>> Converge::wait_for_slot() {
  auto told = [this](const std::string& place) {
    s_.log.info("an operation waits for others", kv("stack", record_.stack), kv("operation", record_.id),
                kv("reason", reason::kWaitingForSlot), kv("place", place));
    tell("Waiting", place);
  };
  auto slot = co_await s_.admission->enter(std::move(told));
  if (!slot) co_return fail(std::move(slot).error());
  slot_ = std::move(*slot);
  co_return Result<void>{};
}

Result<void> Converge::go_ahead() const {
  if (auto open = permit_.check(); !open) return open;
  if (s_.stopping) return fail(ErrorKind::cancelled, reason::kStopping, "the program is stopping");
  if (order_.still_wanted) return order_.still_wanted();
  return {};
}

// With several replicas the state's lock is what keeps two of them apart at last.
Result<void> Converge::check_locking(const Backend& backend) const {
  if (!s_.options.require_locking || backend.locks) return {};
  return fail(ErrorKind::invalid_input, reason::kBackendNotLocking,
              "stack " + target_.entry.id + ": its backend '" + backend.kind +
                  "' does not lock the state as it is configured, and with several replicas that lock is what keeps "
                  "two of them apart; nothing was changed");
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
  if (auto locking = check_locking(*backend); !locking) co_return locking;
  remote_ = backend->kind != "local";
  auto half_made = co_await half_made_before(s_, target_);
  if (!half_made) co_return fail(std::move(half_made).error());
  half_made_ = std::move(*half_made);

  record_.folder = target_.entry.folder.string();
  record_.workspace = target_.workspace;
  record_.requested_by = order_.requested_by;
  record_.from = static_cast<int>(state_.indexes(target_.resource).size());
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
  target_.sizes = {record_.from, record_.to};
  OperationFolder::Facts facts{target_.resource, target_.variable, record_, target_.template_file.string()};
  auto make = [folder = *folder_, keep = s_.options.keep_operations, target = target_, facts = std::move(facts),
               id = record_.id, from = record_.from, to = order_.to]() -> Result<Sized> {
    auto created = folder.create(keep);
    if (!created) return fail(std::move(created).error());
    auto written = folder.write_facts(facts);
    if (!written) return fail(std::move(written).error());
    auto environment = folder.write_environment({target.ref.env, target.ref.backend_config});
    if (!environment) return fail(std::move(environment).error());
    return size_plan(target, folder, id, from, to);
  };
  auto sized = co_await offload(s_.pool, std::move(make));
  if (!sized) co_return fail(std::move(sized).error());
  shadow_ = std::move(sized->shadow);
  co_return Result<void>{};
}

asio::awaitable<Result<Verdict>> Converge::plan() {
  PlanSpec spec;
  spec.operation = record_.id;
  spec.shadow = shadow_;
  if (shadow_.empty()) spec.count_file = folder_->count_file();
  spec.plan_file = folder_->plan_file();
  spec.stream_file = folder_->plan_stream();
  const SteadyTime begun = s_.clock.steady_now();
  PlanSpec again = spec;
  auto stream = co_await make_plan(s_, target_, std::move(spec));
  record_.plan_ms = ms_since(s_.clock, begun);
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
    s_.log.warn("the file with the count was not written", kv("stack", record_.stack),
                kv("err", put.error().message()));
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

asio::awaitable<Result<void>> Converge::journal() {
  ports::OperationRecord copy = record_;
  auto written = co_await s_.journal.put_operation(std::move(copy));
  if (written) open_ = !ports::finished(record_.phase);
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
    if (!put) s_.log.error("the file with the count was not put back", kv("stack", record_.stack));
  }
  record_.count_after = record_.from;
  co_await close(ports::Phase::abandoned, error.reason(), error.message());
  co_return fail(std::move(error));
}

void Converge::tell(std::string phase, std::string text) {
  if (!sink_) return;
  ports::OperationProgress progress;
  progress.id = record_.id;
  progress.phase = std::move(phase);
  progress.from = record_.from;
  progress.to = record_.to;
  progress.since = record_.started;
  progress.progress = std::move(text);
  sink_(progress);
}

}  // namespace stackscaler::terraform
