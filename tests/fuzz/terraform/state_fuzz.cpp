// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a state: read or refused with a reason, never a crash; indexes come out ascending and tainted ones are
// among them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "terraform/address.hpp"
#include "terraform/state.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stackscaler::terraform;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_address(text);
  const auto state = parse_state(text);
  if (!state) {
    if (state.error().reason().empty()) std::abort();
    return 0;
  }
  for (const auto& [base, indexes] : state->counted) {
    if (!std::includes(indexes.present.begin(), indexes.present.end(), indexes.tainted.begin(),
                       indexes.tainted.end())) {
      std::abort();
    }
    (void)propose_dependents(*state, base);
  }
  (void)find_counted(*state);
  return 0;
}
