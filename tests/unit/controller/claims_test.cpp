// SPDX-License-Identifier: Apache-2.0
#include "controller/claims.hpp"

#include <gtest/gtest.h>

#include "policy/implicit.hpp"

namespace stackscaler::controller {
namespace {

policy::PolicyKey key(std::string name) {
  policy::PolicyKey k;
  k.name = std::move(name);
  return k;
}

TEST(ClaimsTest, TheFirstByOriginManagesWhateverTheOrderOfClaims) {
  Claims claims;
  claims.claim("id:web", key("second"), "policies/b.yaml");
  EXPECT_FALSE(claims.managed_by_other(key("second")));

  claims.claim("id:web", key("first"), "policies/a.yaml");

  EXPECT_FALSE(claims.managed_by_other(key("first")));
  EXPECT_EQ(claims.managed_by_other(key("second")), key("first"));
}

TEST(ClaimsTest, AStackKnownUnderTwoNamesHasOneManager) {
  Claims claims;
  claims.claim("id:web", key("by-id"), "policies/b.yaml");
  claims.claim("path:/stacks/web", key("by-path"), "policies/a.yaml");
  claims.claim("identity:x", key("by-id"), "policies/b.yaml");
  claims.claim("identity:x", key("by-path"), "policies/a.yaml");

  EXPECT_EQ(claims.managed_by_other(key("by-id")), key("by-path"));
  EXPECT_FALSE(claims.managed_by_other(key("by-path")));
}

TEST(ClaimsTest, AReleasedClaimPassesTheStackOn) {
  Claims claims;
  claims.claim("id:web", key("first"), "policies/a.yaml");
  claims.claim("id:web", key("second"), "policies/b.yaml");

  claims.release(key("first"));

  EXPECT_FALSE(claims.managed_by_other(key("second")));
}

TEST(ClaimsTest, TheOneThatTheJournalShowsComesBeforeTheFirstByPath) {
  Claims claims;
  claims.claim("id:web", key("a"), "policies/a.yaml");
  claims.claim("id:web", key("b"), "policies/b.yaml");
  claims.claim("identity:x", key("a"), "policies/a.yaml");
  EXPECT_FALSE(claims.knows_manager("identity:x"));

  claims.set_manager("identity:x", key("b"));

  EXPECT_TRUE(claims.knows_manager("identity:x"));
  EXPECT_EQ(claims.managed_by_other(key("a")), key("b"));
  EXPECT_FALSE(claims.managed_by_other(key("b")));
}

TEST(ClaimsTest, AManagerThatIsGoneHoldsNobodyUp) {
  Claims claims;
  claims.claim("id:web", key("a"), "policies/a.yaml");
  claims.claim("identity:x", key("a"), "policies/a.yaml");
  claims.set_manager("identity:x", key("gone"));

  EXPECT_FALSE(claims.managed_by_other(key("a")));
}

TEST(ClaimsTest, ItDoesNotGetItsStackBackFromTheOneThatTookOver) {
  Claims claims;
  claims.claim("identity:x", key("b"), "policies/b.yaml");
  claims.confirm("identity:x", key("b"));

  claims.claim("identity:x", key("a"), "policies/a.yaml");

  EXPECT_EQ(claims.managed_by_other(key("a")), key("b"));
  EXPECT_FALSE(claims.managed_by_other(key("b")));
}

TEST(ClaimsTest, AManagerThatNamesItsStackInAnotherWayIsWaitedForUntilItsStateWasRead) {
  Claims claims;
  claims.claim("id:web|default", key("a"), "policies/a.yaml");
  claims.claim("path:/stacks/web|default", key("b"), "policies/b.yaml");
  claims.claim("identity:x", key("a"), "policies/a.yaml");
  claims.set_manager("identity:x", key("b"));
  EXPECT_EQ(claims.managed_by_other(key("a")), key("b"));

  claims.claim("identity:another", key("b"), "policies/b.yaml");

  EXPECT_FALSE(claims.managed_by_other(key("a")));
}

TEST(ClaimsTest, AManagerThatNamesAnotherStackByNowIsNotWaitedFor) {
  Claims claims;
  claims.claim("id:web|default", key("a"), "policies/a.yaml");
  claims.claim("id:api|default", key("b"), "policies/b.yaml");
  claims.claim("identity:x", key("a"), "policies/a.yaml");
  claims.set_manager("identity:x", key("b"));

  EXPECT_FALSE(claims.managed_by_other(key("a")));
}

TEST(ClaimsTest, AWrittenPolicyComesBeforeAnImplicitOneWhateverTheJournalShows) {
  Claims claims;
  const policy::PolicyKey implicit{std::string(policy::kImplicitNamespace), "web"};
  claims.claim("identity:x", implicit, "a");
  claims.set_manager("identity:x", implicit);

  claims.claim("identity:x", key("z"), "policies/z.yaml");

  EXPECT_EQ(claims.managed_by_other(implicit), key("z"));
  EXPECT_FALSE(claims.managed_by_other(key("z")));
}

}  // namespace
}  // namespace stackscaler::controller
