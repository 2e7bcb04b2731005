// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace stackscaler::controller {

// The version that CMakeLists.txt names, e.g. "0.1.0".
[[nodiscard]] const char* version();

}  // namespace stackscaler::controller
