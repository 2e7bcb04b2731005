// SPDX-License-Identifier: Apache-2.0
#include "controller/hold.hpp"

#include <algorithm>
#include <array>

#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

using namespace std::chrono_literals;
namespace reason = policy::reason;

constexpr Duration kFirst = 1min;
constexpr Duration kCap = 30min;
constexpr Duration kUnchanged = 1h;  // between looks at what only a change can mend
constexpr Duration kForgotten = 1h;  // without a failure

}  // namespace

bool needs_a_change(std::string_view why) {
  constexpr std::array kReasons{reason::kConfigInvalid, reason::kEnvNotAllowed, reason::kTemplateInvalid,
                                reason::kTerraformVersion};
  return std::find(kReasons.begin(), kReasons.end(), why) != kReasons.end();
}

void Hold::failed(Reason why, HoldBasis basis, SteadyTime now, Random& random) {
  if (failures_ > 0 && basis != basis_) failures_ = 0;
  ++failures_;
  const bool change = needs_a_change(why.reason);
  until_ = now + (change ? kUnchanged : backoff_delay(random, failures_, kFirst, kCap));
  stalled_ = change || failures_ >= kStalledAfter;
  last_failure_ = now;
  why_ = std::move(why);
  basis_ = std::move(basis);
}

void Hold::succeeded() {
  failures_ = 0;
  stalled_ = false;
}

void Hold::quiet(SteadyTime now) {
  if (failures_ > 0 && now - last_failure_ >= kForgotten && now >= until_) succeeded();
}

std::optional<Hold::Reason> Hold::holds(const HoldBasis& basis, SteadyTime now) const {
  if (failures_ == 0 || now >= until_ || basis != basis_) return std::nullopt;
  return why_;
}

}  // namespace stackscaler::controller
