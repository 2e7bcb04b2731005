// SPDX-License-Identifier: Apache-2.0
#include "policy/detail/reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

constexpr std::size_t kShown = 40;  // bytes of a value in a message

bool one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Words that YAML 1.1 readers (kubectl among them) take for booleans, in every case they accept.
bool is_trap_bool(std::string_view text) {
  static constexpr std::array<std::string_view, 16> kWords{
      "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "True", "TRUE", "False", "FALSE"};
  return one_of(text, kWords);
}

bool is_bool(std::string_view text) {
  return text == "true" || text == "false";
}

std::string_view digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  const std::string_view out = text.substr(0, n);
  text.remove_prefix(n);
  return out;
}

// JSON's number grammar, which every YAML reader agrees on.
bool is_json_number(std::string_view text, bool& whole) {
  whole = true;
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::string_view integer = digits(text);
  if (integer.empty() || (integer.size() > 1 && integer[0] == '0')) return false;
  if (text.starts_with('.')) {
    whole = false;
    text.remove_prefix(1);
    if (digits(text).empty()) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    whole = false;
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits(text).empty()) return false;
  }
  return text.empty();
}

// What some YAML reader would take for a number: it starts like one and has only characters of one.
bool looks_numeric(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with(".inf") || text.starts_with(".nan") || text.starts_with(".Inf") || text.starts_with(".NaN")) {
    return true;
  }
  if (text.empty()) return false;
  if (text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b")) {
    text.remove_prefix(2);
    return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF_") == std::string_view::npos;
  }
  const bool digit_first = text[0] >= '0' && text[0] <= '9';
  const bool dot_first = text[0] == '.' && text.size() > 1 && text[1] >= '0' && text[1] <= '9';
  if (!digit_first && !dot_first) return false;
  const std::size_t other = text.find_first_not_of("0123456789_");
  if (other == std::string_view::npos) return true;
  std::string_view rest = text.substr(other);
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    digits(rest);
  }
  if (rest.starts_with('e') || rest.starts_with('E')) {
    rest.remove_prefix(1);
    if (rest.starts_with('+') || rest.starts_with('-')) rest.remove_prefix(1);
    if (digits(rest).empty()) return false;
  }
  return rest.empty();
}

bool is_octal(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Why a scalar is not the number that is wanted, after "must be …".
std::string number_complaint(const Node& node, std::string_view want) {
  bool whole = false;
  if (node.kind == Node::Kind::scalar && !node.plain && is_json_number(node.text, whole)) {
    return fmt::format("must be {} without quotes, got \"{}\"", want, shorten(node.text, kShown));
  }
  if (node.kind == Node::Kind::scalar && node.plain && is_octal(node.text)) {
    return fmt::format("must be {} without a leading zero (some YAML readers take {} for octal)", want,
                       shorten(node.text, kShown));
  }
  return fmt::format("must be {}, got {}", want, describe(node));
}

// Of a text that is a JSON number.
Found finite_number(Fields& fields, std::string_view name, const Node& node, double& out) {
  double value = 0;
  const auto [end, ec] = std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
  if (ec != std::errc{} || !std::isfinite(value)) {
    fields.problem(node.at, name, fmt::format("is out of range: {}", shorten(node.text, kShown)));
    return std::nullopt;
  }
  out = value + 0.0;  // -0 becomes 0
  return node.at;
}

}  // namespace

const Node* Fields::get(std::string_view name) {
  known_.push_back(name);
  return find(node_, name);
}

std::string Fields::path(std::string_view name) const {
  std::string out = path_;
  if (!out.empty()) out.push_back('.');
  return out.append(name);
}

void Fields::problem(Place at, std::string_view name, std::string_view rest, Rule rule) const {
  problems_.add(at, fmt::format("{} {}", path(name), rest), rule);
}

void Fields::missing(std::string_view name, std::string_view rest, Rule rule) const {
  problem(node_.at, name, rest, rule);
}

void Fields::finish(Rule rule) const {
  const RuleScope scope(rule);
  for (const Entry& entry : node_.entries) {
    const std::string& name = entry.key->text;
    if (one_of(name, known_)) continue;
    const std::string field = shorten(name, 60);
    if (name == "<<") {
      problem(entry.key->at, name, "is a merge key, which is not supported: write the fields out");
    } else if (const std::string_view close = nearest(name, known_); !close.empty()) {
      problem(entry.key->at, field, fmt::format("is an unknown field; did you mean '{}'?", close));
    } else {
      problem(entry.key->at, field, "is an unknown field");
    }
  }
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::sequence: return "a list";
    case Node::Kind::mapping: return "a mapping";
    case Node::Kind::scalar: break;
  }
  const std::string shown = shorten(node.text, kShown);
  if (!node.plain) return "\"" + shown + "\"";
  if (looks_numeric(node.text)) return "the number " + shown;
  return "'" + shown + "'";
}

std::optional<Fields> read_mapping(Fields& fields, std::string_view name, Rule rule) {
  const RuleScope scope(rule);
  const Node* node = fields.get(name);
  if (node == nullptr) return std::nullopt;
  if (node->kind != Node::Kind::mapping) {
    fields.problem(node->at, name, "must be a mapping, got " + describe(*node));
    return std::nullopt;
  }
  return Fields(*node, fields.path(name), fields.problems());
}

const Node* read_list(Fields& fields, std::string_view name, Rule rule) {
  const RuleScope scope(rule);
  const Node* node = fields.get(name);
  if (node == nullptr || node->kind == Node::Kind::sequence) return node;
  fields.problem(node->at, name, "must be a list, got " + describe(*node));
  return nullptr;
}

bool string_value(const Node& node, std::string_view path, std::string_view want, Problems& problems, Rule rule) {
  const RuleScope scope(rule);
  const bool scalar = node.kind == Node::Kind::scalar;
  if (scalar && !node.plain) return true;
  if (scalar && !is_bool(node.text) && !is_trap_bool(node.text) && !looks_numeric(node.text)) return true;
  const std::string_view hint = scalar ? "; put it in quotes if it is meant" : "";
  problems.add(node.at, fmt::format("{} must be {}, got {}{}", path, want, describe(node), hint));
  return false;
}

Found read_string(Fields& fields, std::string_view name, std::string_view want, std::string& out, Rule rule) {
  const RuleScope scope(rule);
  const Node* node = fields.get(name);
  if (node == nullptr || !string_value(*node, fields.path(name), want, fields.problems())) return std::nullopt;
  out = node->text;
  return node->at;
}

Found read_bool(Fields& fields, std::string_view name, bool& out, Rule rule) {
  const RuleScope scope(rule);
  const Node* node = fields.get(name);
  if (node == nullptr) return std::nullopt;
  if (node->kind == Node::Kind::scalar && node->plain && is_bool(node->text)) {
    out = node->text == "true";
    return node->at;
  }
  std::string rest = "must be true or false, got " + describe(*node);
  if (node->kind == Node::Kind::scalar && !node->plain && is_bool(node->text)) {
    rest = "must be true or false without quotes, got " + describe(*node);
  } else if (node->kind == Node::Kind::scalar && is_trap_bool(node->text)) {
    rest += "; only the words true and false are accepted";
  }
  fields.problem(node->at, name, rest);
  return std::nullopt;
}

Found read_int(Fields& fields, std::string_view name, int min, int max, int& out, Rule rule) {
  const RuleScope scope(rule);
  const Node* node = fields.get(name);
  if (node == nullptr) return std::nullopt;
  bool whole = false;
  const bool number = node->kind == Node::Kind::scalar && node->plain && is_json_number(node->text, whole) && whole;
  if (!number) {
    fields.problem(node->at, name, number_complaint(*node, "a whole number"));
    return std::nullopt;
  }
  int value = 0;
  const auto [end, ec] = std::from_chars(node->text.data(), node->text.data() + node->text.size(), value);
  if (ec != std::errc{} || value < min || value > max) {
    fields.problem(node->at, name, fmt::format("must be from {} to {}, got {}", min, max, shorten(node->text, kShown)));
    return std::nullopt;
  }
  out = value;
  return node->at;
}

Found read_number(Fields& fields, std::string_view name, double& out, Rule rule) {
  const RuleScope scope(rule);
  const Node* node = fields.get(name);
  if (node == nullptr) return std::nullopt;
  bool whole = false;
  if (node->kind != Node::Kind::scalar || !node->plain || !is_json_number(node->text, whole)) {
    fields.problem(node->at, name, number_complaint(*node, "a number such as 75 or 0.5"));
    return std::nullopt;
  }
  return finite_number(fields, name, *node, out);
}

Found read_duration(Fields& fields, std::string_view name, Duration min, Duration max, Duration& out, Rule rule) {
  const RuleScope scope(rule);
  const Node* node = fields.get(name);
  if (node == nullptr) return std::nullopt;
  constexpr std::string_view kWant = "must be a duration such as 30s, 5m or 1h30m, got ";
  const bool text = node->kind == Node::Kind::scalar && !(node->plain && looks_numeric(node->text));
  const auto value = parse_duration(text ? std::string_view(node->text) : std::string_view());
  if (!value) {
    fields.problem(node->at, name, std::string(kWant) + describe(*node));
    return std::nullopt;
  }
  if (*value < min || *value > max) {
    fields.problem(node->at, name,
                   fmt::format("must be from {} to {}, got {}", format_duration(min), format_duration(max),
                               shorten(node->text, kShown)));
    return std::nullopt;
  }
  out = *value;
  return node->at;
}

Found read_step(Fields& fields, std::string_view name, Step& out, Rule rule) {
  const RuleScope scope(rule);
  const Node* node = fields.get(name);
  if (node == nullptr) return std::nullopt;
  std::string_view text = node->kind == Node::Kind::scalar ? std::string_view(node->text) : std::string_view();
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  bool whole = false;
  if (!is_json_number(text, whole) || !whole || (!percent && !node->plain)) {
    const bool quoted = whole && node->kind == Node::Kind::scalar && !node->plain;
    fields.problem(node->at, name,
                   quoted
                       ? fmt::format("must be a whole number without quotes, or a percentage such as \"25%\", got {}",
                                     describe(*node))
                       : number_complaint(*node, "a whole number or a percentage such as \"25%\""));
    return std::nullopt;
  }
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  const int max = percent ? 100 : 1000;
  if (ec != std::errc{} || value < 1 || value > max) {
    const std::string_view range = percent ? "from 1% to 100%" : "from 1 to 1000";
    fields.problem(node->at, name, fmt::format("must be {}, got {}", range, shorten(node->text, kShown)));
    return std::nullopt;
  }
  out = Step{value, percent};
  return node->at;
}

Found read_quantity(Fields& f, std::string_view name, double& out, Rule rule) {
  const RuleScope scope(rule);
  const Node* node = f.get(name);
  if (node == nullptr) return std::nullopt;
  bool whole = false;
  if (node->kind != Node::Kind::scalar || !is_json_number(node->text, whole)) {
    f.problem(node->at, name, number_complaint(*node, "a number such as 200 or \"0.5\""));
    return std::nullopt;
  }
  return finite_number(f, name, *node, out);
}

}  // namespace stackscaler::policy::detail
