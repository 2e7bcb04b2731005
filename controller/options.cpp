// SPDX-License-Identifier: Apache-2.0
#include "controller/options.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <span>

#include "base/files.hpp"
#include "controller/config_file.hpp"
#include "controller/settings.hpp"
#include "controller/version.hpp"

namespace stackscaler::controller {
namespace {

constexpr std::size_t kMaxSettingsFile = 64 * 1024;

// What the command line said for each setting; CLI11 fills it in.
struct Flags {
  std::map<std::string, std::string, std::less<>> values;  // of settings with a value
  std::map<std::string, bool, std::less<>> switches;
  std::string env_file;
  std::string config;
  std::string output = "table";
  std::string stack_reason;
  std::string since;
  std::string step;
  SimulateFlags simulate;
};

using Names = std::span<const std::string_view>;
constexpr std::array<std::string_view, 8> kServerNames{
    "prometheus-url",           "prometheus-tenant", "prometheus-bearer-file", "prometheus-basic-user",
    "prometheus-password-file", "prometheus-ca",     "prometheus-cert",        "prometheus-key"};
constexpr std::array<std::string_view, 4> kDefaultNames{"default-interval-minutes", "default-confidence-threshold",
                                                        "default-max-instances", "default-min-instances"};
constexpr std::array<std::string_view, 2> kLogNames{"log-format", "log-level"};
constexpr std::array<std::string_view, 1> kDataNames{"data"};
constexpr std::array<std::string_view, 7> kStackNames{
    "stacks", "dry-run", "terraform", "plugin-cache", "allow-env", "allow-terraform-version", "max-destroyed-per-hour"};
constexpr std::array<std::string_view, 8> kLoopNames{"policies",       "implicit",           "enable",
                                                     "shrink-breaker", "max-concurrent",     "terraform-memory",
                                                     "status",         "outside-change-hold"};

constexpr std::array<std::string_view, 6> kApiNames{"listen",  "token-file", "tls-cert",
                                                    "tls-key", "allow-host", "api-changes-a-minute"};
constexpr std::array<std::string_view, 1> kCeilingNames{"max-instances-ceiling"};

void add_settings(CLI::App& app, Flags& flags, std::initializer_list<Names> groups) {
  const auto among = [](const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const Setting& s : settings()) {
    if (std::none_of(groups.begin(), groups.end(), [&](const Names& names) { return among(names, s.name); })) continue;
    std::string help(s.help);
    if (!s.fallback.empty() && !s.value.empty()) help += " [" + std::string(s.fallback) + "]";
    if (!s.environment.empty()) help += " (env " + std::string(s.environment) + ")";
    const std::string flag = "--" + std::string(s.name);
    if (s.value.empty()) {
      app.add_flag(flag, flags.switches[std::string(s.name)], help);
    } else {
      auto* option = app.add_option(flag, flags.values[std::string(s.name)], help)->type_name(std::string(s.value));
      if (s.name == "allow-env" || s.name == "allow-host")
        option->multi_option_policy(CLI::MultiOptionPolicy::Join)->delimiter(',');
    }
  }
  app.add_option("--env-file", flags.env_file, "file of KEY=value lines, read like the environment")->type_name("FILE");
  app.add_option("--config", flags.config, "YAML file of these settings, by name")->type_name("FILE");
}

void add_output(CLI::App& app, Flags& flags) {
  app.add_option("-o,--output", flags.output, "table or json [table]")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "json"}));
}

// The commands, each with what it takes.
struct Commands {
  CLI::App root{"Keeps the size of Terraform stacks where their ScalingPolicies want it.", "stackscaler"};
  CLI::App* run;
  CLI::App* reconcile;
  CLI::App* validate;
  CLI::App* metrics;
  CLI::App* pause;
  CLI::App* resume;
  CLI::App* explain;
  CLI::App* history;
  CLI::App* advise;
  CLI::App* list;
  CLI::App* show;
  CLI::App* adopt;
  CLI::App* scale;
  CLI::App* deploy;
  CLI::App* doctor;
  CLI::App* simulate;
  CLI::App* version;

  Commands(Options& o, Flags& f) {
    root.require_subcommand(1);
    root.set_version_flag("--version", std::string("stackscaler ") + controller::version());
    root.set_help_all_flag("--help-all", "help of all commands");
    run = root.add_subcommand("run", "the controller: watches policies and keeps their stacks in size");
    add_settings(*run, f,
                 {kLoopNames, kClusterNames, kStackNames, kDataNames, kServerNames, kDefaultNames, kLogNames, kApiNames,
                  kCeilingNames});
    run->add_flag("--rehearsal", o.rehearsal, "no Terraform at all: counts live in memory (for a first look)");
    reconcile = root.add_subcommand("reconcile",
                                    "one pass over the policies; exit 0: done or nothing to do, 1: an error, with "
                                    "--dry-run 2: changes are wanted");
    add_settings(*reconcile, f,
                 {kLoopNames, kStackNames, kDataNames, kServerNames, kDefaultNames, kLogNames, kCeilingNames});
    reconcile->add_flag("--plan", o.plan, "with --dry-run: make a real Terraform plan for each change and show it");
    add_output(*reconcile, f);
    validate = root.add_subcommand("validate", "every problem of every policy file, as file:line:col: message");
    add_settings(*validate, f, {kDefaultNames});
    validate->add_option("path", o.paths, "policy files or folders")->required()->type_name("PATH");
    metrics = root.add_subcommand(
        "metrics", "what the controller reads for a policy now; with --since, what it would have read, as CSV");
    add_settings(*metrics, f, {kServerNames, kLogNames});
    metrics->add_option("path", o.paths, "policy files or folders")->required()->type_name("PATH");
    metrics->add_option("--since", f.since, "how far back, such as 1h; prints policy,metric,series,time,value")
        ->type_name("DURATION");
    metrics->add_option("--step", f.step, "between two points of --since [a 240th of it, at least 15s]")
        ->type_name("DURATION");
    add_journal_commands(o, f);
    add_advise(o, f);
    simulate = root.add_subcommand(
        "simulate", "what policies would have done with a load history, by the decision code of the controller");
    add_settings(*simulate, f, {kServerNames, kDefaultNames, kLogNames});
    add_simulate(*simulate, o, f.simulate);
    add_output(*simulate, f);
    add_stack_commands(o, f);
    version = root.add_subcommand("version", "the version");
  }

  void add_journal_commands(Options& o, Flags& f) {
    explain = root.add_subcommand("explain", "why the last decision on a policy was what it was, from the journal");
    explain->add_option("policy", o.policy, "the policy's name, or namespace/name")->required()->type_name("POLICY");
    history = root.add_subcommand("history", "decisions and operations, newest last, from the journal");
    history->add_option("policy", o.policy, "the policy's name, or namespace/name [all]")->type_name("POLICY");
    history->add_option("--limit", o.limit, "at most so many lines, the newest [50]")
        ->type_name("N")
        ->check(CLI::Range(1, 10000));
    history->add_option("--since", f.since, "only what began so long ago or later, such as 24h")->type_name("DURATION");
    for (CLI::App* sub : {explain, history}) add_output(*sub, f);
    pause = root.add_subcommand(
        "pause", "emergency stop: nothing new is started by anything with this data folder, until resume");
    pause->add_option("--reason", f.stack_reason, "shown in every status and log")->type_name("TEXT");
    resume = root.add_subcommand("resume", "end the emergency stop");
    for (CLI::App* sub : {explain, history, pause, resume}) add_settings(*sub, f, {kDataNames});
  }

  void add_advise(Options& o, Flags& f) {
    advise = root.add_subcommand("advise",
                                 "what a policy's advisor says of its metrics now, and what was made of it; changes "
                                 "nothing, but a model is asked");
    add_settings(*advise, f, {kServerNames, kLogNames});
    advise->add_option("path", o.paths, "policy files or folders")->required()->type_name("PATH");
    advise
        ->add_option("--instances", o.instances,
                     "the present count; without it the metric `instances`, else bounds.min")
        ->type_name("N")
        ->check(CLI::Range(0, policy::kMaxInstances));
    advise->add_flag("--print-prompt", o.print_prompt,
                     "ask nobody: print the URL and the bytes that would be sent (the key is in neither)");
    add_output(*advise, f);
  }

  void add_stack_commands(Options& o, Flags& f) {
    auto* stack = root.add_subcommand("stack", "look at stacks and size them by hand");
    stack->require_subcommand(1);
    list = stack->add_subcommand("list", "the adopted stacks and their counts");
    show = stack->add_subcommand("show", "one stack: count, last scaling, Terraform folder");
    adopt = stack->add_subcommand("adopt", "take in an existing Terraform folder");
    scale = stack->add_subcommand("scale", "size a stack by hand, behind the same guard as the loop");
    deploy = stack->add_subcommand("deploy",
                                   "create a stack from a template; without --yes the plan is shown and nothing done "
                                   "(exit 2)");
    doctor = stack->add_subcommand("doctor",
                                   "look for what is wrong with a stack, also for instances that its state does not "
                                   "hold; reads only; exit 0: sound, 1: not");
    for (CLI::App* sub : {list, show, adopt, scale, deploy, doctor})
      add_settings(*sub, f, {kStackNames, kDataNames, kLogNames});
    for (CLI::App* sub : {list, show, scale, doctor}) add_output(*sub, f);
    show->add_option("id", o.stack_id, "the stack's id")->required()->type_name("ID");
    scale->add_option("id", o.stack_id, "the stack's id")->required()->type_name("ID");
    scale->add_option("count", o.instances, "how many instances")
        ->required()
        ->type_name("N")
        ->check(CLI::Range(0, policy::kMaxInstances));
    scale->add_option("--reason", f.stack_reason, "kept in the stack's metadata and the journal")->type_name("TEXT");
    scale->add_flag("--force", o.force, "remove more at once than a quarter of the instances");
    doctor->add_option("id", o.stack_id, "the stack's id")->required()->type_name("ID");
    doctor->add_option("--query", o.query, "Terraform configuration that lists the instances [the stack's doctor.hcl]")
        ->type_name("FILE");
    add_adopt(o);
    add_deploy(o);
  }

  void add_adopt(Options& o) {
    adopt->add_option("folder", o.folder, "the Terraform root module")->required()->type_name("DIR");
    adopt->add_option("--id", o.stack_id, "the stack's id [the folder's name]")->type_name("ID");
    adopt->add_option("--variable", o.variable, "the variable that holds the count [instance_count]")
        ->type_name("NAME");
    adopt->add_option("--resource", o.resource, "the counted resource; found when there is just one")
        ->type_name("ADDRESS");
    adopt->add_option("--workspace", o.workspace, "the Terraform workspace [default]")->type_name("NAME");
    adopt->add_option("--dependent", o.dependents, "a resource that comes and goes with the instances (repeatable)")
        ->type_name("ADDRESS");
    adopt->add_option("--template", o.template_file, "the template that main.tf was rendered from; it sizes the stack")
        ->type_name("FILE");
    adopt->add_option("--context", o.context_file, "JSON object of the template's values")->type_name("FILE");
    adopt->add_flag("--accept-state", o.accept_state, "accept a state that changed (another lineage, older serial)");
  }

  void add_deploy(Options& o) {
    deploy->add_option("id", o.stack_id, "the new stack's id")->required()->type_name("ID");
    deploy->add_option("--template", o.template_file, "the main.tf with {{ name }} placeholders")
        ->required()
        ->type_name("FILE");
    deploy->add_option("--context", o.context_file, "JSON object of the placeholders' values")->type_name("FILE");
    deploy->add_option("--set", o.set, "one more value, as a string (repeatable)")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    deploy->add_option("--instances", o.instances, "how many instances [the context's instance_count]")
        ->type_name("N")
        ->check(CLI::Range(1, policy::kMaxInstances));
    deploy->add_option("--resource", o.resource, "the counted resource; found when there is just one")
        ->type_name("ADDRESS");
    deploy->add_flag("--yes", o.yes, "apply the plan");
  }

  [[nodiscard]] std::pair<Command, CLI::App*> chosen() const {
    const std::array<std::pair<Command, CLI::App*>, 17> all{{{Command::run, run},
                                                             {Command::explain, explain},
                                                             {Command::history, history},
                                                             {Command::pause, pause},
                                                             {Command::resume, resume},
                                                             {Command::reconcile, reconcile},
                                                             {Command::validate, validate},
                                                             {Command::stack_list, list},
                                                             {Command::stack_show, show},
                                                             {Command::stack_adopt, adopt},
                                                             {Command::stack_scale, scale},
                                                             {Command::stack_deploy, deploy},
                                                             {Command::stack_doctor, doctor},
                                                             {Command::metrics, metrics},
                                                             {Command::advise, advise},
                                                             {Command::simulate, simulate},
                                                             {Command::version, version}}};
    for (const auto& one : all) {
      if (one.second->parsed()) return one;
    }
    return {Command::version, version};
  }
};

std::optional<std::string> from_flags(const CLI::App& app, const Flags& flags, const Setting& s) {
  const auto* option = app.get_option_no_throw("--" + std::string(s.name));
  if (option == nullptr || option->count() == 0) return std::nullopt;
  if (s.value.empty()) return flags.switches.find(s.name)->second ? "true" : "false";
  return flags.values.find(s.name)->second;
}

std::optional<std::string> lookup(const Environment& map, std::string_view key) {
  const auto found = key.empty() ? map.end() : map.find(std::string(key));
  if (found == map.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

// Reads one of the two settings files, if it was named.
template <class Parse>
Environment read_settings_file(const std::string& name, Parse parse, std::vector<std::string>& problems) {
  if (name.empty()) return {};
  auto text = read_file(name, kMaxSettingsFile);
  if (!text) {
    problems.push_back(text.error().message());
    return {};
  }
  return parse(*text, name, problems);
}

void apply_settings(Options& options, const CLI::App& app, const Flags& flags, const Environment& environment,
                    std::vector<std::string>& problems) {
  const Environment env_file = read_settings_file(flags.env_file, parse_env_file, problems);
  const Environment config = read_settings_file(flags.config, parse_config_file, problems);
  for (const auto& [name, value] : env_file) {
    if (name.ends_with("_API_KEY")) options.env_file.emplace(name, value);
  }
  if (auto token = lookup(environment, "STACKSCALER_TOKEN")) options.token = Secret(*token);
  if (auto token = lookup(env_file, "STACKSCALER_TOKEN"); token && options.token.empty())
    options.token = Secret(*token);
  for (const Setting& s : settings()) {
    if (app.get_option_no_throw("--" + std::string(s.name)) == nullptr) continue;
    std::string origin = "--" + std::string(s.name);
    std::optional<std::string> value = from_flags(app, flags, s);
    if (!value) origin = s.environment, value = lookup(environment, s.environment);
    if (!value) origin = flags.env_file + ": " + std::string(s.environment), value = lookup(env_file, s.environment);
    if (!value) origin = flags.config + ": " + std::string(s.name), value = lookup(config, s.name);
    if (!value) continue;
    if (auto applied = s.apply(options, *value); !applied)
      problems.push_back(origin + ": " + applied.error().message());
  }
}

void check(const Options& o, std::vector<std::string>& problems) {
  if (o.defaults.bounds.min > o.defaults.bounds.max) {
    problems.emplace_back("--default-min-instances is above --default-max-instances");
  }
  const policy::Source& p = o.prometheus;
  if (!p.bearer_file.empty() && !p.basic_user.empty())
    problems.emplace_back("--prometheus-bearer-file and --prometheus-basic-user exclude one another");
  if (p.basic_user.empty() != p.basic_password_file.empty())
    problems.emplace_back("--prometheus-basic-user and --prometheus-password-file go together");
  if (p.certificate_file.empty() != p.key_file.empty())
    problems.emplace_back("--prometheus-cert and --prometheus-key go together");
  if (o.tls_certificate.empty() != o.tls_key.empty()) problems.emplace_back("--tls-cert and --tls-key go together");
  if (o.ceiling && o.defaults.bounds.min > *o.ceiling)
    problems.emplace_back("--default-min-instances is above --max-instances-ceiling");
  if (o.step && !o.since) problems.emplace_back("--step goes with --since");
  if (o.plan && !o.dry_run) problems.emplace_back("--plan goes with --dry-run");
  if (o.rehearsal && !o.terraform.empty())
    problems.emplace_back("--rehearsal runs no Terraform: leave --terraform out");
}

// A duration of `metrics`; absent when it was not given.
std::optional<Duration> read_duration(const std::string& name, const std::string& text, Duration low,
                                      std::vector<std::string>& problems) {
  if (text.empty()) return std::nullopt;
  const auto value = parse_duration(text);
  if (value && *value >= low && *value <= std::chrono::days(366)) return *value;
  problems.push_back(name + ": '" + text + "' is not a duration from " + format_duration(low) + " to 366d");
  return std::nullopt;
}

ParsedOptions problem_report(const std::vector<std::string>& problems) {
  ParsedOptions out;
  out.exit_code = 1;
  for (const std::string& p : problems) out.text += "stackscaler: " + p + "\n";
  return out;
}

}  // namespace

Environment process_environment() {
  Environment out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (const auto equals = text.find('='); equals != std::string_view::npos) {
      out.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return out;
}

ParsedOptions parse_options(const std::vector<std::string>& arguments, const Environment& environment) {
  Options options;
  Flags flags;
  Commands commands(options, flags);
  ParsedOptions out;
  try {
    // CLI11 takes the arguments in reverse order.
    commands.root.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& e) {
    std::ostringstream text;
    std::ostringstream errors;
    out.exit_code = commands.root.exit(e, text, errors) == 0 ? 0 : 1;
    out.text = text.str() + errors.str();
    return out;
  }
  const auto [command, app] = commands.chosen();
  options.command = command;
  if (command == Command::version) {
    out.text = std::string("stackscaler ") + controller::version() + "\n";
    return out;
  }
  options.output = flags.output == "json" ? Output::json : Output::table;
  options.reason = flags.stack_reason;
  std::vector<std::string> problems;
  apply_settings(options, *app, flags, environment, problems);
  if (options.policies.empty() && !options.cluster.used()) options.implicit = true;
  options.since = read_duration("--since", flags.since, std::chrono::seconds(1), problems);
  options.step = read_duration("--step", flags.step, std::chrono::seconds(1), problems);
  if (command == Command::simulate) read_simulate(*app, options, flags.simulate, problems);
  check(options, problems);
  for (std::string& problem : cluster_problems(options)) problems.push_back(std::move(problem));
  if (!problems.empty()) return problem_report(problems);
  out.options = std::move(options);
  return out;
}

}  // namespace stackscaler::controller
