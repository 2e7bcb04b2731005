// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>

#include "controller/commands.hpp"

namespace {

int dispatch(const stackscaler::controller::Options& options) {
  using namespace stackscaler::controller;
  switch (options.command) {
    case Command::run: return run_controller(options);
    case Command::reconcile: return reconcile_once(options);
    case Command::validate: return validate_files(options);
    case Command::metrics: return show_metrics(options);
    case Command::pause: return pause_all(options);
    case Command::resume: return resume_all(options);
    case Command::history: return show_history(options);
    case Command::explain: return explain_policy(options);
    case Command::advise: return show_advice(options);
    case Command::simulate: return simulate_policies(options);
    case Command::stack_list: return stack_list(options);
    case Command::stack_show: return stack_show(options);
    case Command::stack_adopt: return stack_adopt(options);
    case Command::stack_deploy: return stack_deploy(options);
    case Command::stack_scale: return stack_scale(options);
    case Command::stack_doctor: return stack_doctor(options);
    case Command::version: return 0;
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace stackscaler::controller;
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our output that goes away is no reason to drop an apply
  const ParsedOptions parsed = parse_options(std::vector<std::string>(argv + 1, argv + argc), process_environment());
  if (!parsed.options) {
    std::fputs(parsed.text.c_str(), parsed.exit_code == 0 ? stdout : stderr);
    return parsed.exit_code;
  }
  return dispatch(*parsed.options);
}
