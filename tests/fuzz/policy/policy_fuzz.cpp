// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a policy file: parsing ends without a fault, and a status that can be written changes nothing else.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/parse.hpp"
#include "policy/status_yaml.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stackscaler;
  const std::string text(data, data + size);
  const std::string_view block = "status:\n  observedGeneration: 1\n  specDigest: \"0a\"\n";
  const policy::Defaults defaults;
  const policy::ParsedFile parsed = policy::parse_policies(text, "in.yaml", "/policies", defaults);
  for (const policy::Diagnostic& problem : parsed.problems) {
    require(problem.line >= 1 && problem.column >= 1 && !problem.message.empty());
  }
  for (std::size_t index = 0; index < 4; ++index) {
    const auto edited = policy::replace_status(text, index, block);
    if (!edited) continue;
    const auto again = policy::replace_status(*edited, index, block);
    require(again && *again == *edited);
    const policy::ParsedFile after = policy::parse_policies(*edited, "in.yaml", "/policies", defaults);
    require(after.policies.size() == parsed.policies.size() && after.problems.size() == parsed.problems.size());
    for (std::size_t i = 0; i < after.policies.size(); ++i) {
      require(after.policies[i].policy.key == parsed.policies[i].policy.key);
      require(after.policies[i].policy.spec_digest == parsed.policies[i].policy.spec_digest);
    }
  }
  return 0;
}
