// SPDX-License-Identifier: Apache-2.0
//
// The two files that carry settings: the configuration file (YAML, one flat mapping of setting names) and the
// environment file. Both are read whole, are at most 64 KiB, and name the line of every problem.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace stackscaler::controller {

// Key -> value as text. Problems are "file:line:col: message", one an entry.
[[nodiscard]] std::map<std::string, std::string> parse_config_file(std::string_view text, std::string_view name,
                                                                   std::vector<std::string>& problems);

// "KEY=value" lines; '#' starts a comment line, one pair of quotes around a value is taken off, `export ` is passed
// over.
[[nodiscard]] std::map<std::string, std::string> parse_env_file(std::string_view text, std::string_view name,
                                                                std::vector<std::string>& problems);

}  // namespace stackscaler::controller
