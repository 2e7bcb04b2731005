// SPDX-License-Identifier: Apache-2.0
#include "controller/simulate_options.hpp"

#include <CLI/CLI.hpp>

#include "controller/options.hpp"

namespace stackscaler::controller {
namespace {

constexpr double kLargest = 1e12;

void read_duration(const char* name, const std::string& text, Duration low, Duration high, Duration& out,
                   std::vector<std::string>& problems) {
  if (text.empty()) return;
  const auto value = parse_duration(text);
  if (value && *value >= low && *value <= high) {
    out = *value;
  } else {
    problems.push_back(std::string(name) + ": '" + text + "' is not a duration from " + format_duration(low) + " to " +
                       format_duration(high));
  }
}

SimulateAdvisor advisor_of(const std::string& text) {
  if (text == "rules") return SimulateAdvisor::rules;
  if (text == "forecast") return SimulateAdvisor::forecast;
  return text == "oracle" ? SimulateAdvisor::oracle : SimulateAdvisor::policy;
}

}  // namespace

void add_simulate(CLI::App& app, Options& options, SimulateFlags& flags) {
  SimulateOptions& o = options.simulate;
  app.add_option("--policy", o.policies, "a policy file; repeat it to compare")->required()->type_name("FILE");
  app.add_option("--trace", o.trace, "the load as CSV: time,value")->type_name("CSV");
  app.add_option("--from", o.from, "without --trace: from when Prometheus is asked, RFC 3339 or how long ago (14d)")
      ->type_name("TIME");
  app.add_option("--to", o.to, "until when [now]")->type_name("TIME");
  app.add_option("--query", o.query, "PromQL of the whole stack's load [from the first policy's first metric]")
      ->type_name("PROMQL");
  app.add_option("--tick", flags.tick, "the simulation's step [1m]")->type_name("DURATION");
  app.add_option("--boot-delay", flags.boot_delay, "from a decision until a new instance serves [2m]")
      ->type_name("DURATION");
  app.add_option("--slo", o.slo, "utilization that is still good, as a share [0.8]")
      ->type_name("X")
      ->check(CLI::Range(0.01, 1.0));
  app.add_option("--peak-instances", o.peak_instances,
                 "scale the load so that its 99.9th percentile (means of 5 minutes) needs so many [20]")
      ->type_name("N")
      ->check(CLI::Range(1, policy::kMaxInstances));
  app.add_option("--capacity-per-instance", flags.capacity, "instead: what one instance can do, in the load's unit")
      ->type_name("X")
      ->check(CLI::Range(1e-12, kLargest));
  app.add_option("--price-per-hour", o.price_per_hour, "of one instance [0]")
      ->type_name("X")
      ->check(CLI::Range(0.0, kLargest));
  app.add_option("--start", flags.start, "instances at the begin [what the first tick needs]")
      ->type_name("N")
      ->check(CLI::Range(0, policy::kMaxInstances));
  app.add_option(
         "--advisor", flags.advisor,
         "policy (whom each policy names), rules, forecast, or oracle: what perfect knowledge would do [policy]")
      ->type_name("NAME")
      ->check(CLI::IsMember({"policy", "rules", "forecast", "oracle"}));
  app.add_option("--steps", o.steps, "write every tick to this CSV file")->type_name("FILE");
  app.add_option("--html", o.html, "write a page with plots to this file")->type_name("FILE");
}

void read_simulate(const CLI::App& app, Options& options, const SimulateFlags& flags,
                   std::vector<std::string>& problems) {
  using namespace std::chrono_literals;
  SimulateOptions& o = options.simulate;
  read_duration("--tick", flags.tick, 1s, 24h, o.tick, problems);
  read_duration("--boot-delay", flags.boot_delay, 0s, 24h, o.boot_delay, problems);
  o.advisor = advisor_of(flags.advisor);
  if (app.count("--start") > 0) o.start = flags.start;
  if (app.count("--capacity-per-instance") > 0) o.capacity_per_instance = flags.capacity;
  if (o.capacity_per_instance && app.count("--peak-instances") > 0) {
    problems.emplace_back("--capacity-per-instance and --peak-instances exclude one another");
  }
  if (!o.trace.empty() && (!o.from.empty() || !o.to.empty() || !o.query.empty())) {
    problems.emplace_back("--from, --to and --query ask Prometheus: leave --trace out");
  }
  if (o.trace.empty() && o.from.empty()) {
    problems.emplace_back("give the load: --trace CSV, or --from TIME for what Prometheus has");
  }
}

}  // namespace stackscaler::controller
