// SPDX-License-Identifier: Apache-2.0
//
// The schema: a ScalingPolicy out of a node tree, validated and with defaults filled in.
#pragma once

#include <filesystem>
#include <string>

#include "policy/detail/reader.hpp"
#include "policy/types.hpp"

namespace stackscaler::policy::detail {

// What the document is, by apiVersion and kind.
enum class DocumentKind { empty, foreign, policy, unusable };

// Says in `problems` why a document is unusable.
[[nodiscard]] DocumentKind classify(const Node& root, Problems& problems);

// Fills in everything but origin. The result counts only when no problem was added.
[[nodiscard]] ScalingPolicy decode_policy(const Node& root, const std::filesystem::path& folder,
                                          const Defaults& defaults, Problems& problems);

[[nodiscard]] Spec decode_spec(Fields& spec, const std::filesystem::path& folder, const Defaults& defaults);

// spec.stack; relative paths are resolved against `folder`.
[[nodiscard]] StackRef decode_stack(Fields& stack, const std::filesystem::path& folder);
[[nodiscard]] Source decode_source(Fields& source, const std::filesystem::path& folder);

// `out` holds the defaults.
[[nodiscard]] Advisor decode_advisor(Fields& advisor, const std::filesystem::path& folder, Advisor out);
[[nodiscard]] Behavior decode_behavior(Fields& behavior);
// spec.schedules; `bounds` are those that hold outside of them.
[[nodiscard]] std::vector<Schedule> decode_schedules(Fields& spec, const Bounds& bounds);
// spec.onMissingMetrics: hold, or a count.
[[nodiscard]] std::optional<std::optional<int>> read_on_missing(Fields& spec);

// A text that is the same for equal specs and differs for different ones; its digest is the spec's digest.
[[nodiscard]] std::string canonical_text(const Spec& spec);

}  // namespace stackscaler::policy::detail
