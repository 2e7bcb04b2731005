// SPDX-License-Identifier: Apache-2.0
//
// LoopObserver: who wants to know what the loop does: the API.
//
// Called within the loop's own steps: it must not block and must not throw, and it changes nothing that the loop keeps.
// Threads: the loop's. It outlives the loop and the reconciler.
#pragma once

#include <memory>

#include "controller/turn.hpp"
#include "policy/status.hpp"

namespace stackscaler::controller {

class LoopObserver {
 public:
  virtual ~LoopObserver() = default;
  // A policy is there, new or changed.
  virtual void known(const policy::ScalingPolicy& policy) = 0;
  virtual void gone(const policy::PolicyKey& key) = 0;
  virtual void began(const policy::PolicyKey& key) = 0;
  // Before what was decided is done.
  virtual void decided(const Turn& turn) = 0;
  virtual void ended(const PolicyMemory& memory, const Turn& turn, const policy::Status& status) = 0;
  // An operation of a turn.
  virtual void moved(const policy::ScalingPolicy& policy, const ports::OperationProgress& progress) = 0;
};

}  // namespace stackscaler::controller
