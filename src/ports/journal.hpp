// SPDX-License-Identifier: Apache-2.0
//
// Journal: the durable record of decisions and operations (law 5: written before done).
//
// A put_operation() that returned without an error is on the disk. What it is not: a cache or a source of counts; the
// Terraform state is that. Threads: the loop's; implementations move the blocking part to a pool.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "decision/limits.hpp"

namespace stackscaler::ports {

// An operation goes through these in order; a crash leaves it in one of them.
enum class Phase {
  intended,   // written before the plan starts
  planned,    // the guard has passed; digest and summary are known; written before the user's file is touched
  applying,   // the child runs; pid, start time and boot id are known
  succeeded,  // the state holds the target
  failed,     // it ended otherwise; `outcome` says how
  abandoned,  // nothing was applied: refused, nothing to do, cancelled before the apply
};
[[nodiscard]] std::string_view to_string(Phase phase);
[[nodiscard]] bool finished(Phase phase);

struct OperationRecord {
  std::string id;
  std::string stack;   // the stack's name: its id in the registry
  std::string folder;  // the Terraform root module
  std::string workspace;
  std::string requested_by;  // "policy default/web" or "stack scale"
  int from = 0;
  int to = 0;
  std::string reason;
  std::string message;
  Phase phase = Phase::intended;
  WallTime started{};
  std::optional<WallTime> ended;
  std::string plan_digest;      // SHA-256 of the plan file
  std::string plan_summary;     // "create terraform_data.app[2]; update outputs"
  int pid = 0;                  // of the running child, 0: none yet
  std::uint64_t pid_start = 0;  // /proc/<pid>/stat field 22, clock ticks since boot
  std::string boot_id;          // /proc/sys/kernel/random/boot_id
  std::string stream;           // the child's stdout file
  std::optional<int> count_after;
  std::int64_t plan_ms = 0;    // how long terraform planned, 0: it did not, or nobody was there to measure
  std::int64_t apply_ms = 0;   // and applied
  std::string outcome_reason;  // a constant of policy/reasons.hpp
  std::string outcome;         // one sentence
  // Indexes whose creation did not end, ascending: while the operation is open those that it is creating (written at
  // `planned`) and those of operations before it; once it has ended those of them that the state holds as tainted.
  std::vector<int> half_made;
};

struct DecisionRecord {
  WallTime time{};
  WallTime seen{};     // when the same was decided last; put_decision() takes it for `time` where it is earlier
  std::string policy;  // "default/web"
  std::string stack;
  std::string action;
  int from = 0;
  int to = 0;
  double confidence = 1.0;
  std::string advisor;
  std::string reason;
  std::string message;
  std::string detail;  // JSON: signals, trace and what came of it
  bool again = false;  // the same as the policy's newest, which then takes this one's `seen`, message and detail
};

// A finished operation that changed a count.
struct Scaling {
  std::string stack;
  WallTime ended{};
  int from = 0;
  int to = 0;  // what the state held afterwards
  bool operator==(const Scaling&) const = default;
};

class Journal {
 public:
  virtual ~Journal() = default;
  // Inserts or replaces by id.
  [[nodiscard]] virtual boost::asio::awaitable<Result<void>> put_operation(OperationRecord record) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::vector<OperationRecord>>> unfinished_operations() = 0;
  // The operation of that id as it is on the disk now, by whichever process.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::optional<OperationRecord>>> operation(std::string id) = 0;
  // The newest operation of that stack that reached an apply, if any.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::optional<OperationRecord>>> last_applied(
      std::string stack) = 0;
  // The newest operation of that stack that may have created what no state holds, if none has succeeded since.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::optional<OperationRecord>>> possible_orphans(
      std::string stack) = 0;
  // The operations that ended at or after `since` and changed a count, oldest first; of that stack, or with "" of all.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::vector<Scaling>>> scalings(std::string stack,
                                                                                      WallTime since) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<void>> put_decision(DecisionRecord record) = 0;
  // What a policy's decisions recommended before the guardrails: for each count the latest time at or after `since`.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::vector<decision::Recommendation>>> recommendations(
      std::string policy, WallTime since) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<void>> put_recommendation(
      std::string policy, decision::Recommendation recommendation) = 0;
  // How long new instances of the stack took until they reported, newest first.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::vector<Duration>>> boot_times(std::string stack) = 0;
  // One more; of each stack the newest few are kept.
  [[nodiscard]] virtual boost::asio::awaitable<Result<void>> put_boot_time(std::string stack, WallTime time,
                                                                           Duration took) = 0;
  // The policy that managed the stack last ("default/web"): of its newest decision, else of its newest operation.
  // Nothing if no policy ever did.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::optional<std::string>>> manager_of(std::string stack) = 0;
  // The policy's generation: 1 for its first digest, one more for each change of it.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::int64_t>> generation(std::string policy,
                                                                                std::string digest) = 0;
};

}  // namespace stackscaler::ports
