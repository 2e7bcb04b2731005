// SPDX-License-Identifier: Apache-2.0
//
// FileStatusWriter: a policy's status into the `status:` block of its own document.
//
// Every other byte stays (policy/status_yaml.hpp). The file is exchanged atomically (renameat2, RENAME_EXCHANGE: Linux
// 3.15) and what comes out is compared with what was read; an edit made meanwhile is put back and the status written on
// top of it. Mode, owner and symbolic links stay.
// Errors: not_found when the policy is in no file (any more); conflict when the document can't be edited in place or
// keeps changing; unauthorized when the folder can't be written. The caller logs.
// Threads: the loop's; the work runs on the pool. Lifetime: outlives its write()s.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "async/offload.hpp"
#include "ports/policy_source.hpp"
#include "source/policy_index.hpp"

namespace stackscaler::source {

enum class StatusMode {
  inline_,  // into the document
  none,     // nowhere
};

class FileStatusWriter final : public ports::StatusWriter {
 public:
  FileStatusWriter(BlockingPool& pool, const PolicyIndex& index, policy::Defaults defaults, StatusMode mode)
      : pool_(pool), index_(index), defaults_(defaults), mode_(mode) {}

  [[nodiscard]] boost::asio::awaitable<Result<void>> write(policy::PolicyKey key, policy::Status status) override;

 private:
  BlockingPool& pool_;
  const PolicyIndex& index_;
  policy::Defaults defaults_;
  StatusMode mode_;
};

}  // namespace stackscaler::source
