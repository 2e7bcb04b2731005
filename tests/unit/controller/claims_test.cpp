// SPDX-License-Identifier: Apache-2.0
#include "controller/claims.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace stackscaler::controller
