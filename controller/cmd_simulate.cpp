// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler simulate`: what policies would have done with a load history.
//
// Needs no stack, no journal and no Terraform, and changes nothing but the files that it is told to write.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "controller/commands.hpp"
#include "controller/session.hpp"
#include "controller/simulate_load.hpp"
#include "controller/simulation.hpp"
#include "simulate/page.hpp"

namespace stackscaler::controller {
namespace {

int complain(const Error& error) {
  std::fprintf(stderr, "stackscaler: %s\n", error.message().c_str());
  return 1;
}

// Whom to ask for a policy, said where it is not whom the policy names.
SimulateAdvisor advisor_for(const policy::ScalingPolicy& policy, SimulateAdvisor wanted) {
  if (wanted != SimulateAdvisor::policy) return wanted;
  const SimulateAdvisor out = advisor_in_replay(policy);
  if (asks_a_model(policy)) {
    std::fprintf(stderr, "stackscaler: %s: no model is asked in a simulation; its fallback (%s) advises\n",
                 policy.key.str().c_str(), name_of(out).c_str());
  }
  return out;
}

// The two files of a simulation, as far as they are wanted.
class Files {
 public:
  Files(const SimulateOptions& options, const simulate::Load& load) : options_(options) {
    if (!options.steps.empty()) {
      steps_.open(options.steps, std::ios::binary | std::ios::trunc);
      steps_ << steps_header();
    }
    if (!options.html.empty()) page_.emplace(load);
  }
  [[nodiscard]] bool wanted() const { return steps_.is_open() || page_; }
  void begin(const std::string& policy, const std::string& advisor) {
    policy_ = policy;
    if (page_) page_->begin(policy, advisor);
  }
  void step(const simulate::Step& step) {
    if (steps_.is_open()) steps_ << steps_line(policy_, step);
    if (page_) page_->step(step);
  }
  void end(const simulate::Measures& measures) {
    if (page_) page_->end(measures);
  }
  // False when a file could not be written.
  bool finish() {
    bool good = true;
    if (!options_.steps.empty() && !steps_.flush()) good = cannot_write(options_.steps);
    if (page_) {
      std::ofstream file(options_.html, std::ios::binary | std::ios::trunc);
      file << page_->render();
      if (!file.flush()) good = cannot_write(options_.html);
    }
    return good;
  }

 private:
  static bool cannot_write(const std::filesystem::path& file) {
    std::fprintf(stderr, "stackscaler: cannot write %s\n", file.c_str());
    return false;
  }
  const SimulateOptions& options_;
  std::ofstream steps_;
  std::optional<simulate::Page> page_;
  std::string policy_;
};

// Each file by itself: what is compared are often two versions of one policy, of the same name.
bool read_policies(const Options& options, std::vector<policy::ScalingPolicy>& policies,
                   std::vector<std::string>& names) {
  bool good = true;
  for (const std::filesystem::path& path : options.simulate.policies) {
    NamedPolicies named = read_named_policies({path}, options.defaults);
    good = good && named.sound;
    for (policy::ScalingPolicy& policy : named.policies) policies.push_back(std::move(policy));
  }
  for (const policy::ScalingPolicy& policy : policies) {
    const auto same = [&](const policy::ScalingPolicy& other) { return other.key == policy.key; };
    const bool alone = std::count_if(policies.begin(), policies.end(), same) == 1;
    names.push_back(policy.key.str() + (alone ? "" : " (" + policy.origin + ")"));
  }
  return good;
}

SimulatedPolicy simulate_one(const policy::ScalingPolicy& policy, const std::string& name, const simulate::Load& load,
                             const SimulateOptions& options, Files& files) {
  const SimulateAdvisor advisor = advisor_for(policy, options.advisor);
  const simulate::Conditions conditions{options.boot_delay, options.price_per_hour, options.start};
  SimulatedPolicy out{name, name_of(advisor), {}};
  simulate::Sink sink;
  if (files.wanted()) sink = [&files](const simulate::Step& step) { files.step(step); };
  files.begin(out.policy, out.advisor);
  out.measures = simulate_policy(policy, advisor, load, conditions, sink);
  files.end(out.measures);
  return out;
}

}  // namespace

int simulate_policies(const Options& options) {
  std::vector<policy::ScalingPolicy> policies;
  std::vector<std::string> names;
  if (!read_policies(options, policies, names)) return 1;
  if (policies.empty()) return complain(Error(ErrorKind::invalid_input, "no ScalingPolicy in these files"));
  auto load = simulation_load(options, policies);
  if (!load) return complain(load.error());
  Files files(options.simulate, *load);
  std::vector<SimulatedPolicy> rows;
  rows.reserve(policies.size());
  for (std::size_t i = 0; i < policies.size(); ++i) {
    rows.push_back(simulate_one(policies[i], names[i], *load, options.simulate, files));
  }
  std::fputs((options.output == Output::json ? render_simulation_json(rows, *load)
                                             : render_simulation_table(rows, options.simulate.price_per_hour > 0))
                 .c_str(),
             stdout);
  return files.finish() ? 0 : 1;
}

}  // namespace stackscaler::controller
