// SPDX-License-Identifier: Apache-2.0
//
// The guard's rules by name. Each refuses something; what no rule lets pass is refused too (known_action).
//
// In the product every rule is on, at compile time: there is no switch. The mutation test compiles the guard a second
// time with STK_GUARD_RULES and brings a rule_on() of its own, to show that each rule has a recorded plan which only
// that rule judges rightly. Private to this component.
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace stackscaler::terraform {

enum class Rule {
  // the stream as a whole
  known_version,  // a version line, of terraform or tofu 1.x, of the stream format 1.x
  no_error,       // no diagnostic is an error
  not_truncated,  // all of it was read
  whole_lines,    // no line is broken or cut
  known_kinds,    // nothing planned is of an unknown kind
  has_summary,    // Terraform's own totals are there
  totals,         // and equal what was listed
  // one change
  no_move,          // nothing moves
  no_import,        // nothing is imported
  data_reads,       // only data sources are read
  one_change,       // one change an address
  address,          // the address is understood
  ours_only,        // of the counted resource or of a dependent
  one_index,        // with exactly one index
  data_loss,        // types that hold data need allowDataLoss
  known_reason,     // creates and updates have no reason; replacements "tainted", or "cannot_update" of a dependent
  known_action,     // create, delete, replace, an allowed update; nothing else
  create_below,     // creates are below the target
  create_missing,   // and at an index that is missing
  create_up,        // nothing is created while scaling down
  delete_by_count,  // deletes are because of the count
  delete_above,     // at or above the target
  delete_present,   // and of what is there
  delete_healthy,   // and only while nothing is missing or dead
  taint_ours,       // a tainted instance is replaced only if an operation of our own left it
  taint_up,         // and never while scaling down
  replace_follows,  // another replacement is a dependent's whose instance is new in the same plan
  update_details,   // an allowed update is looked at, and looks like one
  update_allowed,   // and changes allowed attributes only
  // the end
  dead_recorded,   // what is dead leaves the state by an apply
  ends_at_target,  // the plan ends at the target
};

inline constexpr std::array<std::pair<Rule, std::string_view>, 31> kRules{{
    {Rule::known_version, "known_version"},
    {Rule::no_error, "no_error"},
    {Rule::not_truncated, "not_truncated"},
    {Rule::whole_lines, "whole_lines"},
    {Rule::known_kinds, "known_kinds"},
    {Rule::has_summary, "has_summary"},
    {Rule::totals, "totals"},
    {Rule::no_move, "no_move"},
    {Rule::no_import, "no_import"},
    {Rule::data_reads, "data_reads"},
    {Rule::one_change, "one_change"},
    {Rule::address, "address"},
    {Rule::ours_only, "ours_only"},
    {Rule::one_index, "one_index"},
    {Rule::data_loss, "data_loss"},
    {Rule::known_reason, "known_reason"},
    {Rule::known_action, "known_action"},
    {Rule::create_below, "create_below"},
    {Rule::create_missing, "create_missing"},
    {Rule::create_up, "create_up"},
    {Rule::delete_by_count, "delete_by_count"},
    {Rule::delete_above, "delete_above"},
    {Rule::delete_present, "delete_present"},
    {Rule::delete_healthy, "delete_healthy"},
    {Rule::taint_ours, "taint_ours"},
    {Rule::taint_up, "taint_up"},
    {Rule::replace_follows, "replace_follows"},
    {Rule::update_details, "update_details"},
    {Rule::update_allowed, "update_allowed"},
    {Rule::dead_recorded, "dead_recorded"},
    {Rule::ends_at_target, "ends_at_target"},
}};
static_assert(kRules.size() == static_cast<std::size_t>(Rule::ends_at_target) + 1);

#ifdef STK_GUARD_RULES
[[nodiscard]] bool rule_on(Rule rule);
#else
[[nodiscard]] constexpr bool rule_on(Rule /*rule*/) {
  return true;
}
#endif

}  // namespace stackscaler::terraform
