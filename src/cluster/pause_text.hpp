// SPDX-License-Identifier: Apache-2.0
//
// What an annotation of the emergency stop says, as one sentence.
#pragma once

#include <string>
#include <string_view>

namespace stackscaler::cluster {

// "" for the value "false"; any other value, the empty one too, stops: in doubt nothing is changed. `where`:
// "the annotation stackscaler.dev/pause of configmap a/b". The value is cut to 256 bytes, control characters to blanks.
[[nodiscard]] std::string pause_sentence(std::string_view where, std::string_view value);

}  // namespace stackscaler::cluster
