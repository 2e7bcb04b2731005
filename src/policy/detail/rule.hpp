// SPDX-License-Identifier: Apache-2.0
//
// Rule: the place in the sources that says a problem of a document.
//
// In the program it is nothing. One test compiles this component a second time with STK_POLICY_RULES: there each place
// can be switched off, and the test shows that some golden case then reads differently
// (tests/unit/policy/rules_test.cpp). A function that says problems on behalf of its caller takes a Rule too and keeps
// it in a RuleScope: then the field that is checked is a place of its own beside the check.
#pragma once

#ifdef STK_POLICY_RULES
#include <source_location>
#endif

namespace stackscaler::policy::detail {

#ifdef STK_POLICY_RULES

using Rule = std::source_location;

// Whether the place and those in scope are on. The test defines these.
[[nodiscard]] bool is_on(const Rule& rule);
class RuleScope {
 public:
  explicit RuleScope(const Rule& rule);
  ~RuleScope();
  RuleScope(const RuleScope&) = delete;
  RuleScope& operator=(const RuleScope&) = delete;
};

#else

struct Rule {
  [[nodiscard]] static constexpr Rule current() { return {}; }
};
[[nodiscard]] constexpr bool is_on(Rule /*rule*/) {
  return true;
}
class [[maybe_unused]] RuleScope {
 public:
  explicit constexpr RuleScope(Rule /*rule*/) {}
  RuleScope(const RuleScope&) = delete;
  RuleScope& operator=(const RuleScope&) = delete;
};

#endif

}  // namespace stackscaler::policy::detail
