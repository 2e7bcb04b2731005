// SPDX-License-Identifier: Apache-2.0
#include "api/telemetry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "policy/reasons.hpp"

namespace stackscaler::api {
namespace {

namespace reason = policy::reason;

constexpr std::array<std::string_view, 3> kActions{"scale_up", "scale_down", "no_change"};
constexpr std::array kReasons{
    reason::kDesiredWithinRange, reason::kAboveThreshold,    reason::kBelowThreshold,      reason::kAboveTarget,
    reason::kBelowTarget,        reason::kDesiredByMetric,   reason::kFallbackInstances,   reason::kWarmingUp,
    reason::kMetricVeto,         reason::kScaleUpStabilized, reason::kScaleDownStabilized, reason::kScaleDownFrozen,
    reason::kTooFewInstances,    reason::kTooManyInstances,  reason::kScaleUpLimit,        reason::kScaleDownLimit,
    reason::kScaleUpCooldown,    reason::kScaleDownCooldown, reason::kLowConfidence,       reason::kAdvised,
    reason::kAdviceBounded,      reason::kMetricsMissing,    reason::kInstancesMissing,    reason::kForecast};
constexpr std::array<std::string_view, 6> kOutcomes{"not_wanted", "gated", "held", "scaled", "failed", "error"};
constexpr std::array<std::string_view, 4> kAdvisors{"rules", "forecast", "gemini", "openai"};
constexpr std::array<std::string_view, 4> kConsultations{"ok", "fallback", "cached", "skipped"};
constexpr std::array<std::string_view, 3> kEnds{"succeeded", "failed", "abandoned"};

template <class List>
std::string one_of(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) == list.end() ? std::string("other") : std::string(text);
}

// Label values: backslash, quote and line feed are escaped.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  }
  template <class T>
  void value(std::string_view labels, T number, std::string_view suffix = {}) {
    if (labels.empty()) {
      fmt::format_to(std::back_inserter(text_), "{}{} {}\n", name_, suffix, number);
    } else {
      fmt::format_to(std::back_inserter(text_), "{}{}{{{}}} {}\n", name_, suffix, labels, number);
    }
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

struct PolicyGauges {
  std::string labels;
  std::optional<int> current;
  std::optional<int> desired;
  policy::Bounds bounds;
};

struct Survey {
  std::size_t ready = 0;
  std::size_t not_ready = 0;
  std::size_t unknown = 0;
  std::vector<PolicyGauges> each;
};

Survey survey(const Fleet& fleet) {
  Survey out;
  const auto keys = fleet.keys();
  out.each.reserve(std::min(keys.size(), Telemetry::kOwnSeries));
  for (const policy::PolicyKey& key : keys) {
    const auto view = fleet.policy(key);
    if (!view) continue;
    const policy::Status* const status = view->last != nullptr ? &view->last->status : nullptr;
    const policy::Condition* const c = status != nullptr ? policy::find_condition(*status, "Ready") : nullptr;
    if (c == nullptr || c->status == policy::ConditionStatus::unknown) {
      ++out.unknown;
    } else {
      ++(c->status == policy::ConditionStatus::true_ ? out.ready : out.not_ready);
    }
    if (out.each.size() >= Telemetry::kOwnSeries) continue;
    PolicyGauges one;
    one.labels = fmt::format("namespace=\"{}\",policy=\"{}\",stack=\"{}\"", escaped(key.namespace_), escaped(key.name),
                             escaped(view->stack));
    if (status != nullptr) {
      one.current = status->current_instances;
      one.desired = status->desired_instances;
    }
    one.bounds = view->policy->spec.bounds;
    out.each.push_back(std::move(one));
  }
  return out;
}

void put_policies(Page& page, const Survey& survey) {
  page.family("stackscaler_policies", "gauge", "Policies by their condition Ready.");
  page.value("ready=\"true\"", survey.ready);
  page.value("ready=\"false\"", survey.not_ready);
  page.value("ready=\"unknown\"", survey.unknown);
  page.family("stackscaler_policy_current_instances", "gauge", "Instances that the state of the policy's stack holds.");
  for (const auto& one : survey.each) {
    if (one.current) page.value(one.labels, *one.current);
  }
  page.family("stackscaler_policy_desired_instances", "gauge", "Instances that the last decision wants.");
  for (const auto& one : survey.each) {
    if (one.desired) page.value(one.labels, *one.desired);
  }
  page.family("stackscaler_policy_min_instances", "gauge", "bounds.min of the policy.");
  for (const auto& one : survey.each) page.value(one.labels, one.bounds.min);
  page.family("stackscaler_policy_max_instances", "gauge", "bounds.max of the policy.");
  for (const auto& one : survey.each) page.value(one.labels, one.bounds.max);
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

void put_controller(Page& page, const ControllerView& c, const Telemetry::Gauges& gauges) {
  page.family("stackscaler_build_info", "gauge", "1, with the version as a label.");
  page.value(fmt::format("version=\"{}\"", escaped(c.version)), 1);
  page.family("stackscaler_enabled", "gauge", "1 when the loop may change stacks (--enable).");
  page.value("", c.enabled ? 1 : 0);
  page.family("stackscaler_dry_run", "gauge", "1 when nothing may be changed (--dry-run).");
  page.value("", c.dry_run ? 1 : 0);
  page.family("stackscaler_paused", "gauge", "1 while the emergency stop is in force.");
  page.value("", c.pause.paused ? 1 : 0);
  page.family("stackscaler_leader", "gauge", "1 when this process may start changes.");
  page.value("", c.leader ? 1 : 0);
  page.family("stackscaler_uptime_seconds", "gauge", "How long the process has run.");
  page.value("", gauges.uptime_seconds);
  page.family("stackscaler_queue_depth", "gauge", "Policies that wait for their turn, or have it.");
  page.value("state=\"waiting\"", c.waiting);
  page.value("state=\"in_work\"", c.in_work);
  page.family("stackscaler_lateness_seconds", "gauge", "How late turns started, since the start.");
  page.value("quantile=\"0.5\"", seconds(c.lateness_p50));
  page.value("quantile=\"0.99\"", seconds(c.lateness_p99));
  page.value("quantile=\"1\"", seconds(c.lateness_max));
  page.family("stackscaler_operations_running", "gauge", "Operations under way.");
  page.value("", gauges.running_operations);
  page.family("stackscaler_http_connections", "gauge", "Connections to the API.");
  page.value("", gauges.connections);
  page.family("stackscaler_event_streams", "gauge", "Event streams that are followed.");
  page.value("", gauges.streams);
}

}  // namespace

Telemetry::Telemetry() {
  for (const auto action : kActions) decisions_[Pair(action, reason::kDesiredWithinRange)] = 0;
  for (const auto why : kReasons) {
    if (why != reason::kDesiredWithinRange) decisions_[Pair("no_change", why)] = 0;
  }
  for (const auto outcome : kOutcomes) reconciles_[std::string(outcome)] = 0;
  for (const auto advisor : kAdvisors) {
    for (const auto outcome : kConsultations) consultations_[Pair(advisor, outcome)] = 0;
  }
  for (const auto end : kEnds) operations_[std::string(end)] = 0;
  for (const std::string_view step : {"plan", "apply"}) steps_[std::string(step)] = Seconds();
}

void Telemetry::decided(std::string_view action, std::string_view why) {
  ++decisions_[Pair(one_of(kActions, action), one_of(kReasons, why))];
}

void Telemetry::reconciled(std::string_view outcome) {
  ++reconciles_[one_of(kOutcomes, outcome)];
}

void Telemetry::consulted(std::string_view advisor, std::string_view outcome) {
  ++consultations_[Pair(one_of(kAdvisors, advisor), one_of(kConsultations, outcome))];
}

void Telemetry::operation_ended(const ports::OperationRecord& record) {
  ++operations_[one_of(kEnds, ports::to_string(record.phase))];
  const auto note = [this](std::string_view step, std::int64_t ms) {
    if (ms <= 0) return;
    Seconds& seconds_of = steps_.find(step)->second;
    seconds_of.sum += static_cast<double>(ms) / 1000;
    ++seconds_of.count;
  };
  note("plan", record.plan_ms);
  note("apply", record.apply_ms);
}

void Telemetry::answered(std::string_view route, int status) {
  ++requests_[std::pair(std::string(route), status)];
}

std::string Telemetry::page(const Fleet& fleet, const Gauges& gauges) const {
  Page page;
  const ControllerView controller = fleet.controller();
  put_controller(page, controller, gauges);
  put_policies(page, survey(fleet));
  page.family("stackscaler_reconciles_total", "counter", "Turns of the loop by what came of them.");
  for (const auto& [outcome, count] : reconciles_) page.value(fmt::format("outcome=\"{}\"", outcome), count);
  page.family("stackscaler_decisions_total", "counter", "Decisions by action and reason.");
  for (const auto& [labels, count] : decisions_) {
    page.value(fmt::format("action=\"{}\",reason=\"{}\"", labels.first, labels.second), count);
  }
  page.family("stackscaler_advisor_consultations_total", "counter",
              "Turns by the policy's advisor and whether it advised (ok), rules stood in (fallback), an answer of "
              "before was taken (cached) or it was not asked (skipped).");
  for (const auto& [labels, count] : consultations_) {
    page.value(fmt::format("advisor=\"{}\",outcome=\"{}\"", labels.first, labels.second), count);
  }
  page.family("stackscaler_operations_total", "counter", "Operations by how they ended.");
  for (const auto& [outcome, count] : operations_) page.value(fmt::format("outcome=\"{}\"", outcome), count);
  page.family("stackscaler_terraform_step_seconds", "summary", "How long Terraform's plans and applies took.");
  for (const auto& [step, sum] : steps_) {
    page.value(fmt::format("step=\"{}\"", step), sum.sum, "_sum");
    page.value(fmt::format("step=\"{}\"", step), sum.count, "_count");
  }
  page.family("stackscaler_http_requests_total", "counter", "Requests to the API by route and status.");
  for (const auto& [labels, count] : requests_) {
    page.value(fmt::format("route=\"{}\",status=\"{}\"", labels.first, labels.second), count);
  }
  return page.take();
}

}  // namespace stackscaler::api
