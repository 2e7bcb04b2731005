// SPDX-License-Identifier: Apache-2.0
//
// The status as JSON, as the custom resource's status subresource holds it, and back.
//
// The field names are those of status_yaml.hpp. Reading takes what is there and leaves out what is not of the right
// kind: the status comes from a server, but anybody with the rights may have written it. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "policy/status.hpp"

namespace stackscaler::policy {

// One JSON object. Text that is no UTF-8 comes with the replacement character.
[[nodiscard]] std::string status_json(const Status& status);

// invalid_input unless it is a JSON object.
[[nodiscard]] Result<Status> parse_status_json(std::string_view json);

}  // namespace stackscaler::policy
