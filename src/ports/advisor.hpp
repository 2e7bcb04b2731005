// SPDX-License-Identifier: Apache-2.0
//
// Advisor: the port that turns an observation into advice. Rules answer at once and are pure; others may be slow or
// fail, and then the caller falls back to rules and says so. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "decision/decide.hpp"

namespace stackscaler::ports {

class Advisor {
 public:
  virtual ~Advisor() = default;
  [[nodiscard]] virtual boost::asio::awaitable<Result<decision::Advice>> advise(
      const policy::ScalingPolicy& policy, const decision::Observation& observation,
      const decision::Signals& signals) = 0;
};

}  // namespace stackscaler::ports
