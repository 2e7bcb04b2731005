// SPDX-License-Identifier: Apache-2.0
//
// Reads ScalingPolicy documents from YAML text and says everything that is wrong with them, with positions.
//
// What it is: one pass that decodes, validates and fills in defaults. What it is not: file access (the caller has the
// bytes) or knowledge of the stack. Documents of another kind are passed over silently if they have a `kind` and an
// `apiVersion` of another group. Pure; any thread; never throws.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "policy/types.hpp"

namespace stackscaler::policy {

// One problem, at one place. Lines and columns count from 1.
struct Diagnostic {
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;  // "spec.bounds.min (5) is above max (3)": the field's path and what would be right
  // "policies/web.yaml:12:9: message"
  [[nodiscard]] std::string str(std::string_view file) const;
};

// Where documents come from. In a cluster a Secret can be named and a folder can't, and there is no folder for relative
// paths.
enum class Home { files, cluster };

struct ParsedDocument {
  ScalingPolicy policy;
  std::size_t index = 0;       // the document's number in the stream, from 0
  std::size_t first_line = 0;  // of its `apiVersion`/first key, from 1
};

struct ParsedFile {
  std::vector<ParsedDocument> policies;  // the documents without a problem
  std::vector<Diagnostic> problems;      // in order of position
};

inline constexpr std::size_t kMaxPolicyFileBytes = 1 << 20;

// `file` is the name used in ScalingPolicy::origin; `folder` is what a relative spec.stack.path is resolved against.
[[nodiscard]] ParsedFile parse_policies(std::string_view text, std::string_view file,
                                        const std::filesystem::path& folder, const Defaults& defaults,
                                        Home home = Home::files);

}  // namespace stackscaler::policy
