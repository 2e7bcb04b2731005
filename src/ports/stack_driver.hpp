// SPDX-License-Identifier: Apache-2.0
//
// StackDriver: the port through which the loop looks at a stack and changes its count.
//
// Counts come from the Terraform state, never from a file that says what somebody wanted. Errors carry a reason of
// policy/reasons.hpp (StackNotAdopted, StateChanged, StateLocked, PlanRefused, UnhealthyStack, ApplyFailed …).
// Threads: the loop's. The caller runs at most one scale() per stack at a time; implementations refuse a second.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "policy/types.hpp"
#include "ports/gate.hpp"
#include "ports/journal.hpp"

namespace stackscaler::ports {

struct StackView {
  std::string name;      // the stack's id in the registry: what the journal and the logs call it
  std::string identity;  // real path + workspace + lineage: equal for two policies that name the same stack
  int count = 0;
  std::vector<int> indexes;  // ascending
  std::string resource;      // the counted resource's address without index
  // Changes when a file of the stack's configuration does; cheap, so told by names, sizes and times of change.
  std::string config_stamp;
  WallTime read_at{};
};

struct PlanReport {
  int from = 0;
  int to = 0;
  bool nothing_to_do = false;
  std::string summary;               // "create terraform_data.app[1], terraform_data.app[2]"
  std::vector<std::string> refused;  // "delete aws_db_instance.main (delete_because_no_resource_config)"
  std::string refusal_reason;        // PlanRefused or UnhealthyStack when refused is not empty
};

struct ScaleOrder {
  policy::StackRef stack;
  // The count on which the decision rests: if the state holds another, nothing is done (CountChanged). Absent: whatever
  // it holds.
  std::optional<int> from;
  int to = 0;
  std::string requested_by;
  // If it had to wait for its place beyond this, nothing is done (DecisionExpired): what it rests on is old by then.
  std::optional<SteadyTime> start_by;
  // Asked with the permit before every step that can't be taken back; a failure ends the operation. Absent: it is.
  std::function<Result<void>()> still_wanted;
  // Asked after a drain, which may have taken long: whether what was decided is right for what the metrics say now.
  // Absent: it is.
  std::function<boost::asio::awaitable<Result<void>>()> still_right;
  std::string reason;
  std::string message;
};

struct ScaleReport {
  std::string operation_id;
  int from = 0;
  int count_after = 0;
  bool changed = false;  // false: the plan had nothing to do
  std::string summary;
  std::string warning;              // what went wrong after a scale that stands: the hook postScaleOut failed; or ""
  std::vector<std::string> healed;  // addresses replaced on the way: half-made instances, dependents of new instances
};

struct OperationProgress {
  std::string id;
  std::string phase;  // Waiting | Planning | Draining | Applying | Verifying
  int from = 0;
  int to = 0;
  WallTime since{};
  std::string progress;  // "2 of 3 created, aws_instance.app[2] 34s", "3rd in the queue", or ""
};
using ProgressSink = std::function<void(const OperationProgress&)>;

class StackDriver {
 public:
  virtual ~StackDriver() = default;

  // The stack as it is now. Takes no lock and starts no provider.
  [[nodiscard]] virtual boost::asio::awaitable<Result<StackView>> observe(policy::StackRef stack) = 0;

  // What a scale to `to` would do, by a real plan, without changing anything.
  [[nodiscard]] virtual boost::asio::awaitable<Result<PlanReport>> plan(policy::StackRef stack, int to) = 0;

  // Converges the stack to order.to: plan, guard, apply, verify. Returns after the end of the apply, however long.
  [[nodiscard]] virtual boost::asio::awaitable<Result<ScaleReport>> scale(const WritePermit& permit, ScaleOrder order,
                                                                          ProgressSink progress) = 0;

  // Brings an operation that a crash left open to its end: follows its child if that still runs, then takes the truth
  // from the state into metadata, the user's variable file and the journal. Starts nothing.
  [[nodiscard]] virtual boost::asio::awaitable<Result<OperationRecord>> recover(const WritePermit& permit,
                                                                                OperationRecord open,
                                                                                ProgressSink progress) = 0;

  // Operations that are not over and that the journal does not know, for recover(): the journal was lost or set aside
  // while they ran. Asked once, at the start.
  [[nodiscard]] virtual boost::asio::awaitable<std::vector<OperationRecord>> lost_operations() {
    co_return std::vector<OperationRecord>();
  }

  // The names of observed stacks whose state may have changed since the last observe() or the last call of this, as far
  // as a look at local state files tells. One cheap look at all of them.
  [[nodiscard]] virtual boost::asio::awaitable<std::vector<std::string>> changed_stacks() = 0;

  // Law 13. stop(): plans are interrupted, no apply starts, running applies go on. interrupt(): the grace time is
  // over, each running apply gets one SIGINT.
  virtual void stop() = 0;
  virtual void interrupt() = 0;
};

}  // namespace stackscaler::ports
