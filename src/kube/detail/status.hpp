// SPDX-License-Identifier: Apache-2.0
//
// What a metav1 Status, or an answer's Retry-After, says. Private to src/kube.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace stackscaler::kube::detail {

// How long an answer asks to be left alone (delta-seconds; a date counts as nothing), five minutes at most.
[[nodiscard]] Duration retry_after(std::string_view header);

// Puts *** where the answer repeats the credential that was sent ("Bearer …").
[[nodiscard]] std::string without_credential(std::string text, std::string_view authorization);

}  // namespace stackscaler::kube::detail
