// SPDX-License-Identifier: Apache-2.0
#include "policy/types.hpp"

#include <algorithm>

namespace stackscaler::policy {

std::string_view to_string(AdvisorType type) {
  switch (type) {
    case AdvisorType::rules: return "rules";
    case AdvisorType::forecast: return "forecast";
    case AdvisorType::gemini: return "gemini";
    case AdvisorType::openai: return "openai";
  }
  return "rules";
}

int step_size(const Step& step, int current) {
  if (!step.percent) return step.value;
  const auto share = (static_cast<long long>(step.value) * current + 99) / 100;
  return static_cast<int>(std::max(1LL, share));
}

int limit_size(const Step& step, int current) {
  if (!step.percent) return step.value;
  const auto share = static_cast<long long>(step.value) * current / 100;
  return static_cast<int>(std::max(1LL, share));
}

}  // namespace stackscaler::policy
