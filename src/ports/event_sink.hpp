// SPDX-License-Identifier: Apache-2.0
//
// EventSink: where is told what happened to a policy, once when it happens: in a cluster Events of the resource.
//
// What it is not: the status (what is) or the log (everything). Telling never blocks and never fails; nothing may
// depend on it. Threads: the loop's.
#pragma once

#include <string>

#include "policy/types.hpp"

namespace stackscaler::ports {

struct Happening {
  bool warning = false;
  std::string reason;  // CamelCase: "Scaled", "ScaleRefused"
  std::string action;  // CamelCase: what was done or tried: "Scale", "ReadMetrics"
  std::string note;    // for people
  bool operator==(const Happening&) const = default;
};

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void tell(const policy::ScalingPolicy& policy, Happening happening) = 0;
};

}  // namespace stackscaler::ports
