// SPDX-License-Identifier: Apache-2.0
#include "terraform/own_lock.hpp"

#include "policy/reasons.hpp"
#include "terraform/failure.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;

namespace {

constexpr int kMaxAsked = 3;
// An address that no configuration has: the call gets no further than the lock, and would change nothing if it did.
constexpr const char* kNoResource = "terraform_data.stackscaler_asks_for_the_lock";

}  // namespace

asio::awaitable<void> LockWatch::look(const PlanStream& stream) {
  // A line about a resource comes only from an apply that has the lock, and it keeps it to its end.
  if (done_ || stream.hooks == 0 || s_.stopping) co_return;
  if (!seen_) {
    co_await ask();
    co_return;
  }
  if (!hooks_) {
    hooks_ = stream.hooks;
    co_return;
  }
  // It worked on after the lock was seen: so the lock was its own all the time.
  if (stream.hooks > *hooks_) co_await keep();
}

asio::awaitable<void> LockWatch::ask() {
  if (++asked_ > kMaxAsked) {
    done_ = true;
    co_return;
  }
  std::vector<std::string> arguments{"untaint", "-no-color", "-allow-missing", "-lock-timeout=0s", kNoResource};
  RunSpec spec = run_spec(s_, target_, std::move(arguments), s_.options.unlock_deadline);
  auto result = co_await s_.tool.run(std::move(spec));
  if (!result) co_return;
  if (result->exit.success()) {
    done_ = true;  // this backend has no locks
    co_return;
  }
  const PlanStream nothing;
  auto lock = lock_in(*result, nothing);
  // Not every backend tells the operation.
  const bool apply = lock && (lock->operation.empty() || lock->operation == "OperationTypeApply");
  if (apply && !lock->id.empty()) seen_ = std::move(lock);
}

asio::awaitable<void> LockWatch::keep() {
  done_ = true;
  LockRecord record;
  record.lock_id = seen_->id;
  record.who = seen_->who;
  record.created = seen_->created;
  record.holder = apply_;
  auto write = [folder = folder_.path(), record] { return write_lock_record(folder, record); };
  auto written = co_await offload(s_.pool, std::move(write));
  if (!written) {
    s_.log.warn("the state lock of an apply was not recorded", kv("stack", target_.entry.id),
                kv("err", written.error().message()));
  }
}

asio::awaitable<bool> release_own_lock(Services& services, const Target& target, StateLock held) {
  if (!target.ref.release_stale_lock || held.id.empty() || services.stopping) co_return false;
  std::string stack = target.entry.id;
  auto last = co_await services.journal.last_applied(std::move(stack));
  if (!last || !*last || !ports::finished((*last)->phase)) co_return false;
  const ports::OperationRecord operation = **last;
  const OperationFolder folder(services.options.data, operation.id);
  auto prove = [folder, operation, held] {
    const auto record = read_lock_record(folder.path());
    if (!record || record->lock_id != held.id) return false;
    const ProcessId& holder = record->holder;
    const bool same = holder.pid == operation.pid && holder.start == operation.pid_start &&
                      holder.boot_id == operation.boot_id && holder.boot_id == boot_id();
    return same && !alive(holder) && find_operation(operation.id).empty();
  };
  const bool proved = co_await offload(services.pool, std::move(prove));
  if (!proved) co_return false;
  services.log.warn("releasing the state lock of a dead apply of our own", kv("stack", target.entry.id),
                    kv("operation", operation.id), kv("lock", held.id), kv("pid", operation.pid));
  std::vector<std::string> arguments{"force-unlock", "-force", held.id};
  RunSpec spec = run_spec(services, target, std::move(arguments), services.options.unlock_deadline);
  auto result = co_await services.tool.run(std::move(spec));
  if (!result) co_return false;
  if (!result->exit.success()) {
    const PlanStream nothing;
    FailedCall failed = failed_call(services, target, "terraform force-unlock", policy::reason::kStateLocked);
    failed.deadline = services.options.unlock_deadline;
    const Error error = call_error(failed, *result, nothing);
    services.log.error("a state lock of our own was not released", kv("stack", target.entry.id), kv("lock", held.id),
                       kv("err", error.message()));
    co_return false;
  }
  auto forget = [file = folder.path() / "lock.json"] {
    std::error_code ignored;
    return std::filesystem::remove(file, ignored);
  };
  (void)co_await offload(services.pool, std::move(forget));
  services.log.warn("the state lock of a dead apply of our own was released", kv("stack", target.entry.id),
                    kv("operation", operation.id), kv("lock", held.id));
  co_return true;
}

}  // namespace stackscaler::terraform
