// SPDX-License-Identifier: Apache-2.0
//
// A policy's document as it stands in its file, for people to read: secrets redacted.
//
// Redacted: values of spec.stack.env, webhook URLs behind their host, and user names and passwords in URLs. In doubt
// (the text can't be read as YAML, or a value is still in it) there is no text. Blocking: it reads the file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "policy/types.hpp"

namespace stackscaler::controller {

struct PolicyText {
  std::optional<std::string> yaml;
  bool is_loaded = false;  // it says what is in force
};

[[nodiscard]] PolicyText read_policy_text(const std::filesystem::path& file, const policy::PolicyKey& key,
                                          const std::string& digest, const policy::Defaults& defaults);

// The text of one document with its secrets redacted, or nothing.
[[nodiscard]] std::optional<std::string> redact_policy(std::string_view document);

}  // namespace stackscaler::controller
