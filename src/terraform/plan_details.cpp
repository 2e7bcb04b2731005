// SPDX-License-Identifier: Apache-2.0
#include "terraform/plan_details.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "policy/reasons.hpp"

namespace stackscaler::terraform {
namespace {

using Json = nlohmann::json;

const Json& member(const Json& object, const std::string& key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

// The marks of Terraform's plans: `true` somewhere in the value's own shape.
bool any_true(const Json& mark) {
  if (mark.is_boolean()) return mark.get<bool>();
  if (!mark.is_structured()) return false;
  return std::any_of(mark.begin(), mark.end(), [](const Json& part) { return any_true(part); });
}

// A mark on the whole resource is one on each of its attributes.
const Json& mark_of(const Json& marks, const std::string& key) {
  return marks.is_boolean() ? marks : member(marks, key);
}

// Marks are equal when the same parts have one: {} and absent say the same.
bool same_marks(const Json& left, const Json& right) {
  return left == right || (!any_true(left) && !any_true(right));
}

std::optional<std::set<std::string>> changed_attributes(const Json& change) {
  const Json& before = member(change, "before");
  const Json& after = member(change, "after");
  const Json& unknown = member(change, "after_unknown");
  if (!before.is_object() || !after.is_object() || unknown.is_boolean()) return std::nullopt;
  if (!member(change, "importing").is_null() || !member(change, "replace_paths").is_null()) return std::nullopt;
  const Json& sensitive_before = member(change, "before_sensitive");
  const Json& sensitive_after = member(change, "after_sensitive");
  std::set<std::string> keys;
  for (const Json* object : {&before, &after, &unknown}) {
    if (!object->is_object()) continue;
    for (const auto& [key, value] : object->items()) keys.insert(key);
  }
  std::erase_if(keys, [&](const std::string& key) {
    return member(before, key) == member(after, key) && !any_true(member(unknown, key)) &&
           same_marks(mark_of(sensitive_before, key), mark_of(sensitive_after, key));
  });
  return keys;
}

bool plain_update(const Json& resource) {
  const Json& actions = member(member(resource, "change"), "actions");
  return member(resource, "mode") == "managed" && member(resource, "deposed").is_null() &&
         member(resource, "previous_address").is_null() && actions.is_array() && actions.size() == 1 &&
         actions[0] == "update";
}

}  // namespace

Result<PlanDetails> parse_details(std::string_view json, const std::vector<std::string>& addresses) {
  const Json plan = Json::parse(json, nullptr, false);
  const Json& version = member(plan, "format_version");
  const Json& resources = member(plan, "resource_changes");
  if (!version.is_string() || !version.get_ref<const std::string&>().starts_with("1.") || !resources.is_array()) {
    return fail(ErrorKind::invalid_input, policy::reason::kPlanFailed,
                "what terraform show says of the plan is not of the format 1.x");
  }
  PlanDetails details;
  std::set<std::string> seen;
  for (const Json& resource : resources) {
    const Json& name = member(resource, "address");
    if (!name.is_string()) continue;
    const std::string address = name.get<std::string>();
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) continue;
    const auto changed = plain_update(resource) ? changed_attributes(member(resource, "change")) : std::nullopt;
    // Two entries of one address are not one plain update.
    if (!seen.insert(address).second || !changed) {
      details.changed.erase(address);
      continue;
    }
    details.changed[address] = *changed;
  }
  return details;
}

}  // namespace stackscaler::terraform
