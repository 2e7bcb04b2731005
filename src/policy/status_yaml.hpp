// SPDX-License-Identifier: Apache-2.0
//
// Status as text, and its place in a policy document.
//
// render_status() gives the lines of a `status:` block in block style, strings quoted where YAML would read them as
// something else. replace_status() puts it into the text of a file: the block of the document numbered `index` is
// replaced, or added as the document's last key; every other byte stays. Both texts are parsed again and must be equal
// outside `status`, otherwise it fails with `conflict` and the caller falls back to a sidecar. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "policy/status.hpp"

namespace stackscaler::policy {

[[nodiscard]] std::string render_status(const Status& status);

[[nodiscard]] Result<std::string> replace_status(std::string_view text, std::size_t index,
                                                 std::string_view status_block);

}  // namespace stackscaler::policy
