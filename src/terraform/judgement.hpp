// SPDX-License-Identifier: Apache-2.0
//
// Judgement: the guard (terraform/guard.hpp) with what it has to be told: which instances operations of our own have
// left half-made, from the journal, and what the allowed updates change, from `terraform show`.
//
// What it is not: the guard's rules. Private to this component. Threads: the loop's. Errors: JournalUnavailable,
// PlanFailed, Stopping. What `show` says may hold secrets: it is kept in memory only, and of it names of attributes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "terraform/guard.hpp"
#include "terraform/services.hpp"
#include "terraform/state.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

// Indexes that the last operation which reached an apply has left half-made, by the journal. Empty when that operation
// was for another folder or workspace: it says nothing about this state then.
[[nodiscard]] boost::asio::awaitable<Result<std::set<int>>> half_made_before(Services& services, Target target);

// Those of `candidates` at which the state holds a tainted instance; ascending. Of any resource with a count: what is
// neither the counted resource nor a dependent is refused by another rule.
[[nodiscard]] std::vector<int> still_half_made(const State& state, const std::vector<int>& candidates);

// Both, ascending.
[[nodiscard]] std::vector<int> joined_indexes(const std::set<int>& left, const std::set<int>& right);

// Judges; and when only allowed updates are left to look at, looks into `plan_file` and judges again.
[[nodiscard]] boost::asio::awaitable<Result<Verdict>> judge_plan(Services& services, Target target, PlanStream stream,
                                                                 GuardInput input, PlanSpec spec);

// "Healed: a.b[1], a.b[2]", at most ten by name; "" for none.
[[nodiscard]] std::string healed_text(const std::vector<std::string>& healed);

}  // namespace stackscaler::terraform
