// SPDX-License-Identifier: Apache-2.0
//
// Views as the JSON of openapi.json. Pure. Private to src/api.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "api/fleet.hpp"
#include "api/views.hpp"

namespace stackscaler::api::detail {

using Json = nlohmann::ordered_json;

// Bytes that are no UTF-8 come from outside: they are replaced, never thrown about.
[[nodiscard]] std::string dump(const Json& json);

[[nodiscard]] Json time_json(const std::optional<WallTime>& time);
[[nodiscard]] Json bounds_json(const policy::Bounds& bounds);
[[nodiscard]] std::string_view state_of(const PolicyView& view, const ControllerView& controller);
[[nodiscard]] Json summary_json(const PolicyView& view, const ControllerView& controller);
[[nodiscard]] Json threshold_json(const policy::Metric& metric);
[[nodiscard]] Json spec_json(const policy::Spec& spec);
[[nodiscard]] Json decision_json(const ports::DecisionRecord& record);
// The detail of a record; {} of one that an older version wrote, or half wrote.
[[nodiscard]] Json detail_json(const ports::DecisionRecord& record);
[[nodiscard]] Json operation_json(const ports::OperationRecord& record, const ports::OperationProgress* live);
[[nodiscard]] Json stack_json(const StackView& view, const std::optional<policy::PolicyKey>& key);
[[nodiscard]] Json pause_json(const PauseView& view);
[[nodiscard]] Json change_json(const std::string& stack, const ChangeView& change);
[[nodiscard]] Json recommendation_json(const std::string& stack, const RecommendationView& view);

}  // namespace stackscaler::api::detail
