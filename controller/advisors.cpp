// SPDX-License-Identifier: Apache-2.0
#include "controller/advisors.hpp"

#include <cstdlib>

namespace stackscaler::controller {

advisor::EnvironmentLookup environment_of(const Options& options) {
  return [file = options.env_file](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
    if (value != nullptr && *value != '\0') return std::string(value);
    const auto found = file.find(name);
    if (found == file.end()) return std::nullopt;
    return found->second;
  };
}

}  // namespace stackscaler::controller
