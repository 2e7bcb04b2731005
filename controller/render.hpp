// SPDX-License-Identifier: Apache-2.0
//
// Tables and JSON for standard output. Pure. JSON is stable: keys are only ever added.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/turn.hpp"
#include "ports/stack_driver.hpp"
#include "stack/registry.hpp"
#include "terraform/doctor.hpp"

namespace stackscaler::controller {

// Columns as wide as their widest cell, two spaces between, no trailing spaces; control characters are shown as '?'.
[[nodiscard]] std::string render_table(const std::vector<std::vector<std::string>>& rows);

struct PassRow {
  Turn turn;
  std::optional<ports::PlanReport> plan;
  std::string plan_error;
};
[[nodiscard]] std::string render_pass_table(const std::vector<PassRow>& rows);
[[nodiscard]] std::string render_pass_json(const std::vector<PassRow>& rows);

// A stack as `stack list` and `stack show` tell it; context values are not shown.
struct StackRow {
  stack::ListedStack listed;
  std::optional<ports::StackView> view;
  std::string problem;     // why there is no view
  bool destroyed = false;  // the state could be read, and holds nothing of the counted resource
};
[[nodiscard]] std::string render_stacks_table(const std::vector<StackRow>& rows);
[[nodiscard]] std::string render_stacks_json(const std::vector<StackRow>& rows);
[[nodiscard]] std::string render_stack(const StackRow& row);
[[nodiscard]] std::string render_stack_json(const StackRow& row);

[[nodiscard]] std::string render_doctor(const terraform::DoctorReport& report);
[[nodiscard]] std::string render_doctor_json(const terraform::DoctorReport& report);

[[nodiscard]] std::string render_scale_json(const std::string& stack_id, const ports::ScaleReport& report);

}  // namespace stackscaler::controller
