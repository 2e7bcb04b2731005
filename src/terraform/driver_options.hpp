// SPDX-License-Identifier: Apache-2.0
//
// DriverOptions: how the Terraform driver behaves. Plain data; durations are milliseconds.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace stackscaler::terraform {

// POSTs a JSON body and gives the answer's status, within that time; the terraform component knows no HTTP itself.
// invalid_input: no URL that can be called; timeout; anything else: it could not be reached.
using PostJson =
    std::function<boost::asio::awaitable<Result<int>>(std::string url, std::string body, Duration timeout)>;

struct DriverOptions {
  std::string binary = "terraform";                   // a name on the PATH ("terraform", "tofu") or a path
  std::filesystem::path data;                         // the program's own folder; operations live in <data>/operations
  Duration lock_timeout = std::chrono::seconds(60);   // how long terraform waits for its state lock
  Duration plan_deadline = std::chrono::minutes(10);  // then SIGINT
  Duration kill_after = std::chrono::seconds(30);     // from that SIGINT, or a hook's SIGTERM, to SIGKILL
  Duration init_deadline = std::chrono::minutes(10);
  Duration pull_deadline = std::chrono::seconds(60);
  Duration pull_pause =
      std::chrono::seconds(5);  // before the state is asked again that could not be read after an apply
  Duration version_deadline = std::chrono::seconds(30);
  Duration unlock_deadline = std::chrono::seconds(60);  // of force-unlock, and of the look at our own lock
  Duration apply_overdue = std::chrono::minutes(30);    // reported, never signalled
  Duration follow_interval = std::chrono::milliseconds(300);
  int max_concurrent = 2;            // plans and applies at a time
  std::uint64_t memory_per_run = 0;  // bytes a plan or apply is assumed to need; 0: memory is not looked at
  // What is free now, in bytes, for tests; absent: available_memory() of terraform/admission.hpp. Runs on the pool.
  std::function<std::optional<std::uint64_t>()> free_memory{};
  PostJson post_json{};  // for webhooks; absent: a policy's webhook fails
  std::size_t keep_operations = 20;
  std::vector<std::string> allow_env;    // names and prefixes ("TF_VAR_*") that policies may set and we pass on
  std::filesystem::path plugin_cache;    // TF_PLUGIN_CACHE_DIR, created with mode 0700; empty: as inherited
  bool require_locking = false;          // with several replicas: a backend that does not lock its state is refused
  bool allow_terraform_version = false;  // apply with a terraform newer than tested
};

}  // namespace stackscaler::terraform
