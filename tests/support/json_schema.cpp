// SPDX-License-Identifier: Apache-2.0
#include "support/json_schema.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/time.hpp"

namespace stackscaler::test {

using nlohmann::json;

namespace {

constexpr std::array<std::string_view, 20> kKnown{
    "$ref",    "type",     "enum",      "required",  "properties", "additionalProperties", "items",   "oneOf",
    "minimum", "maximum",  "title",     "maxLength", "format",     "description",          "default", "example",
    "pattern", "examples", "minLength", "deprecated"};

bool has_type(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return type == "null" && value.is_null();
}

}  // namespace

const json& JsonSchema::resolve(const json& node) const {
  const auto ref = node.is_object() ? node.find("$ref") : node.end();
  if (!node.is_object() || ref == node.end()) return node;
  return document_.at(json::json_pointer(ref->get<std::string>().substr(1)));
}

std::vector<std::string> JsonSchema::problems(const json& schema, const json& value) const {
  std::vector<std::string> out;
  check(schema, value, "", out);
  return out;
}

void JsonSchema::check(const json& schema, const json& value, const std::string& at,
                       std::vector<std::string>& out) const {
  if (schema.contains("$ref")) check(resolve(schema), value, at, out);
  for (const auto& [keyword, unused] : schema.items()) {
    if (std::find(kKnown.begin(), kKnown.end(), keyword) == kKnown.end()) out.push_back(at + ": keyword " + keyword);
  }
  if (const auto type = schema.find("type"); type != schema.end()) {
    const json types = type->is_array() ? *type : json::array({*type});
    const bool fits = std::any_of(types.begin(), types.end(), [&](const json& t) { return has_type(value, t); });
    if (!fits) {
      out.push_back(at + ": not of type " + type->dump() + ": " + value.dump());
      return;
    }
  }
  if (const auto choices = schema.find("enum"); choices != schema.end()) {
    const bool found = std::find(choices->begin(), choices->end(), value) != choices->end();
    if (!found) out.push_back(at + ": " + value.dump() + " is none of " + choices->dump());
  }
  if (const auto options = schema.find("oneOf"); options != schema.end()) {
    const auto fitting = std::count_if(options->begin(), options->end(),
                                       [&](const json& option) { return problems(option, value).empty(); });
    if (fitting != 1) out.push_back(at + ": fits " + std::to_string(fitting) + " of oneOf: " + value.dump());
  }
  if (value.is_object()) check_object(schema, value, at, out);
  if (value.is_array() && schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      check(schema["items"], value[i], at + "/" + std::to_string(i), out);
    }
  }
  check_scalar(schema, value, at, out);
}

void JsonSchema::check_object(const json& schema, const json& value, const std::string& at,
                              std::vector<std::string>& out) const {
  for (const json& name : schema.value("required", json::array())) {
    if (!value.contains(name.get<std::string>())) out.push_back(at + ": lacks " + name.dump());
  }
  const json none = json::object();
  const auto known = schema.find("properties");
  const json& properties = known == schema.end() ? none : *known;
  const auto additional = schema.find("additionalProperties");
  for (const auto& [name, member] : value.items()) {
    const std::string place = at + "/" + name;
    if (properties.contains(name)) {
      check(properties[name], member, place, out);
    } else if (additional != schema.end() && additional->is_object()) {
      check(*additional, member, place, out);
    } else if (additional != schema.end() && *additional == false) {
      out.push_back(place + ": is not in the schema");
    }
  }
}

void JsonSchema::check_scalar(const json& schema, const json& value, const std::string& at,
                              std::vector<std::string>& out) const {
  if (value.is_number()) {
    if (schema.contains("minimum") && value < schema["minimum"]) out.push_back(at + ": too small: " + value.dump());
    if (schema.contains("maximum") && value > schema["maximum"]) out.push_back(at + ": too large: " + value.dump());
  }
  if (!value.is_string()) return;
  const auto& text = value.get_ref<const std::string&>();
  if (schema.value("format", "") == "date-time" && !parse_rfc3339(text)) out.push_back(at + ": no time: " + text);
  if (schema.contains("maxLength") && text.size() > 4 * schema["maxLength"].get<std::size_t>()) {
    out.push_back(at + ": too long");
  }
}

}  // namespace stackscaler::test
