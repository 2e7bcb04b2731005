// SPDX-License-Identifier: Apache-2.0
//
// Where the API listens, and what has to be so before it does: the address, the token, who may reach it.
//
// Errors are sentences for the person who starts the program; a token is in none of them. Blocking: it reads the
// token's file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/secret.hpp"
#include "controller/options.hpp"

namespace stackscaler::controller {

struct ListenPlan {
  std::string address;
  std::uint16_t port = 0;
  bool loopback = true;
  Secret token;
};

// Nothing with --listen=off.
[[nodiscard]] Result<std::optional<ListenPlan>> plan_listen(const Options& options);

}  // namespace stackscaler::controller
