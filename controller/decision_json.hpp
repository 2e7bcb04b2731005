// SPDX-License-Identifier: Apache-2.0
//
// A decision's signals and trace as JSON text, for the journal and `-o json`.
#pragma once

#include <string>

#include "controller/turn.hpp"

namespace stackscaler::controller {

// {"bounds":{"min","max"},"signals":[{"name","value","proposal","missing","reason","message"}],
//  "trace":[{"step","before","after","message"}],"outcome":{"reason","message"}}; absent values leave no key, and
// outcome is there only where the gate, a hold or a failure had a word.
[[nodiscard]] std::string decision_detail_json(const decision::Decision& decision, const ConvergeResult& outcome);

}  // namespace stackscaler::controller
