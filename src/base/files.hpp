// SPDX-License-Identifier: Apache-2.0
//
// Whole-file reads and durable whole-file writes. Blocking: call them on the blocking pool, never on the loop.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace stackscaler {

// Reads at most `limit` bytes; a larger file is invalid_input, a missing one not_found. Refuses anything but a
// regular file, so that a FIFO in a folder cannot block a thread for ever.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit);

// Writes to a new file beside `path`, fsyncs it, renames it over `path` and fsyncs the folder: after a crash the old
// or the new content is there, never a part. `mode` are the permission bits of the new file.
[[nodiscard]] Result<void> write_file_atomic(const std::filesystem::path& path, std::string_view content,
                                             unsigned mode);

}  // namespace stackscaler
