// SPDX-License-Identifier: Apache-2.0
#include "kube/detail/json.hpp"

namespace stackscaler::kube::detail {

namespace {

// Before parsing: the library's destructor and writer recurse.
bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (too_deep(text)) return fail(ErrorKind::invalid_input, "JSON that is nested too deeply");
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail(ErrorKind::invalid_input, "no JSON");
  return json;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json& member(const Json& json, std::string_view name) {
  static const Json kNull;
  if (!json.is_object()) return kNull;
  const auto found = json.find(name);
  return found == json.end() ? kNull : *found;
}

std::string text(const Json& json, std::string_view name) {
  const Json& value = member(json, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t integer(const Json& json, std::string_view name) {
  const Json& value = member(json, name);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

Result<Object> object_of(const Json& json) {
  const Json& metadata = member(json, "metadata");
  Object object;
  object.key.namespace_ = text(metadata, "namespace");
  object.key.name = text(metadata, "name");
  object.uid = text(metadata, "uid");
  object.resource_version = text(metadata, "resourceVersion");
  object.generation = integer(metadata, "generation");
  object.deleting = member(metadata, "deletionTimestamp").is_string();
  if (object.key.name.empty()) return fail(ErrorKind::invalid_input, "an object without metadata.name");
  return object;
}

std::string cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0U) == 0x80U) --limit;
  return std::string(text.substr(0, limit));
}

std::string one_line(std::string_view text, std::size_t limit) {
  std::string out = cut(text, limit);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

}  // namespace stackscaler::kube::detail
