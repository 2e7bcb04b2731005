// SPDX-License-Identifier: Apache-2.0
//
// The command line, the environment and the configuration file, read into one place.
//
// Precedence: flag, then environment (process, then --env-file), then configuration file, then default. All problems
// are reported at once. A command that is only help or a version is answered here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "controller/cluster_settings.hpp"
#include "controller/fleet_guard.hpp"
#include "controller/logging.hpp"
#include "controller/simulate_options.hpp"
#include "policy/types.hpp"

namespace stackscaler::controller {

enum class Command {
  run,
  reconcile,
  validate,
  stack_list,
  stack_show,
  stack_adopt,
  stack_scale,
  stack_deploy,
  metrics,
  pause,
  resume,
  history,
  explain,
  advise,
  stack_doctor,
  simulate,
  version
};
enum class Output { table, json };
enum class StatusTarget { auto_, inline_, sidecar, none };

struct Options {
  Command command = Command::version;

  // Where things are
  std::filesystem::path policies;
  std::filesystem::path stacks = ".infra/work";
  std::filesystem::path data = ".infra/data";
  std::string prometheus_url = "http://127.0.0.1:9090";
  policy::Source prometheus;  // how to be let in there; its url stays empty
  std::string terraform;      // name or path; empty: terraform, else tofu, from PATH

  // What is allowed
  bool implicit = false;  // stacks that no policy names follow the defaults
  bool enabled = false;
  bool dry_run = false;
  bool rehearsal = false;
  bool allow_terraform_version = false;
  std::vector<std::string> allow_env;  // names and prefixes ("TF_VAR_*")
  std::filesystem::path plugin_cache;
  int max_concurrent = 2;                          // plans and applies at a time
  std::uint64_t terraform_memory = 700ULL << 20U;  // bytes assumed for each; 0: memory is not looked at
  FleetLimits fleet;
  Duration outside_hold = std::chrono::minutes(5);
  StatusTarget status = StatusTarget::auto_;
  policy::Defaults defaults;
  ClusterOptions cluster;
  std::map<std::string, std::string> env_file;  // its keys of advisors (*_API_KEY): secrets

  // The API
  std::string listen = "127.0.0.1:8008";  // ADDRESS:PORT, or off
  std::filesystem::path token_file;
  Secret token;  // STACKSCALER_TOKEN
  std::string tls_certificate;
  std::string tls_key;
  std::vector<std::string> allow_hosts;  // in lower case
  int changes_per_minute = 60;
  std::optional<int> ceiling;  // of every count that is asked for

  // How it speaks
  std::optional<LogFormat> log_format;  // unset: text on a terminal, else logfmt
  LogLevel log_level = LogLevel::info;
  Output output = Output::table;

  // Arguments of single commands
  bool plan = false;                         // reconcile --plan
  std::vector<std::filesystem::path> paths;  // validate, metrics, advise
  bool print_prompt = false;                 // advise --print-prompt
  std::optional<Duration> since;             // metrics --since
  std::optional<Duration> step;              // metrics --step
  std::string stack_id;                      // stack show|scale|deploy|doctor, adopt --id
  std::filesystem::path folder;              // stack adopt
  int instances = 0;                         // stack scale, deploy --instances (0: not given)
  std::string reason;                        // stack scale, pause --reason
  std::string policy;                        // explain, history: "default/web"; history: "" for all
  int limit = 50;                            // history --limit
  bool force = false;                        // stack scale --force
  std::string variable = "instance_count";   // stack adopt
  std::string resource;                      // stack adopt
  std::string workspace = "default";         // stack adopt
  std::vector<std::string> dependents;       // stack adopt
  bool accept_state = false;                 // stack adopt
  std::filesystem::path template_file;       // stack deploy|adopt
  std::filesystem::path context_file;        // stack deploy|adopt; empty: none
  std::vector<std::string> set;              // stack deploy --set NAME=VALUE
  bool yes = false;                          // stack deploy
  std::filesystem::path query;               // stack doctor; empty: found or made
  SimulateOptions simulate;                  // simulate
};

// Either options to go on with, or text to print and an exit code (help, version, errors).
struct ParsedOptions {
  std::optional<Options> options;
  std::string text;
  int exit_code = 0;
};

using Environment = std::map<std::string, std::string>;
[[nodiscard]] Environment process_environment();

[[nodiscard]] ParsedOptions parse_options(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace stackscaler::controller
