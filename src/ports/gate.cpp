// SPDX-License-Identifier: Apache-2.0
#include "ports/gate.hpp"

#include <utility>

#include "policy/reasons.hpp"

namespace stackscaler::ports {

namespace reason = policy::reason;

Result<void> WritePermit::check() const {
  return gate_->check(request_);
}

Result<WritePermit> Gate::permit(WriteRequest request) const {
  if (auto open = check(request); !open) return fail(std::move(open).error());
  return WritePermit(*this, std::move(request));
}

Result<void> Gate::check(const WriteRequest& request) const {
  if (settings_.dry_run) {
    return fail(ErrorKind::conflict, reason::kDryRun, "nothing is changed: this process runs with --dry-run");
  }
  if (request.origin == Origin::recovery) return {};
  if (stopping_) return fail(ErrorKind::conflict, reason::kStopping, "nothing new is started: the program is stopping");
  if (!leading()) {
    return fail(ErrorKind::conflict, reason::kStandby, "nothing is changed: another replica leads");
  }
  if (const std::string stop = stopped(); !stop.empty()) {
    return fail(ErrorKind::conflict, reason::kPaused, "nothing is changed: " + stop + " (stackscaler resume)");
  }
  if (!request.policy_paused.empty()) {
    return fail(ErrorKind::conflict, reason::kPaused, "nothing is changed: " + request.policy_paused);
  }
  if (request.policy_dry_run) {
    return fail(ErrorKind::conflict, reason::kDryRun, "nothing is changed: the policy has spec.dryRun: true");
  }
  if (request.origin == Origin::explicit_) return {};
  if (!settings_.enabled) {
    return fail(ErrorKind::conflict, reason::kNotEnabled,
                "nothing is changed: auto-scaling is off; start with --enable or set AUTO_SCALING_ENABLED=true");
  }
  if (request.policy_suspend) {
    return fail(ErrorKind::conflict, reason::kSuspended, "nothing is changed: the policy has spec.suspend: true");
  }
  if (!request.schedule.empty()) {
    return fail(ErrorKind::conflict, reason::kSuspended,
                "nothing is changed: schedule " + request.schedule + " suspends the policy");
  }
  return {};
}

}  // namespace stackscaler::ports
