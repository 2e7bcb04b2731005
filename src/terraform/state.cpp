// SPDX-License-Identifier: Apache-2.0
#include "terraform/state.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/reasons.hpp"
#include "terraform/address.hpp"

namespace stackscaler::terraform {
namespace {

using Json = nlohmann::json;
namespace reason = policy::reason;

std::unexpected<Error> unreadable(const std::string& what) {
  return fail(ErrorKind::unavailable, reason::kStateUnreadable, "the Terraform state can't be read: " + what);
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// ["a"] with quotes and backslashes escaped as Terraform's addresses do.
std::string key_text(const Json& key) {
  if (key.is_number_integer()) return "[" + std::to_string(key.get<std::int64_t>()) + "]";
  return "[" + key.dump(-1, ' ', false, Json::error_handler_t::replace) + "]";
}

// `sensitive_attributes` is a list of paths; a path is a list of steps.
bool id_is_sensitive(const Json& instance) {
  const auto paths = instance.find("sensitive_attributes");
  if (paths == instance.end() || !paths->is_array()) return false;
  return std::any_of(paths->begin(), paths->end(), [](const Json& path) {
    return path.is_array() && (path.empty() || (path[0].is_object() && text_of(path[0], "value") == "id"));
  });
}

std::string id_of(const Json& instance) {
  const auto attributes = instance.find("attributes");
  if (attributes == instance.end() || !attributes->is_object() || id_is_sensitive(instance)) return {};
  return text_of(*attributes, "id");
}

// Adds the instances of one resource. False when its shape is not that of version 4.
bool take_resource(const Json& resource, State& state) {
  if (!resource.is_object()) return false;
  if (text_of(resource, "mode") != "managed") return true;
  const std::string type = text_of(resource, "type");
  const std::string name = text_of(resource, "name");
  const auto instances = resource.find("instances");
  if (type.empty() || name.empty() || instances == resource.end() || !instances->is_array()) return false;
  const std::string module = text_of(resource, "module");
  const std::string prefix = (module.empty() ? std::string() : module + ".") + type + "." + name;
  for (const Json& instance : *instances) {
    if (!instance.is_object()) return false;
    // What a replacement has left behind, to be deleted: no instance of its own.
    if (!text_of(instance, "deposed").empty()) continue;
    const auto key = instance.find("index_key");
    const bool keyed = key != instance.end() && !key->is_null();
    std::string full = prefix + (keyed ? key_text(*key) : std::string());
    const auto address = parse_address(full);
    if (!address) return false;
    ++state.resources;
    if (!address->index) continue;
    ResourceIndexes& indexes = state.counted[address->base];
    indexes.type = type;
    indexes.present.insert(*address->index);
    indexes.instances.insert_or_assign(*address->index, Instance{std::move(full), id_of(instance)});
    if (text_of(instance, "status") == "tainted") indexes.tainted.insert(*address->index);
  }
  return true;
}

}  // namespace

std::vector<int> State::indexes(const std::string& base) const {
  const auto found = counted.find(base);
  if (found == counted.end()) return {};
  return {found->second.present.begin(), found->second.present.end()};
}

std::vector<int> State::tainted(const std::string& base) const {
  const auto found = counted.find(base);
  if (found == counted.end()) return {};
  return {found->second.tainted.begin(), found->second.tainted.end()};
}

const std::map<int, Instance>& State::instances(const std::string& base) const {
  static const std::map<int, Instance> kNone;
  const auto found = counted.find(base);
  return found == counted.end() ? kNone : found->second.instances;
}

Result<State> parse_state(std::string_view text) {
  const auto empty = [] {
    return fail(ErrorKind::invalid_input, reason::kStateChanged,
                "the Terraform state is empty: it was lost, or another workspace or backend is selected");
  };
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return empty();
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return unreadable("it is no JSON object");
  const auto version = json.find("version");
  if (version == json.end() || !version->is_number_integer() || *version != 4) {
    return unreadable("its format version is not 4");
  }
  State state;
  state.lineage = text_of(json, "lineage");
  const auto serial = json.find("serial");
  const auto list = json.find("resources");
  const bool none = list == json.end() || list->is_null() || (list->is_array() && list->empty());
  // What some remote backends give where there is no state.
  if (state.lineage.empty() && none && serial != json.end() && *serial == 0) return empty();
  if (state.lineage.empty() || serial == json.end() || !serial->is_number_unsigned()) {
    return unreadable("lineage or serial is missing");
  }
  state.serial = serial->get<std::uint64_t>();
  const auto resources = json.find("resources");
  if (resources == json.end() || !resources->is_array()) return unreadable("the list of resources is missing");
  for (const Json& resource : *resources) {
    if (!take_resource(resource, state)) return unreadable("a resource in it has an unknown shape");
  }
  return state;
}

Result<std::string> find_counted(const State& state) {
  if (state.counted.size() == 1) return state.counted.begin()->first;
  if (state.counted.empty()) {
    return fail(ErrorKind::invalid_input,
                "the state holds no resource with a count; the stack's size must be the `count` of a resource or a "
                "module, and at least 1 when it is taken in");
  }
  std::string names;
  std::size_t shown = 0;
  for (const auto& [base, indexes] : state.counted) {
    if (++shown > 10) break;
    names += (names.empty() ? "" : ", ") + base;
  }
  return fail(ErrorKind::invalid_input,
              "several resources have a count: " + names + "; name the one that is the stack's size (resource)");
}

std::vector<std::string> propose_dependents(const State& state, const std::string& resource) {
  std::vector<std::string> proposed;
  const auto counted = state.counted.find(resource);
  if (counted == state.counted.end()) return proposed;
  for (const auto& [base, indexes] : state.counted) {
    if (base != resource && indexes.present == counted->second.present) proposed.push_back(base);
  }
  return proposed;
}

}  // namespace stackscaler::terraform
