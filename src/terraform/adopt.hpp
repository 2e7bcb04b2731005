// SPDX-License-Identifier: Apache-2.0
//
// Adopting: taking an existing Terraform folder into the registry, so that it may be scaled.
//
// It runs init if need be, reads the state, finds the counted resource and records lineage, serial, workspace and
// backend (law 12). With a template, main.tf must be what it renders for the context and the count in the state. It
// changes no resource and none of the user's files. `accept_state` records them anew for a stack that is in the
// registry already. Driven by TerraformDriver::adopt(). Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace stackscaler::terraform {

struct Services;

struct AdoptRequest {
  std::filesystem::path folder;
  std::string id;
  std::string variable = "instance_count";
  std::string resource;                 // empty: found when just one resource has a count
  std::filesystem::path template_file;  // sized by it instead of by the variable; relative: to the registry folder
  std::string context;                  // of the template, a JSON object; empty: what the metadata holds
  std::string workspace = "default";
  std::vector<std::string> dependents;  // stored as given
  bool accept_state = false;
};

struct AdoptReport {
  std::string id;
  std::filesystem::path folder;
  std::string resource;
  std::string variable;
  std::string template_file;  // empty: sized by the variable
  std::string backend;
  int count = 0;
  std::vector<std::string> proposed_dependents;  // have the same indexes and are not stored
  std::vector<std::string> warnings;
};

// Copies what it needs before its first suspension; `services` must outlive it.
[[nodiscard]] boost::asio::awaitable<Result<AdoptReport>> adopt_stack(Services& services, AdoptRequest request);

}  // namespace stackscaler::terraform
