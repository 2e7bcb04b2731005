// SPDX-License-Identifier: Apache-2.0
//
// Starting an apply of a saved plan, for scaling and for deploying. Private to this component. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "base/error.hpp"
#include "terraform/folder.hpp"
#include "terraform/process.hpp"
#include "terraform/services.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

// Runs `terraform apply` of the folder's plan file in the stack's folder, with the operation's id in its environment,
// its output in the folder's files and the stack's lock (`lock_fd`) inherited. Returns as soon as it runs. The stream's
// file is made right before, so that a crash before it is told from one after.
[[nodiscard]] boost::asio::awaitable<Result<ChildProcess>> start_apply(Services& services, Target target,
                                                                       OperationFolder folder, std::string operation,
                                                                       int lock_fd);

}  // namespace stackscaler::terraform
