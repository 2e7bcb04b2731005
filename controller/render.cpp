// SPDX-License-Identifier: Apache-2.0
#include "controller/render.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace stackscaler::controller {

using nlohmann::ordered_json;
using Kind = ConvergeResult::Kind;

namespace {

std::string dump(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string clean(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

std::string message_of(const PassRow& row) {
  if (row.turn.error) return row.turn.error->message();
  std::string out = row.turn.decision->message;
  if (!row.turn.converge.message.empty()) out += "; " + row.turn.converge.message;
  return out;
}

std::string reason_of(const PassRow& row) {
  if (row.turn.error) return row.turn.error->reason().empty() ? "Error" : row.turn.error->reason();
  if (row.turn.converge.kind == Kind::failed) return row.turn.converge.reason;
  return row.turn.decision->reason;
}

std::string plan_lines(const PassRow& row) {
  std::string out;
  if (!row.plan_error.empty()) out += "  plan: " + row.plan_error + "\n";
  if (!row.plan) return out;
  if (row.plan->refused.empty()) {
    out += "  plan: " + (row.plan->nothing_to_do ? std::string("nothing to do") : row.plan->summary) + "\n";
  } else {
    out += "  plan: would be refused (" + row.plan->refusal_reason + "):\n";
    for (const std::string& line : row.plan->refused) out += "    " + line + "\n";
  }
  return out;
}

ordered_json plan_json(const PassRow& row) {
  if (!row.plan_error.empty()) return ordered_json{{"error", row.plan_error}};
  return ordered_json{{"safe", row.plan->refused.empty()},
                      {"nothingToDo", row.plan->nothing_to_do},
                      {"summary", row.plan->summary},
                      {"refused", row.plan->refused},
                      {"reason", row.plan->refusal_reason}};
}

// Deployed and not destroyed: the state says so, or, when nobody can read it, the last known count.
bool active(const StackRow& row) {
  if (row.view) return row.view->count > 0;
  if (row.destroyed || !row.listed.entry) return false;
  return row.listed.entry->metadata.instance_count.value_or(0) > 0;
}

ordered_json stack_json(const StackRow& row) {
  ordered_json out{{"id", row.listed.id}};
  out["active"] = active(row);
  if (row.view) {
    out["count"] = row.view->count;
    out["indexes"] = row.view->indexes;
    out["resource"] = row.view->resource;
  }
  if (row.listed.entry) {
    const stack::StackEntry& entry = *row.listed.entry;
    out["folder"] = entry.folder.string();
    if (entry.metadata.terraform) {
      const auto& t = *entry.metadata.terraform;
      out["workspace"] = t.workspace;
      out["backend"] = t.backend;
      if (t.template_file.empty()) {
        out["variable"] = t.variable;
      } else {
        out["sizedBy"] = t.template_file;
      }
      out["dependents"] = t.dependents;
    }
    if (!entry.metadata.template_.empty()) out["template"] = entry.metadata.template_;
    if (entry.metadata.instance_count) out["lastKnownCount"] = *entry.metadata.instance_count;
    if (!entry.metadata.last_scaled_at.empty()) out["lastScaledAt"] = entry.metadata.last_scaled_at;
    if (!entry.metadata.last_scale_reason.empty()) out["lastScaleReason"] = entry.metadata.last_scale_reason;
  }
  if (!row.problem.empty()) out["problem"] = row.problem;
  return out;
}

}  // namespace

std::string render_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += clean(row[i]);
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string render_pass_table(const std::vector<PassRow>& rows) {
  std::vector<std::vector<std::string>> table{{"POLICY", "STACK", "CURRENT", "DESIRED", "ACTION", "REASON", "MESSAGE"}};
  std::string plans;
  for (const PassRow& row : rows) {
    const Turn& turn = row.turn;
    const std::string current = turn.view ? std::to_string(turn.view->count) : "?";
    const std::string desired = turn.decision ? std::to_string(turn.decision->to) : "?";
    const std::string action = turn.decision ? std::string(decision::to_string(turn.decision->action)) : "none";
    table.push_back({turn.policy->key.str(), turn.view ? turn.view->name : turn.policy->stack_label(), current, desired,
                     action, reason_of(row), message_of(row)});
    if (const std::string lines = plan_lines(row); !lines.empty()) plans += turn.policy->key.str() + "\n" + lines;
  }
  return render_table(table) + (plans.empty() ? "" : "\n" + plans);
}

std::string render_pass_json(const std::vector<PassRow>& rows) {
  ordered_json out = ordered_json::array();
  for (const PassRow& row : rows) {
    const Turn& turn = row.turn;
    ordered_json one{{"policy", turn.policy->key.str()}, {"file", turn.policy->origin}};
    one["stack"] = turn.view ? turn.view->name : turn.policy->stack_label();
    if (turn.view) one["current"] = turn.view->count;
    if (turn.decision) {
      one["desired"] = turn.decision->to;
      one["action"] = decision::to_string(turn.decision->action);
      one["confidence"] = turn.decision->confidence;
      one["advisor"] = turn.decision->advisor;
    }
    one["reason"] = reason_of(row);
    one["message"] = message_of(row);
    one["changed"] = turn.converge.kind == Kind::scaled && turn.converge.report->changed;
    if (row.plan || !row.plan_error.empty()) one["plan"] = plan_json(row);
    out.push_back(std::move(one));
  }
  return dump(out);
}

std::string render_stacks_table(const std::vector<StackRow>& rows) {
  std::vector<std::vector<std::string>> table{{"ID", "ACTIVE", "COUNT", "LAST SCALED", "RESOURCE", "FOLDER"}};
  std::string problems;
  for (const StackRow& row : rows) {
    const bool known = row.listed.entry.has_value();
    table.push_back({row.listed.id, active(row) ? "yes" : "no", row.view ? std::to_string(row.view->count) : "?",
                     known ? row.listed.entry->metadata.last_scaled_at : "", row.view ? row.view->resource : "",
                     known ? row.listed.entry->folder.string() : ""});
    if (!row.problem.empty()) problems += row.listed.id + ": " + clean(row.problem) + "\n";
  }
  return render_table(table) + problems;
}

std::string render_stacks_json(const std::vector<StackRow>& rows) {
  ordered_json out = ordered_json::array();
  for (const StackRow& row : rows) out.push_back(stack_json(row));
  return dump(out);
}

std::string render_stack(const StackRow& row) {
  // Named: items() refers to the object, and a range-for would not keep a temporary alive.
  const ordered_json stack = stack_json(row);
  std::string out;
  for (const auto& [key, value] : stack.items()) {
    out += fmt::format("{:<16} {}\n", key + ":", clean(value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return out;
}

std::string render_stack_json(const StackRow& row) {
  return dump(stack_json(row));
}

std::string render_doctor(const terraform::DoctorReport& report) {
  std::vector<std::vector<std::string>> rows{{"CHECK", "RESULT", "DETAIL"}};
  for (const terraform::Check& check : report.checks) {
    rows.push_back({check.name, std::string(to_string(check.health)), check.message});
  }
  std::string out = render_table(rows);
  for (const terraform::Orphan& orphan : report.orphans) {
    out += "\n" + clean(orphan.id) + " is not in the state. To take it in:\n  " + clean(orphan.import_command) + "\n";
    if (orphan.remove_command.empty()) {
      out += "To remove it use its provider's own tools.\n";
    } else {
      out += "To remove it:\n  " + clean(orphan.remove_command) + "\n";
    }
  }
  return out;
}

std::string render_doctor_json(const terraform::DoctorReport& report) {
  ordered_json checks = ordered_json::array();
  for (const terraform::Check& check : report.checks) {
    checks.push_back({{"name", check.name}, {"result", to_string(check.health)}, {"message", check.message}});
  }
  ordered_json orphans = ordered_json::array();
  for (const terraform::Orphan& orphan : report.orphans) {
    orphans.push_back({{"id", orphan.id}, {"import", orphan.import_command}, {"remove", orphan.remove_command}});
  }
  return dump({{"id", report.id}, {"sound", report.sound()}, {"checks", checks}, {"orphans", orphans}});
}

std::string render_scale_json(const std::string& stack_id, const ports::ScaleReport& report) {
  return dump(ordered_json{{"stack_id", stack_id},
                           {"old_count", report.from},
                           {"new_count", report.count_after},
                           {"changed", report.changed},
                           {"operation", report.operation_id},
                           {"plan", report.summary},
                           {"healed", report.healed}});
}

}  // namespace stackscaler::controller
