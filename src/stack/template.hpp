// SPDX-License-Identifier: Apache-2.0
//
// Template: renders the `{{ name }}` placeholders of a Terraform configuration (HCL) from a context, so that no value
// can become configuration.
//
// What it is: a lexer that knows strings, heredocs, comments and `${ }`, and a renderer that writes a value as the
// content of the quoted string it stands in, or else as a literal expression. Whatever is not surely one of the two is
// refused. `{{ "{{" }}` stands for two braces, anywhere.
// What it is not: a template language (no filters, loops, conditions), nor a check that the result is valid HCL.
// Errors: invalid_input, "<name>:<line>:<column>: …"; columns count bytes, from 1. A value is never part of an error.
// Bounds: kMaxTemplateBytes for template and context each, kMaxRenderedBytes for the result.
// Threads: pure functions. Source: HCL native syntax specification, "Lexical Elements" and "Template Expressions".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace stackscaler::stack {

inline constexpr std::size_t kMaxTemplateBytes = 1U << 20U;
inline constexpr std::size_t kMaxRenderedBytes = 4U << 20U;

struct Rendered {
  std::string text;
  std::vector<std::string> unused;  // names of the context that the template doesn't use
};

// `context_json`: one JSON object; its values are strings, numbers, booleans, null, and lists and maps of these.
// `name` is the template's, for errors.
[[nodiscard]] Result<Rendered> render_template(std::string_view name, std::string_view text,
                                               std::string_view context_json);

// The configuration without the contents of strings, heredocs and comments: what tells whether a value has become
// configuration. Meant for tests. Fails where render_template() can't follow the text.
[[nodiscard]] Result<std::string> skeleton_of(std::string_view text);

}  // namespace stackscaler::stack
