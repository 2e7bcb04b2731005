// SPDX-License-Identifier: Apache-2.0
//
// PolicySource, PolicySink and StatusWriter: where policies come from and where their status goes.
//
// A source tells the sink what is there; the sink keeps the latest and decides when to work (level, not edge: telling
// the same thing twice is harmless). Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "policy/status.hpp"
#include "policy/types.hpp"

namespace stackscaler::ports {

class PolicySink {
 public:
  virtual ~PolicySink() = default;
  // A policy is there, new or as before. Work is due at once only when its spec_digest changed.
  virtual void upsert(std::shared_ptr<const policy::ScalingPolicy> policy) = 0;
  // It is gone, or its document is no longer valid: the loop stops caring for it and never touches its stack.
  virtual void remove(const policy::PolicyKey& key) = 0;
};

class PolicySource {
 public:
  virtual ~PolicySource() = default;
  // Looks once at everything and tells the sink. Fails only when the source as a whole can't be read.
  [[nodiscard]] virtual boost::asio::awaitable<Result<void>> load(PolicySink& sink) = 0;
  // Goes on telling the sink until cancelled. Call load() first.
  [[nodiscard]] virtual boost::asio::awaitable<void> watch(PolicySink& sink) = 0;
};

class StatusWriter {
 public:
  virtual ~StatusWriter() = default;
  // Writes the status where the policy lives. The caller has compared: every call is a write.
  [[nodiscard]] virtual boost::asio::awaitable<Result<void>> write(policy::PolicyKey key, policy::Status status) = 0;
};

}  // namespace stackscaler::ports
