// SPDX-License-Identifier: Apache-2.0
#include "tool.hpp"

#include <gtest/gtest.h>

namespace stackscaler::tool {
namespace {

TEST(ListenTest, IsAnAddressAndAPort) {
  const auto listen = parse_listen("127.0.0.1:9100");

  ASSERT_TRUE(listen);
  EXPECT_EQ(listen->host, "127.0.0.1");
  EXPECT_EQ(listen->port, 9100);
  EXPECT_TRUE(parse_listen("::1:0"));
}

TEST(ListenTest, RefusesTheRest) {
  for (const char* const text : {"", "9100", ":9100", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1"}) {
    EXPECT_FALSE(parse_listen(text)) << text;
  }
}

}  // namespace
}  // namespace stackscaler::tool
