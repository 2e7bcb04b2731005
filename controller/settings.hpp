// SPDX-License-Identifier: Apache-2.0
//
// Settings: the keys that flag, environment and configuration file share, each declared once.
//
// The table is the source of --help and of docs/reference/configuration.md (scripts/check-docs compares them).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace stackscaler::controller {

struct Options;

struct Setting {
  std::string_view name;         // flag `--name`, configuration key `name`
  std::string_view environment;  // variable, or empty
  std::string_view value;        // placeholder in help; empty: a switch
  std::string_view fallback;     // the default, as text
  std::string_view help;
  // Puts the text into the options. For switches the text is "true" or "false".
  Result<void> (*apply)(Options&, const std::string&);
};

[[nodiscard]] std::span<const Setting> settings();

}  // namespace stackscaler::controller
