// SPDX-License-Identifier: Apache-2.0
//
// Backend: where a root module keeps its state, as its .terraform folder says, and whether two Terraforms keep each
// other out there.
//
// What it is not: a check of the backend itself; nothing is asked over the network. Blocking (it reads a file); any
// thread. Errors: invalid_input where the file is no JSON. Source: Terraform's documentation, "Backend Configuration".
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace stackscaler::terraform {

struct Backend {
  std::string kind = "local";
  std::filesystem::path state_file;  // of a local backend, else empty
  // As configured it locks its state: two Terraforms elsewhere keep each other out. Of a kind that is not known: no.
  bool locks = true;
};
// As the last `terraform init` left it; without one, the local backend.
[[nodiscard]] Result<Backend> backend_of(const std::filesystem::path& folder, const std::string& workspace);

}  // namespace stackscaler::terraform
