// SPDX-License-Identifier: Apache-2.0
//
// Operations that are not over and that the journal may not know: it was lost or set aside while they ran.
//
// They are told by their folders, whose plan and count file go at an operation's end, and by terraforms that still run
// with an operation's id in their environment. What it is not: a judgement; the journal is asked by the caller, and
// recovery (terraform/recover.hpp) takes the truth from the state. Threads: blocking; call from the blocking pool.
#pragma once

#include <filesystem>
#include <vector>

#include "ports/journal.hpp"
#include "stack/registry.hpp"

namespace stackscaler::terraform {

// Those of <data>/operations first, then the living ones without a folder there, whose counts are the metadata's and
// the user's variable file's.
[[nodiscard]] std::vector<ports::OperationRecord> operations_not_over(const std::filesystem::path& data,
                                                                      const stack::Registry& registry);

}  // namespace stackscaler::terraform
