// SPDX-License-Identifier: Apache-2.0
//
// A decision's signals and trace as JSON text, for the journal and `-o json`.
#pragma once

#include <string>

#include "decision/decide.hpp"

namespace stackscaler::controller {

// {"signals":[{"name","value","proposal","missing","message"}],"trace":[{"step","before","after","message"}]}
[[nodiscard]] std::string decision_detail_json(const decision::Decision& decision);

}  // namespace stackscaler::controller
