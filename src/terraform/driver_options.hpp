// SPDX-License-Identifier: Apache-2.0
//
// DriverOptions: how the Terraform driver behaves. Plain data; durations are milliseconds.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace stackscaler::terraform {

struct DriverOptions {
  std::string binary = "terraform";                   // a name on the PATH ("terraform", "tofu") or a path
  std::filesystem::path data;                         // the program's own folder; operations live in <data>/operations
  Duration lock_timeout = std::chrono::seconds(60);   // how long terraform waits for its state lock
  Duration plan_deadline = std::chrono::minutes(10);  // then SIGINT
  Duration kill_after = std::chrono::seconds(30);     // from that SIGINT to SIGKILL
  Duration init_deadline = std::chrono::minutes(10);
  Duration pull_deadline = std::chrono::seconds(60);
  Duration version_deadline = std::chrono::seconds(30);
  Duration unlock_deadline = std::chrono::seconds(60);  // of force-unlock, and of the look at our own lock
  Duration apply_overdue = std::chrono::minutes(30);    // reported, never signalled
  Duration follow_interval = std::chrono::milliseconds(300);
  int max_concurrent = 2;
  std::size_t keep_operations = 20;
  std::vector<std::string> allow_env;    // names and prefixes ("TF_VAR_*") that policies may set and we pass on
  std::filesystem::path plugin_cache;    // TF_PLUGIN_CACHE_DIR, created with mode 0700; empty: as inherited
  bool allow_terraform_version = false;  // apply with a terraform newer than tested
};

}  // namespace stackscaler::terraform
