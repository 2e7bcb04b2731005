// SPDX-License-Identifier: Apache-2.0
#include "controller/decision_json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace stackscaler::controller {
namespace {

using decision::Action;
using nlohmann::json;
using nlohmann::ordered_json;

void put_text(ordered_json& object, const char* name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

ordered_json trace_json(const std::vector<decision::TraceLine>& lines) {
  ordered_json trace = ordered_json::array();
  for (const decision::TraceLine& t : lines) {
    trace.push_back(ordered_json{{"step", t.step}, {"before", t.before}, {"after", t.after}, {"message", t.message}});
  }
  return trace;
}

ordered_json advice_json(const decision::Advice& advice) {
  ordered_json out{{"action", to_string(advice.action)}, {"target", advice.target}, {"confidence", advice.confidence},
                   {"advisor", advice.advisor},          {"reason", advice.reason}, {"message", advice.message}};
  if (!advice.trace.empty()) out["trace"] = trace_json(advice.trace);
  if (!advice.asked.empty()) {
    ordered_json asked = ordered_json::parse(advice.asked, nullptr, /*allow_exceptions=*/false);
    if (!asked.is_discarded()) out["asked"] = std::move(asked);
  }
  put_text(out, "unavailable", advice.unavailable);
  put_text(out, "unavailableMessage", advice.unavailable_message);
  if (advice.beside) out["beside"] = advice_json(*advice.beside);
  return out;
}

ordered_json observation_json(const decision::Observation& observation) {
  ordered_json out{{"current", observation.current}};
  if (observation.reporting) out["reporting"] = *observation.reporting;
  put_text(out, "reportingMissing", observation.reporting_missing);
  ordered_json metrics = ordered_json::array();
  for (const decision::MetricReading& reading : observation.metrics) {
    ordered_json one{{"name", reading.name}};
    if (reading.value) one["value"] = *reading.value;
    put_text(one, "missing", reading.missing);
    put_text(one, "partial", reading.partial);
    metrics.push_back(std::move(one));
  }
  out["metrics"] = std::move(metrics);
  return out;
}

// Step names are literals: those that a record may hold in advice.
std::string_view step_of(const std::string& text) {
  constexpr std::array<std::string_view, 3> kSteps{"validation", "advisor", "forecast"};
  const auto found = std::find(kSteps.begin(), kSteps.end(), text);
  return found == kSteps.end() ? std::string_view("advice") : *found;
}

Action action_of(const std::string& text) {
  for (const Action action : {Action::scale_up, Action::scale_down}) {
    if (text == to_string(action)) return action;
  }
  return Action::no_change;
}

// These throw what the library throws; recorded_input() catches it.
decision::Advice advice_from(const json& in) {
  decision::Advice out;
  out.action = action_of(in.at("action").get<std::string>());
  out.target = in.at("target").get<int>();
  out.confidence = in.at("confidence").get<double>();
  out.advisor = in.at("advisor").get<std::string>();
  out.reason = in.at("reason").get<std::string>();
  out.message = in.at("message").get<std::string>();
  for (const json& line : in.value("trace", json::array())) {
    out.trace.push_back(decision::TraceLine{step_of(line.at("step").get<std::string>()), line.at("before").get<int>(),
                                            line.at("after").get<int>(), line.at("message").get<std::string>()});
  }
  if (in.contains("asked")) out.asked = in.at("asked").dump();
  out.unavailable = in.value("unavailable", std::string());
  out.unavailable_message = in.value("unavailableMessage", std::string());
  if (in.contains("beside")) out.beside = std::make_shared<const decision::Advice>(advice_from(in.at("beside")));
  return out;
}

decision::Observation observation_from(const json& in) {
  decision::Observation out;
  out.current = in.at("current").get<int>();
  if (in.contains("reporting")) out.reporting = in.at("reporting").get<int>();
  out.reporting_missing = in.value("reportingMissing", std::string());
  for (const json& metric : in.at("metrics")) {
    decision::MetricReading reading;
    reading.name = metric.at("name").get<std::string>();
    if (metric.contains("value")) reading.value = metric.at("value").get<double>();
    reading.missing = metric.value("missing", std::string());
    reading.partial = metric.value("partial", std::string());
    out.metrics.push_back(std::move(reading));
  }
  return out;
}

}  // namespace

ports::DecisionRecord record_of(const decision::Decision& decision) {
  ports::DecisionRecord record;
  record.action = decision::to_string(decision.action);
  record.from = decision.from;
  record.to = decision.to;
  record.confidence = decision.confidence;
  record.advisor = decision.advisor;
  record.reason = decision.reason;
  record.message = decision.message;
  return record;
}

std::string decision_detail_json(const decision::Decision& decision, const decision::Observation* observation,
                                 const ConvergeResult* outcome) {
  ordered_json signals = ordered_json::array();
  for (const decision::Signal& s : decision.signals) {
    ordered_json one{{"name", s.name}};
    if (s.value) one["value"] = *s.value;
    if (s.proposal) one["proposal"] = *s.proposal;
    if (!s.missing.empty()) one["missing"] = s.missing;
    if (!s.reason.empty()) one["reason"] = s.reason;
    one["message"] = s.message;
    signals.push_back(std::move(one));
  }
  ordered_json out{{"bounds", {{"min", decision.bounds.min}, {"max", decision.bounds.max}}},
                   {"signals", std::move(signals)},
                   {"trace", trace_json(decision.trace)}};
  if (outcome != nullptr && !(outcome->reason.empty() && outcome->message.empty())) {
    out["outcome"] = ordered_json{{"reason", outcome->reason}, {"message", outcome->message}};
  }
  if (decision.advice) out["advice"] = advice_json(*decision.advice);
  if (observation != nullptr) out["observation"] = observation_json(*observation);
  // Metric texts come from outside: bytes that are no UTF-8 are replaced, never thrown about.
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Result<RecordedInput> recorded_input(std::string_view detail) {
  try {
    const json document = json::parse(detail);
    RecordedInput out;
    out.observation = observation_from(document.at("observation"));
    if (document.contains("advice")) out.advice = advice_from(document.at("advice"));
    return out;
  } catch (const json::exception&) {
    return fail(ErrorKind::invalid_input, "the record does not hold what the decision was made of");
  }
}

}  // namespace stackscaler::controller
