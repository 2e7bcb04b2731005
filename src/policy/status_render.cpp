// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "policy/detail/text.hpp"
#include "policy/status_yaml.hpp"

namespace stackscaler::policy {
namespace {

// A word that every YAML reader takes for the string it is: letters first, no indicator, none of YAML's own words.
bool is_safe_plain(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kWords{"true", "false", "null", "yes", "no", "on", "off", "nan"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto inner = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || std::string_view(" _.,;-/()+'").find(c) != std::string_view::npos;
  };
  if (text.size() < 2 || !letter(text.front()) || text.back() == ' ') return false;
  if (!std::all_of(text.begin(), text.end(), inner)) return false;
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

// One character into a double-quoted scalar (YAML 1.2.2, 5.7).
void append_escaped(std::string& out, std::string_view character) {
  const auto c = static_cast<unsigned char>(character.front());
  if (character == "\"" || character == "\\") {
    out.append("\\").append(character);
  } else if (character == "\n") {
    out += "\\n";
  } else if (character == "\t") {
    out += "\\t";
  } else if (c < 0x20U || c == 0x7FU) {
    out += fmt::format("\\x{:02x}", c);
  } else if (character.size() == 2 && c == 0xC2U && static_cast<unsigned char>(character[1]) < 0xA0U) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(character[1]));  // C1 controls, NEL among them
  } else if (character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9") {
    out += character.back() == '\xA8' ? "\\u2028" : "\\u2029";
  } else if (character == "\xEF\xBB\xBF") {
    out += "\\ufeff";
  } else {
    out += character;
  }
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = detail::utf8_length(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";  // not UTF-8: the replacement character
      text.remove_prefix(1);
      continue;
    }
    append_escaped(out, text.substr(0, length));
    text.remove_prefix(length);
  }
  return out + "\"";
}

std::string scalar(std::string_view text) {
  return is_safe_plain(text) ? std::string(text) : quoted(text);
}

// Lines "<indent>key: value\n"; the first of a list item has "- " before its key.
class Block {
 public:
  explicit Block(std::string& out, std::size_t indent) : out_(out), indent_(indent) {}

  void raw(std::string_view key, std::string_view value) {
    out_.append(item_ ? indent_ - 2 : indent_, ' ');
    if (item_) out_ += "- ";
    item_ = false;
    out_.append(key).append(value.empty() ? ":" : ": ").append(value).append("\n");
  }
  void text(std::string_view key, std::string_view value) { raw(key, scalar(value)); }
  void quoted_text(std::string_view key, std::string_view value) { raw(key, quoted(value)); }
  void time(std::string_view key, WallTime value) { raw(key, quoted(format_rfc3339(value))); }
  template <class Number>
  void number(std::string_view key, Number value) {
    raw(key, fmt::format("{}", value));
  }
  void next_item() { item_ = true; }

 private:
  std::string& out_;
  std::size_t indent_;
  bool item_ = false;
};

void render_decision(std::string& out, const LastDecision& decision) {
  Block block(out, 4);
  block.time("time", decision.time);
  block.text("action", decision.action);
  block.number("from", decision.from);
  block.number("to", decision.to);
  if (std::isfinite(decision.confidence)) block.number("confidence", decision.confidence);
  block.text("advisor", decision.advisor);
  block.text("reason", decision.reason);
  block.text("message", decision.message);
}

void render_metrics(std::string& out, const std::vector<MetricStatus>& metrics) {
  Block block(out, 6);
  for (const MetricStatus& metric : metrics) {
    block.next_item();
    block.text("name", metric.name);
    if (!metric.value.empty()) block.quoted_text("value", metric.value);
    if (!metric.target.empty()) block.quoted_text("target", metric.target);
    if (metric.desired_instances) block.number("desiredInstances", *metric.desired_instances);
    if (!metric.missing.empty()) block.text("missing", metric.missing);
  }
}

void render_operation(std::string& out, const OperationStatus& operation) {
  Block block(out, 4);
  block.text("id", operation.id);
  block.text("phase", operation.phase);
  block.number("from", operation.from);
  block.number("to", operation.to);
  block.time("since", operation.since);
  if (!operation.progress.empty()) block.text("progress", operation.progress);
}

void render_conditions(std::string& out, const std::vector<Condition>& conditions) {
  Block block(out, 6);
  for (const Condition& condition : conditions) {
    block.next_item();
    block.text("type", condition.type);
    block.quoted_text("status", to_string(condition.status));
    block.text("reason", condition.reason);
    block.text("message", condition.message);
    block.number("observedGeneration", condition.observed_generation);
    block.time("lastTransitionTime", condition.last_transition_time);
  }
}

}  // namespace

std::string render_status(const Status& status) {
  std::string out = "status:\n";
  Block block(out, 2);
  block.number("observedGeneration", status.observed_generation);
  block.text("specDigest", status.spec_digest);
  if (status.current_instances) block.number("currentInstances", *status.current_instances);
  if (status.count_age) block.raw("countAge", format_duration(*status.count_age));
  if (status.desired_instances) block.number("desiredInstances", *status.desired_instances);
  if (status.last_scale_time) block.time("lastScaleTime", *status.last_scale_time);
  if (status.last_decision) {
    block.raw("lastDecision", "");
    render_decision(out, *status.last_decision);
  }
  if (!status.metrics.empty()) {
    block.raw("metrics", "");
    render_metrics(out, status.metrics);
  }
  if (status.operation) {
    block.raw("operation", "");
    render_operation(out, *status.operation);
  }
  if (!status.conditions.empty()) {
    block.raw("conditions", "");
    render_conditions(out, status.conditions);
  }
  return out;
}

}  // namespace stackscaler::policy
