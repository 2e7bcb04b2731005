// SPDX-License-Identifier: Apache-2.0
//
// golden(): the text of a file under tests/golden. STK_TESTS_DIR is set by the test's CMakeLists.txt.
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace stackscaler::test {

inline std::string golden(const std::string& name) {
  const std::string path = std::string(STK_TESTS_DIR) + "/golden/" + name;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("no golden file " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace stackscaler::test
