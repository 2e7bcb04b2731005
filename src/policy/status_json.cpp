// SPDX-License-Identifier: Apache-2.0
#include "policy/status_json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace stackscaler::policy {
namespace {

using nlohmann::ordered_json;
using Json = nlohmann::json;

constexpr std::size_t kMaxEntries = 64;  // of a list that is read

ordered_json decision_json(const LastDecision& d) {
  ordered_json out{{"time", format_rfc3339(d.time)}, {"action", d.action}, {"from", d.from}, {"to", d.to}};
  if (std::isfinite(d.confidence)) out["confidence"] = d.confidence;
  out["advisor"] = d.advisor;
  out["reason"] = d.reason;
  out["message"] = d.message;
  return out;
}

ordered_json metric_json(const MetricStatus& m) {
  ordered_json out{{"name", m.name}};
  if (!m.value.empty()) out["value"] = m.value;
  if (!m.target.empty()) out["target"] = m.target;
  if (m.desired_instances) out["desiredInstances"] = *m.desired_instances;
  if (!m.missing.empty()) out["missing"] = m.missing;
  return out;
}

ordered_json operation_json(const OperationStatus& o) {
  ordered_json out{
      {"id", o.id}, {"phase", o.phase}, {"from", o.from}, {"to", o.to}, {"since", format_rfc3339(o.since)}};
  if (!o.progress.empty()) out["progress"] = o.progress;
  return out;
}

ordered_json condition_json(const Condition& c) {
  return {{"type", c.type},
          {"status", to_string(c.status)},
          {"reason", c.reason},
          {"message", c.message},
          {"observedGeneration", c.observed_generation},
          {"lastTransitionTime", format_rfc3339(c.last_transition_time)}};
}

// What is absent or of another kind reads as the default.
std::string text_of(const Json& from, const char* name) {
  const auto found = from.find(name);
  return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
}
std::optional<std::int64_t> number_of(const Json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}
int count_of(const Json& from, const char* name) {
  return static_cast<int>(std::clamp<std::int64_t>(number_of(from, name).value_or(0), 0, 1'000'000));
}
std::optional<int> maybe_count_of(const Json& from, const char* name) {
  return number_of(from, name) ? std::optional(count_of(from, name)) : std::nullopt;
}
WallTime time_of(const Json& from, const char* name) {
  const auto time = parse_rfc3339(text_of(from, name));
  return time ? *time : WallTime{};
}

template <class T>
std::vector<T> list_of(const Json& from, const char* name, T (*read)(const Json&)) {
  std::vector<T> out;
  const auto found = from.find(name);
  if (found == from.end() || !found->is_array()) return out;
  for (const Json& entry : *found) {
    if (entry.is_object() && out.size() < kMaxEntries) out.push_back(read(entry));
  }
  return out;
}

const Json* object_of(const Json& from, const char* name) {
  const auto found = from.find(name);
  return found != from.end() && found->is_object() ? &*found : nullptr;
}

LastDecision read_decision(const Json& from) {
  LastDecision out;
  out.time = time_of(from, "time");
  out.action = text_of(from, "action");
  out.from = count_of(from, "from");
  out.to = count_of(from, "to");
  if (const auto found = from.find("confidence"); found != from.end() && found->is_number()) {
    out.confidence = found->get<double>();
  }
  out.advisor = text_of(from, "advisor");
  out.reason = text_of(from, "reason");
  out.message = text_of(from, "message");
  return out;
}

MetricStatus read_metric(const Json& from) {
  MetricStatus out;
  out.name = text_of(from, "name");
  out.value = text_of(from, "value");
  out.target = text_of(from, "target");
  out.desired_instances = maybe_count_of(from, "desiredInstances");
  out.missing = text_of(from, "missing");
  return out;
}

OperationStatus read_operation(const Json& from) {
  OperationStatus out;
  out.id = text_of(from, "id");
  out.phase = text_of(from, "phase");
  out.from = count_of(from, "from");
  out.to = count_of(from, "to");
  out.since = time_of(from, "since");
  out.progress = text_of(from, "progress");
  return out;
}

Condition read_condition(const Json& from) {
  Condition out;
  out.type = text_of(from, "type");
  const std::string status = text_of(from, "status");
  out.status = status == "True"    ? ConditionStatus::true_
               : status == "False" ? ConditionStatus::false_
                                   : ConditionStatus::unknown;
  out.reason = text_of(from, "reason");
  out.message = text_of(from, "message");
  out.observed_generation = number_of(from, "observedGeneration").value_or(0);
  out.last_transition_time = time_of(from, "lastTransitionTime");
  return out;
}

}  // namespace

std::string status_json(const Status& status) {
  ordered_json out{{"observedGeneration", status.observed_generation}, {"specDigest", status.spec_digest}};
  if (status.current_instances) out["currentInstances"] = *status.current_instances;
  if (status.count_age) out["countAge"] = format_duration(*status.count_age);
  if (status.desired_instances) out["desiredInstances"] = *status.desired_instances;
  if (status.last_scale_time) out["lastScaleTime"] = format_rfc3339(*status.last_scale_time);
  if (status.last_decision) out["lastDecision"] = decision_json(*status.last_decision);
  if (!status.metrics.empty()) {
    ordered_json& list = out["metrics"] = ordered_json::array();
    for (const MetricStatus& metric : status.metrics) list.push_back(metric_json(metric));
  }
  if (status.operation) out["operation"] = operation_json(*status.operation);
  ordered_json& conditions = out["conditions"] = ordered_json::array();
  for (const Condition& condition : status.conditions) conditions.push_back(condition_json(condition));
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Result<Status> parse_status_json(std::string_view json) {
  const Json from = Json::parse(json, nullptr, false);
  if (!from.is_object()) return fail(ErrorKind::invalid_input, "a status must be a JSON object");
  Status out;
  out.observed_generation = number_of(from, "observedGeneration").value_or(0);
  out.spec_digest = text_of(from, "specDigest");
  out.current_instances = maybe_count_of(from, "currentInstances");
  if (const auto age = parse_duration(text_of(from, "countAge"))) out.count_age = *age;
  out.desired_instances = maybe_count_of(from, "desiredInstances");
  if (const WallTime scaled = time_of(from, "lastScaleTime"); scaled != WallTime{}) out.last_scale_time = scaled;
  if (const Json* decision = object_of(from, "lastDecision")) out.last_decision = read_decision(*decision);
  out.metrics = list_of(from, "metrics", read_metric);
  if (const Json* operation = object_of(from, "operation")) out.operation = read_operation(*operation);
  out.conditions = list_of(from, "conditions", read_condition);
  return out;
}

}  // namespace stackscaler::policy
