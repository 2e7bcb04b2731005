// SPDX-License-Identifier: Apache-2.0
//
// FileStatusWriter: a policy's status into the `status:` block of its own document, or into a file beside the journal.
//
// Inline, every other byte stays (policy/status_yaml.hpp). The file is exchanged atomically (renameat2,
// RENAME_EXCHANGE: Linux 3.15) and what comes out is compared with what was read; an edit made meanwhile is put back
// and the status written on top of it. Mode, owner and symbolic links stay. `auto` writes a sidecar
// (detail/sidecar.hpp) instead where git tracks the file, where it can't be written, and where the document can't hold
// a status. Where each policy's status goes, and why, is logged once. The sidecar of a policy that is gone is removed.
// Errors: not_found when the policy is in no file (any more); conflict when the document can't be edited in place or
// keeps changing; unauthorized when the folder can't be written. The caller logs.
// Threads: the loop's; the work runs, in order, on a thread of its own. Lifetime: outlives its write()s; the index
// outlives it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "async/offload.hpp"
#include "base/log.hpp"
#include "ports/policy_source.hpp"
#include "source/policy_index.hpp"

namespace stackscaler::source {

enum class StatusMode {
  auto_,    // inline where that disturbs nobody, else a sidecar
  inline_,  // into the document
  sidecar,  // into a file of its own
  none,     // nowhere
};

struct StatusOptions {
  StatusMode mode = StatusMode::auto_;
  std::filesystem::path sidecars;  // their folder
  policy::Defaults defaults;
  std::string git = "git";  // the program
};

class FileStatusWriter final : public ports::StatusWriter {
 public:
  FileStatusWriter(Logger& logger, PolicyIndex& index, StatusOptions options);
  ~FileStatusWriter() override;
  FileStatusWriter(const FileStatusWriter&) = delete;
  FileStatusWriter& operator=(const FileStatusWriter&) = delete;

  [[nodiscard]] boost::asio::awaitable<Result<void>> write(policy::PolicyKey key, policy::Status status) override;

 private:
  class Desk;  // what works on the thread
  void note_gone();

  Logger& logger_;
  PolicyIndex& index_;
  StatusMode mode_;
  std::shared_ptr<Desk> desk_;
  std::set<policy::PolicyKey> known_;
  bool swept_ = false;
  std::map<policy::PolicyKey, std::string> said_;  // where the status of each goes, as last logged
  BlockingPool thread_{1};
};

}  // namespace stackscaler::source
