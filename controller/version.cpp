// SPDX-License-Identifier: Apache-2.0
#include "controller/version.hpp"

namespace stackscaler::controller {

const char* version() {
  return STACKSCALER_VERSION;
}

}  // namespace stackscaler::controller
