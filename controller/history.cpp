// SPDX-License-Identifier: Apache-2.0
#include "controller/history.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/render.hpp"
#include "decision/decide.hpp"

namespace stackscaler::controller {

using nlohmann::ordered_json;
using ports::DecisionRecord;
using ports::OperationRecord;

namespace {

std::string dump(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

// The detail of a record that an older version wrote, or half wrote, has no lines: it is not worth failing for.
ordered_json detail_of(const DecisionRecord& decision) {
  auto detail = ordered_json::parse(decision.detail, nullptr, false);
  return detail.is_object() ? detail : ordered_json::object();
}

const ordered_json& list_in(const ordered_json& detail, const char* name) {
  static const ordered_json kNone = ordered_json::array();
  const auto found = detail.find(name);
  return found != detail.end() && found->is_array() ? *found : kNone;
}

std::string text_in(const ordered_json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string number_in(const ordered_json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_number()) return "-";
  return decision::format_value(found->get<double>());
}

std::string change(int from, int to) {
  return from == to ? std::to_string(from) : fmt::format("{} -> {}", from, to);
}

std::string span(const DecisionRecord& decision) {
  std::string out = format_rfc3339(decision.time);
  if (decision.seen > decision.time) out += ", the same until " + format_rfc3339(decision.seen);
  return out;
}

std::string operation_line(const OperationRecord& o) {
  std::string out =
      fmt::format("{} {} {}, {}", format_rfc3339(o.started), o.id, change(o.from, o.to), ports::to_string(o.phase));
  if (o.plan_ms > 0) out += ", plan " + format_duration(Duration(o.plan_ms));
  if (o.apply_ms > 0) out += ", apply " + format_duration(Duration(o.apply_ms));
  if (!o.outcome.empty()) out += ": " + o.outcome;
  return out;
}

ordered_json operation_json(const OperationRecord& o) {
  ordered_json out{{"kind", "operation"},
                   {"time", format_rfc3339(o.started)},
                   {"id", o.id},
                   {"stack", o.stack},
                   {"by", o.requested_by},
                   {"from", o.from},
                   {"to", o.to},
                   {"phase", std::string(ports::to_string(o.phase))},
                   {"reason", o.reason},
                   {"message", o.message},
                   {"plan", o.plan_summary},
                   {"outcomeReason", o.outcome_reason},
                   {"outcome", o.outcome}};
  if (o.ended) out["ended"] = format_rfc3339(*o.ended);
  if (o.count_after) out["countAfter"] = *o.count_after;
  if (o.plan_ms > 0) out["planMs"] = o.plan_ms;
  if (o.apply_ms > 0) out["applyMs"] = o.apply_ms;
  return out;
}

ordered_json decision_json(const DecisionRecord& d) {
  ordered_json out{{"kind", "decision"},
                   {"time", format_rfc3339(d.time)},
                   {"until", format_rfc3339(d.seen)},
                   {"policy", d.policy},
                   {"stack", d.stack},
                   {"action", d.action},
                   {"from", d.from},
                   {"to", d.to},
                   {"confidence", d.confidence},
                   {"advisor", d.advisor},
                   {"reason", d.reason},
                   {"message", d.message}};
  const ordered_json detail = detail_of(d);
  for (const char* name : {"signals", "trace"}) out[name] = list_in(detail, name);
  if (const auto outcome = detail.find("outcome"); outcome != detail.end()) out["outcome"] = *outcome;
  return out;
}

// "cpu=81.3,requests=?"
std::string metrics_of(const DecisionRecord& decision) {
  std::string out;
  const ordered_json detail = detail_of(decision);
  for (const auto& signal : list_in(detail, "signals")) {
    const std::string value = number_in(signal, "value");
    out += (out.empty() ? "" : ",") + text_in(signal, "name") + "=" + (value == "-" ? "?" : value);
  }
  return out;
}

std::string outcome_of(const DecisionRecord& decision) {
  const ordered_json detail = detail_of(decision);
  const auto outcome = detail.find("outcome");
  return outcome == detail.end() ? std::string() : text_in(*outcome, "message");
}

struct Line {
  WallTime time;
  const DecisionRecord* decision = nullptr;
  const OperationRecord* operation = nullptr;
};

std::vector<Line> merged(const std::vector<DecisionRecord>& decisions, const std::vector<OperationRecord>& operations,
                         std::size_t limit) {
  std::vector<Line> lines;
  lines.reserve(decisions.size() + operations.size());
  for (const DecisionRecord& d : decisions) lines.push_back({d.time, &d, nullptr});
  for (const OperationRecord& o : operations) lines.push_back({o.started, nullptr, &o});
  // Both lists are newest first. An operation follows from the decision of the same instant.
  std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    if (a.time != b.time) return a.time < b.time;
    if ((a.decision != nullptr) != (b.decision != nullptr)) return a.decision != nullptr;
    return a.decision != nullptr ? a.decision > b.decision : a.operation > b.operation;
  });
  if (lines.size() > limit) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limit));
  return lines;
}

}  // namespace

std::string render_explanation(const DecisionRecord& d, const std::optional<OperationRecord>& operation) {
  const ordered_json detail = detail_of(d);
  std::string out = fmt::format("{} (stack {}): {} {}\n", d.policy, d.stack, d.action, change(d.from, d.to));
  out += fmt::format("  decided     {}\n  by          {}, confidence {:.2f}\n  reason      {}: {}\n", span(d),
                     d.advisor, d.confidence, d.reason, d.message);
  if (const std::string outcome = outcome_of(d); !outcome.empty()) out += "  outcome     " + outcome + "\n";
  if (operation) out += "  operation   " + operation_line(*operation) + "\n";
  std::vector<std::vector<std::string>> signals{{"METRIC", "VALUE", "PROPOSES", ""}};
  for (const auto& signal : list_in(detail, "signals")) {
    signals.push_back({text_in(signal, "name"), number_in(signal, "value"), number_in(signal, "proposal"),
                       text_in(signal, "message")});
  }
  out += "\n" + render_table(signals);
  std::vector<std::vector<std::string>> steps{{"STEP", "BEFORE", "AFTER", ""}};
  for (const auto& step : list_in(detail, "trace")) {
    steps.push_back(
        {text_in(step, "step"), number_in(step, "before"), number_in(step, "after"), text_in(step, "message")});
  }
  return out + "\n" + render_table(steps);
}

std::string render_explanation_json(const DecisionRecord& d, const std::optional<OperationRecord>& operation) {
  ordered_json out = decision_json(d);
  if (operation) out["operation"] = operation_json(*operation);
  return dump(out);
}

std::string render_history(const std::vector<DecisionRecord>& decisions, const std::vector<OperationRecord>& operations,
                           std::size_t limit) {
  std::vector<std::vector<std::string>> rows{{"TIME", "WHO", "STACK", "WHAT", "COUNT", "REASON", "METRICS", "MESSAGE"}};
  for (const Line& line : merged(decisions, operations, limit)) {
    if (line.decision != nullptr) {
      const DecisionRecord& d = *line.decision;
      std::string message = d.message;
      if (const std::string outcome = outcome_of(d); !outcome.empty()) message += "; " + outcome;
      rows.push_back({format_rfc3339(d.time), d.policy, d.stack, d.action, change(d.from, d.to), d.reason,
                      metrics_of(d), message});
    } else {
      const OperationRecord& o = *line.operation;
      rows.push_back({format_rfc3339(o.started), o.requested_by, o.stack, "operation " + o.id,
                      change(o.from, o.count_after.value_or(o.to)),
                      o.outcome_reason.empty() ? o.reason : o.outcome_reason, "",
                      fmt::format("{}: {}", ports::to_string(o.phase), o.outcome)});
    }
  }
  return render_table(rows);
}

std::string render_history_json(const std::vector<DecisionRecord>& decisions,
                                const std::vector<OperationRecord>& operations, std::size_t limit) {
  ordered_json out = ordered_json::array();
  for (const Line& line : merged(decisions, operations, limit)) {
    out.push_back(line.decision != nullptr ? decision_json(*line.decision) : operation_json(*line.operation));
  }
  return dump(out);
}

}  // namespace stackscaler::controller
