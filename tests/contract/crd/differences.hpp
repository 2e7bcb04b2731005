// SPDX-License-Identifier: Apache-2.0
//
// Where the API server's verdict on a document may differ from that of `stackscaler validate`, and why. An entry that no
// document needs fails the test, so the list is what there is.
#pragma once

#include <array>

namespace stackscaler::crd {

enum class Accepts { file, cluster };  // who of the two

struct Difference {
  const char* documents;  // a regular expression over whole names
  Accepts accepts;
  const char* reason;
};

inline constexpr std::array<Difference, 0> kDifferences{};

}  // namespace stackscaler::crd
