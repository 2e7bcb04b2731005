// SPDX-License-Identifier: Apache-2.0
//
// exchange_content(): replaces a file's content if, and only if, it is still what was read; compare-and-swap for files.
//
// The new content is written to a file beside it and exchanged with it by renameat2(RENAME_EXCHANGE); what came out is
// then compared with what was read. On a difference both are exchanged back. A program that still has the old file open
// for writing counts as a difference: its bytes would go to a file without a name (found out by a read lease, where
// the file system has them). No byte of another writer is ever deleted: if two edits cross, the older is kept beside.
// Source: rename(2), fcntl(2) "Leases". Blocking. `file` must not be a symbolic link.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "policy/types.hpp"

namespace stackscaler::source::detail {

// The reason of an error that the same file would give again: its status belongs elsewhere.
inline constexpr std::string_view kCannotHoldStatus = "CannotHoldStatus";

// For tests: called where another program's edit could come in between.
struct ExchangeHooks {
  std::function<void()> before_exchange;
  std::function<void()> before_put_back;
};

enum class Exchanged {
  done,
  changed,  // somebody else's content is there and stays there; read it and try again
};

[[nodiscard]] Result<Exchanged> exchange_content(const std::filesystem::path& file, std::string_view expected,
                                                 std::string_view content, const ExchangeHooks& hooks);

// The whole status write: find the policy's document, edit, exchange; again when the file changed meanwhile. `path` may
// be a link; it is also the file's name in the policy.
[[nodiscard]] Result<void> write_status_inline(const std::filesystem::path& path, const policy::PolicyKey& key,
                                               std::string_view status_block, const policy::Defaults& defaults,
                                               const ExchangeHooks& hooks);

}  // namespace stackscaler::source::detail
