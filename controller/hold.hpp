// SPDX-License-Identifier: Apache-2.0
//
// Hold: how long a policy's stack is left alone after a converge was refused or has failed.
//
// Refusals and failures are tried again after 1 to 30 minutes, with growth and jitter, and at once when the spec or the
// stack's configuration changes. What only such a change can mend (a wrong configuration) is looked at again every
// hour. Turns that want nothing don't clear the count of failures, so that a metric that swings around its threshold
// can't defeat the backoff; a success, a change or a quiet hour does. What it is not: the cooldown, which the decision
// keeps. Pure data; the caller owns time and randomness.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/time.hpp"

namespace stackscaler::controller {

// What a hold rests on: when one of them changes it ends.
struct HoldBasis {
  std::string spec_digest;
  std::string config_stamp;
  bool operator==(const HoldBasis&) const = default;
};

class Hold {
 public:
  static constexpr int kStalledAfter = 10;  // failures in a row: from then on a person should look

  struct Reason {
    std::string reason;
    std::string message;
  };

  void failed(Reason why, HoldBasis basis, SteadyTime now, Random& random);
  void succeeded();
  // A turn that wanted no change.
  void quiet(SteadyTime now);
  // Why nothing may be tried now, or nothing when it may.
  [[nodiscard]] std::optional<Reason> holds(const HoldBasis& basis, SteadyTime now) const;
  [[nodiscard]] int failures() const { return failures_; }
  // True when a person has to act before it can go on, or should look since it does not.
  [[nodiscard]] bool stalled() const { return stalled_; }

 private:
  Reason why_;
  HoldBasis basis_;
  SteadyTime until_{};
  SteadyTime last_failure_{};
  int failures_ = 0;
  bool stalled_ = false;
};

// True for failures that time does not mend: a configuration or a variable is wrong.
[[nodiscard]] bool needs_a_change(std::string_view reason);

}  // namespace stackscaler::controller
