// SPDX-License-Identifier: Apache-2.0
//
// The schema: a ScalingPolicy out of a node tree, validated and with defaults filled in.
#pragma once

#include <filesystem>
#include <string>

#include "policy/detail/reader.hpp"
#include "policy/parse.hpp"
#include "policy/types.hpp"

namespace stackscaler::policy::detail {

struct Where {
  std::filesystem::path folder;  // relative paths are resolved against it
  Home home = Home::files;
};

// What the document is, by apiVersion and kind.
enum class DocumentKind { empty, foreign, policy, unusable };

// Says in `problems` why a document is unusable.
[[nodiscard]] DocumentKind classify(const Node& root, Problems& problems);

// Fills in everything but origin. The result counts only when no problem was added.
[[nodiscard]] ScalingPolicy decode_policy(const Node& root, const Where& where, const Defaults& defaults,
                                          Problems& problems);

[[nodiscard]] Spec decode_spec(Fields& spec, const Where& where, const Defaults& defaults);

[[nodiscard]] StackRef decode_stack(Fields& stack, const Where& where);
[[nodiscard]] Source decode_source(Fields& source, const Where& where);

// `out` holds the defaults.
[[nodiscard]] Advisor decode_advisor(Fields& advisor, const Where& where, Advisor out);
[[nodiscard]] Behavior decode_behavior(Fields& behavior);
// spec.schedules; `bounds` are those that hold outside of them.
[[nodiscard]] std::vector<Schedule> decode_schedules(Fields& spec, const Bounds& bounds);
// spec.onMissingMetrics: hold, or a count.
[[nodiscard]] std::optional<std::optional<int>> read_on_missing(Fields& spec);

// The path of a file, made absolute.
void read_file_path(Fields& fields, std::string_view name, const Where& where, std::string& out,
                    Rule rule = Rule::current());
// `name`: { name, key } of a Secret; in files it is refused, and `instead` says what is there for it.
void read_secret_ref(Fields& fields, std::string_view name, const Where& where, std::string_view instead,
                     SecretRef& out, Rule rule = Rule::current());

// A text that is the same for equal specs and differs for different ones; its digest is the spec's digest.
[[nodiscard]] std::string canonical_text(const Spec& spec);

}  // namespace stackscaler::policy::detail
