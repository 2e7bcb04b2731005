// SPDX-License-Identifier: Apache-2.0
//
// The commands of the command line. Each returns the process's exit code and speaks on standard output; problems go to
// standard error.
#pragma once

#include "controller/options.hpp"

namespace stackscaler::controller {

[[nodiscard]] int run_controller(const Options& options);
[[nodiscard]] int reconcile_once(const Options& options);
[[nodiscard]] int validate_files(const Options& options);
[[nodiscard]] int show_metrics(const Options& options);
[[nodiscard]] int pause_all(const Options& options);
[[nodiscard]] int resume_all(const Options& options);
[[nodiscard]] int show_history(const Options& options);
[[nodiscard]] int explain_policy(const Options& options);
[[nodiscard]] int show_advice(const Options& options);
[[nodiscard]] int simulate_policies(const Options& options);
[[nodiscard]] int stack_list(const Options& options);
[[nodiscard]] int stack_show(const Options& options);
[[nodiscard]] int stack_adopt(const Options& options);
[[nodiscard]] int stack_deploy(const Options& options);
[[nodiscard]] int stack_doctor(const Options& options);
[[nodiscard]] int stack_scale(const Options& options);

}  // namespace stackscaler::controller
