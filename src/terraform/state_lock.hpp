// SPDX-License-Identifier: Apache-2.0
//
// StateLock: who holds Terraform's state lock, as its diagnostics say it, and the proof that a lock is our own.
//
// The proof (docs/adr/0009): while an apply of ours runs and has got its lock, a second, harmless call that asks for
// the same lock is told the holder's id. That id is ours if the apply's stream shows it at work both before and after
// that call. It is kept in the operation's folder; only a lock of exactly that id is ever released, and only when the
// apply's process is proved dead. Without the proof nothing is released.
// Threads: parsing and texts are pure; LockRecord's file calls block.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "terraform/process.hpp"

namespace stackscaler::terraform {

struct StateLock {
  std::string id;
  std::string who;        // "root@vm"
  std::string operation;  // "OperationTypeApply"
  std::string created;    // as printed: "2026-11-24 05:59:18.1 +0000 UTC"
  [[nodiscard]] std::optional<WallTime> since() const;
};

// From a diagnostic's detail or from standard error; nothing when the text names no lock.
[[nodiscard]] std::optional<StateLock> parse_lock(std::string_view text);

// "held by root@vm for 12m (OperationTypeApply, since 2026-11-24 05:59:18.1 +0000 UTC, lock 35cc…)".
[[nodiscard]] std::string describe(const StateLock& lock, WallTime now);
// The whole sentence: who, for how long, and how a person takes it away.
[[nodiscard]] std::string lock_sentence(const std::optional<StateLock>& lock, WallTime now,
                                        const std::filesystem::path& folder);

// <operation's folder>/lock.json, mode 0600: the id of the lock that this operation's apply was seen to hold.
struct LockRecord {
  std::string lock_id;
  std::string who;
  std::string created;
  ProcessId holder;  // the apply
};
[[nodiscard]] Result<void> write_lock_record(const std::filesystem::path& folder, const LockRecord& record);
[[nodiscard]] std::optional<LockRecord> read_lock_record(const std::filesystem::path& folder);

}  // namespace stackscaler::terraform
