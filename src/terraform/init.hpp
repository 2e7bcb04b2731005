// SPDX-License-Identifier: Apache-2.0
//
// `terraform init`: only when the configuration changed, one at a time on this machine. Private to this component.
//
// A plugin cache can't bear two at once ("text file busy", checksum errors), so processes take turns by a lock file in
// the cache's folder, or in the program's own where there is none. Backend settings of the form KEY=VALUE reach
// terraform in a private file: an argument would show them to every user of the machine.
// Threads: the loop's. Errors: InitFailed, ConfigInvalid, CredentialsInvalid, NetworkError, InitNeeded.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "base/error.hpp"

namespace stackscaler::terraform {

struct Services;
struct Target;

// Runs init if the configuration is not the one of the last init; records its fingerprint in `target` and on disk.
[[nodiscard]] boost::asio::awaitable<Result<void>> ensure_init(Services& services, Target& target);

// "key = value" as an HCL file has it. Values that begin with '{' or '[' are expressions, others are strings.
[[nodiscard]] Result<std::string> backend_line(const std::string& setting);

}  // namespace stackscaler::terraform
