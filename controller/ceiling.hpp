// SPDX-License-Identifier: Apache-2.0
//
// Ceiling: --max-instances-ceiling, between a source and the loop: no policy asks for more.
//
// A policy above it is taken with its bounds cut, and that is logged once for each of its texts. What it is not: the
// bounds' default. Threads: the loop's. Everything that it refers to must outlive it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "ports/policy_source.hpp"

namespace stackscaler::controller {

// The spec with every count cut to the ceiling. True: something was cut.
[[nodiscard]] bool cut_to_ceiling(policy::Spec& spec, int ceiling);

class Ceiling final : public ports::PolicySink {
 public:
  Ceiling(ports::PolicySink& next, std::optional<int> ceiling, Logger& logger)
      : next_(next), ceiling_(ceiling), logger_(logger) {}

  void upsert(std::shared_ptr<const policy::ScalingPolicy> policy) override;
  void remove(const policy::PolicyKey& key) override;

 private:
  ports::PolicySink& next_;
  std::optional<int> ceiling_;
  Logger& logger_;
  std::map<policy::PolicyKey, std::string> said_;  // key -> digest
};

}  // namespace stackscaler::controller
