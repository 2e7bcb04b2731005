// SPDX-License-Identifier: Apache-2.0
//
// Sizing: how a stack is told its count: by a variable, or by its template (docs/adr/0008). Private to this component.
//
// By variable, a plan gets a private variable file and the user's kCountFile holds the count. By template, main.tf is
// what the template renders for the recorded context and the count. A plan for another count then runs in a shadow of
// the folder: a hidden folder beside it with links to everything but main.tf, entered by -chdir, so that path.root,
// path.cwd, relative paths, the backend and its lock are the real ones. The real main.tf is replaced after the guard
// has passed the plan (law 7), and only if it holds what the template renders for a count that the program knows of.
// All but put_user_count() in steps.hpp is blocking: call from the blocking pool. Errors: ConfigurationEdited for a
// main.tf that is not the template's; invalid_input for a template that can't be read or rendered. No error holds a
// value.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "terraform/folder.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

inline constexpr const char* kMainFile = "main.tf";
// Where a deployed stack keeps its template, in its registry folder.
inline constexpr const char* kTemplateCopy = "main.tf.tpl";
inline constexpr const char* kCountName = "instance_count";

[[nodiscard]] bool by_template(const Target& target);
// The user's file that holds the count, for messages.
[[nodiscard]] const char* size_file(const Target& target);

// What the template renders for `count`. Fails when it doesn't use instance_count.
[[nodiscard]] Result<std::string> render_for(const Target& target, int count);

// What a plan for another count runs with: a variable file or a shadow.
struct Sized {
  std::filesystem::path count_file;
  std::filesystem::path shadow;
};
// `from`: the count in the state. Checks main.tf and makes the shadow, or writes the operation's variable file.
[[nodiscard]] Result<Sized> size_plan(const Target& target, const OperationFolder& folder, const std::string& operation,
                                      int from, int to);
// Removes the operation's shadow, if there is one.
void drop_shadow(const Target& target, const std::string& operation);

// Makes the user's file say `count`. By template it gives the fingerprint to record, when init had been done for the
// configuration that was replaced: the count alone doesn't make init due. Empty: nothing to record.
[[nodiscard]] Result<std::string> put_size(const Target& target, int count, IfMissing if_missing);

// Fails unless main.tf is what the template renders for one of these counts.
[[nodiscard]] Result<void> check_main(const Target& target, const std::vector<int>& counts);

}  // namespace stackscaler::terraform
