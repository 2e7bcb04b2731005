// SPDX-License-Identifier: Apache-2.0
#include "terraform/recover.hpp"

#include <memory>

#include "policy/reasons.hpp"
#include "terraform/classify.hpp"
#include "terraform/converge.hpp"
#include "terraform/judgement.hpp"
#include "terraform/sizing.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;

Recover::Recover(Services& services, const ports::WritePermit& permit, ports::OperationRecord open,
                 ports::ProgressSink sink)
    : s_(services),
      permit_(permit),
      record_(std::move(open)),
      sink_(std::move(sink)),
      folder_(s_.options.data, record_.id) {}

Recover::~Recover() {
  if (claimed_) s_.busy.erase(record_.stack);
  if (!closed_) return;
  std::error_code ignored;
  fs::remove(folder_.plan_file(), ignored);
  fs::remove(folder_.count_file(), ignored);
  drop_shadow(target_, record_.id);
  fs::remove(folder_.environment_file(), ignored);
}

asio::awaitable<Result<ports::OperationRecord>> Recover::run() {
  auto open = permit_.check();
  if (!open) co_return fail(std::move(open).error());
  auto claimed = co_await claim();
  if (!claimed && claimed.error().reason() == reason::kStackNotAdopted) {
    // A deploy that was cut short, or one that is at work: then it has the stack's lock.
    auto seen = co_await see_it_through();
    if (!seen) co_return fail(std::move(seen).error());
    auto take = [home = s_.registry.home_of(record_.stack)]() -> Result<Descriptor> {
      std::error_code ec;
      if (!fs::exists(home, ec)) return Descriptor();
      return lock_stack(home);
    };
    auto lock = co_await offload(s_.pool, std::move(take));
    if (!lock) co_return fail(std::move(lock).error());
    lock_ = std::move(*lock);
    auto ended = co_await ended_by_another();
    if (!ended) co_return fail(std::move(ended).error());
    if (*ended) co_return record_;
    co_return co_await close(ports::Phase::failed, std::string(reason::kStackNotAdopted), claimed.error().message());
  }
  if (!claimed) co_return fail(std::move(claimed).error());
  auto locked = co_await take_lock();
  if (!locked) co_return fail(std::move(locked).error());
  auto ended = co_await ended_by_another();
  if (!ended) co_return fail(std::move(ended).error());
  if (*ended) co_return record_;
  co_return co_await settle();
}

asio::awaitable<Result<void>> Recover::claim() {
  if (!s_.busy.insert(record_.stack).second) {
    co_return fail(ErrorKind::conflict, reason::kStackBusy, "stack " + record_.stack + " is being changed");
  }
  claimed_ = true;
  policy::StackRef ref;
  ref.id = record_.stack;
  ref.workspace = record_.workspace.empty() ? "default" : record_.workspace;
  auto environment = [folder = folder_] { return folder.read_environment(); };
  auto given = co_await offload(s_.pool, std::move(environment));
  ref.env = std::move(given.env);
  ref.backend_config = std::move(given.backend_config);
  auto target = co_await resolve(s_, std::move(ref));
  if (!target) co_return fail(std::move(target).error());
  target_ = std::move(*target);
  auto read = [folder = folder_] { return folder.read_facts(); };
  auto facts = co_await offload(s_.pool, std::move(read));
  if (facts) {
    target_.resource = facts->resource;
    target_.variable = facts->variable;
    target_.template_file = facts->template_file;
  }
  co_return Result<void>{};
}

asio::awaitable<Result<bool>> Recover::ended_by_another() {
  auto now = co_await s_.journal.operation(record_.id);
  if (!now) co_return fail(ErrorKind::unavailable, reason::kJournalUnavailable, now.error().message());
  if (!*now) co_return false;  // a journal that was begun anew
  record_ = std::move(**now);
  co_return ports::finished(record_.phase);
}

// Follows whatever of this operation still runs, a plan first, then an apply. A process that is seen but can't be
// taken hold of (no descriptor is free, say) is waited for, and after that the caller's own retries go on.
asio::awaitable<Result<void>> Recover::see_it_through() {
  constexpr int kFailures = 25;
  int failures = 0;
  for (;;) {
    auto find = [id = record_.id, known = ProcessId{record_.pid, record_.pid_start, record_.boot_id}] {
      auto found = find_operation(id);
      // An environment that can't be read must not hide a process that the journal knows.
      if (found.empty() && alive(known)) found.push_back(FoundProcess{known, "apply", id, {}});
      return found;
    };
    auto found = co_await offload(s_.pool, std::move(find));
    if (found.empty()) co_return Result<void>{};
    auto adopted = ChildProcess::adopt(s_.executor, found.front().id);
    if (!adopted) {
      if (++failures == kFailures) {
        co_return fail(ErrorKind::unavailable, "process " + std::to_string(found.front().id.pid) + " of operation " +
                                                   record_.id + " can't be followed: " + adopted.error().message());
      }
      (void)co_await s_.clock.sleep_for(std::chrono::milliseconds(200));
      continue;
    }
    ChildProcess child = std::move(*adopted);
    const bool applies = found.front().command == "apply";
    s_.log.info("following a terraform of an earlier run", kv("stack", record_.stack), kv("operation", record_.id),
                kv("command", found.front().command), kv("pid", child.id().pid));
    if (applies) s_.applies.push_back(&child);
    ports::OperationProgress progress;
    progress.id = record_.id;
    progress.phase = applies ? "Applying" : "Planning";
    progress.from = record_.from;
    progress.to = record_.to;
    progress.since = record_.started;
    if (sink_) sink_(progress);
    const fs::path stream = applies ? folder_.apply_stream() : folder_.plan_stream();
    ports::ProgressSink sink;
    if (applies) sink = sink_;
    Followed followed = co_await follow(s_, child, stream, std::move(progress), std::move(sink));
    if (applies) {
      std::erase(s_.applies, &child);
      followed_ = true;
    }
  }
}

// Nobody works on the stack once its lock is ours: every apply inherits the lock. A process may be too young to show
// its environment, so while the lock is held the search is repeated; what terraform has started may hold it for a
// moment longer.
asio::awaitable<Result<void>> Recover::take_lock() {
  constexpr int kAttempts = 25;
  for (int attempt = 1;; ++attempt) {
    auto seen = co_await see_it_through();
    if (!seen) co_return seen;
    auto take = [home = target_.entry.home] { return lock_stack(home); };
    auto lock = co_await offload(s_.pool, std::move(take));
    if (lock) {
      lock_ = std::move(*lock);
      co_return Result<void>{};
    }
    if (attempt == kAttempts || lock.error().reason() != reason::kStackBusy) co_return fail(std::move(lock).error());
    (void)co_await s_.clock.sleep_for(std::chrono::milliseconds(200));
  }
}

asio::awaitable<Result<ports::OperationRecord>> Recover::settle() {
  // The stream's file is made right before the apply starts, so it tells a crash before that from one after.
  auto read = [folder = folder_, stream = record_.stream.empty() ? folder_.apply_stream() : fs::path(record_.stream)] {
    auto tail = std::make_shared<StreamTail>(stream);
    tail->finish();
    std::error_code ec;
    return std::pair(tail->stream(), fs::exists(stream, ec));
  };
  auto file = co_await offload(s_.pool, std::move(read));
  stream_ = std::move(file.first);
  target_.redactor.apply(stream_);
  const bool applied = record_.phase == ports::Phase::applying || followed_ || file.second;

  auto pulled = co_await pull_state(s_, target_);
  // Left open: the next attempt may read it, and until then nobody knows.
  if (!pulled) co_return fail(std::move(pulled).error());
  auto look = [folder = target_.entry.folder, workspace = target_.workspace] { return backend_of(folder, workspace); };
  auto backend = co_await offload(s_.pool, std::move(look));
  if (!backend) co_return fail(std::move(backend).error());
  Target expected = target_;
  if (record_.to == 0) expected.entry.metadata.instance_count = 0;  // an empty stack may be what was wanted
  auto known = check_known(expected, *backend, *pulled);
  if (!known) co_return fail(std::move(known).error());

  const int count = static_cast<int>(pulled->indexes(target_.resource).size());
  record_.count_after = count;
  target_.sizes = {record_.from, record_.to};
  record_.half_made = still_half_made(*pulled, record_.half_made);
  const IfMissing if_missing = applied ? IfMissing::create : IfMissing::leave;
  auto put = co_await put_user_count(s_, target_, count, if_missing);
  // The state was read, and that ends it; a file that somebody edited meanwhile must not hold the stack for ever.
  if (!put)
    s_.log.error("the file with the count was not put right", kv("stack", record_.stack),
                 kv("err", put.error().message()));
  std::string why;
  if (applied && count != record_.from) why = record_.message.empty() ? record_.reason : record_.message;
  auto saved = co_await save_metadata(s_, target_, *pulled, std::move(why));
  if (!saved) co_return fail(std::move(saved).error());
  if (!applied) {
    co_return co_await close(ports::Phase::abandoned, std::string(reason::kApplyInterrupted),
                             "the program ended before the apply; nothing was applied");
  }
  judge_apply(*pulled);
  co_return co_await close(phase_, reason_, outcome_);
}

// An apply that is no child has no exit status: its stream and the state say how it went.
void Recover::judge_apply(const State& state) {
  const int count = *record_.count_after;
  const std::string error = error_text(stream_);
  const std::vector<int> tainted = state.tainted(target_.resource);
  if (count == record_.to && error.empty() && tainted.empty()) {
    phase_ = ports::Phase::succeeded;
    reason_ = record_.reason;
    outcome_ = "the state holds " + std::to_string(count) + "; found after a restart of the program";
    return;
  }
  const bool ended_by_itself = !error.empty() || stream_.apply_summary.has_value();
  phase_ = ports::Phase::failed;
  reason_ = error.empty() ? reason::kApplyInterrupted : reason_of(classify(stream_, ""), reason::kApplyFailed);
  outcome_ = error.empty() ? "terraform ended while the program was away" : "terraform apply failed: " + error;
  const std::string orphans = orphans_text(stream_, record_.stack);  // a second SIGINT leaves them, too
  outcome_ += "; " + shortfall(count, record_.to, !ended_by_itself || !orphans.empty());
  if (!orphans.empty()) {
    reason_ = reason::kPossibleOrphans;
    outcome_ += orphans;
  }
  if (!tainted.empty()) {
    outcome_ += "; " + plural(static_cast<int>(tainted.size()), "instance") + " of it did not finish (tainted)";
  }
}

asio::awaitable<Result<ports::OperationRecord>> Recover::close(ports::Phase phase, std::string reason,
                                                               std::string outcome) {
  record_.phase = phase;
  record_.ended = s_.clock.wall_now();
  record_.outcome_reason = std::move(reason);
  record_.outcome = std::move(outcome);
  ports::OperationRecord copy = record_;
  auto written = co_await s_.journal.put_operation(std::move(copy));
  if (!written) {
    co_return fail(ErrorKind::unavailable, reason::kJournalUnavailable, written.error().message());
  }
  closed_ = true;
  co_return record_;
}

}  // namespace stackscaler::terraform
