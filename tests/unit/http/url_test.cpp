// SPDX-License-Identifier: Apache-2.0
#include "http/url.hpp"

#include <gtest/gtest.h>

namespace stackscaler::http {
namespace {

struct GoodUrl {
  std::string text;
  std::string host;
  std::uint16_t port;
  std::string path;
  std::string query;
  std::string authority;
};

class GoodUrlTest : public testing::TestWithParam<GoodUrl> {};

TEST_P(GoodUrlTest, GivesItsParts) {
  const auto url = parse_url(GetParam().text);

  ASSERT_TRUE(url) << url.error().message();
  EXPECT_EQ(url->host, GetParam().host);
  EXPECT_EQ(url->port, GetParam().port);
  EXPECT_EQ(url->path, GetParam().path);
  EXPECT_EQ(url->query, GetParam().query);
  EXPECT_EQ(url->authority(), GetParam().authority);
}

INSTANTIATE_TEST_SUITE_P(
    Url, GoodUrlTest,
    testing::Values(GoodUrl{"http://mimir", "mimir", 80, "/", "", "mimir:80"},
                    GoodUrl{"http://mimir:9009/prometheus", "mimir", 9009, "/prometheus", "", "mimir:9009"},
                    GoodUrl{"http://127.0.0.1:1/a/b?x=1&y=%20", "127.0.0.1", 1, "/a/b", "x=1&y=%20", "127.0.0.1:1"},
                    GoodUrl{"http://h?x=1", "h", 80, "/", "x=1", "h:80"},
                    GoodUrl{"http://[::1]:9090/", "::1", 9090, "/", "", "[::1]:9090"},
                    GoodUrl{"http://[fe80::1]", "fe80::1", 80, "/", "", "[fe80::1]:80"}));

struct BadUrl {
  std::string text;
  std::string why;
};

class BadUrlTest : public testing::TestWithParam<BadUrl> {};

TEST_P(BadUrlTest, IsRefusedWithItsReason) {
  const auto url = parse_url(GetParam().text);

  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().kind(), ErrorKind::invalid_input);
  EXPECT_NE(url.error().message().find(GetParam().why), std::string::npos) << url.error().message();
}

INSTANTIATE_TEST_SUITE_P(Url, BadUrlTest,
                         testing::Values(BadUrl{"ftp://h/", "http://"}, BadUrl{"", "http://"},
                                         BadUrl{"http://", "host"}, BadUrl{"http://:80/", "host"},
                                         BadUrl{"http://a b/", "space"}, BadUrl{"http://h/\r\nX: y", "control"},
                                         BadUrl{"http://h:0/", "port"}, BadUrl{"http://h:65536/", "port"},
                                         BadUrl{"http://h:8x/", "port"}, BadUrl{"http://h/#top", "fragment"},
                                         BadUrl{"http://[::1/", "host"}, BadUrl{"http://[::1]x/", "host"},
                                         BadUrl{"http://h/" + std::string(70000, 'a'), "longer"}));

TEST(UrlTest, NeverRepeatsAPasswordThatItRefuses) {
  const auto url = parse_url("http://user:hunter2@h/");

  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message().find("hunter2"), std::string::npos);
  EXPECT_NE(url.error().message().find("password is refused"), std::string::npos);
}

TEST(UrlTest, NorOneThatStandsWhereItDoesNotBelong) {
  for (const char* text : {"http://user:hunter2/x@h/", "htp://user:hunter2@h/", "https://user:hunter2@h/#top"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().message().find("hunter2"), std::string::npos) << url.error().message();
  }
}

TEST(UrlTest, HttpsHasItsOwnPortAndShows) {
  const auto url = parse_url("https://mimir/prometheus?x=1");

  ASSERT_TRUE(url);
  EXPECT_TRUE(url->secure);
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->display(), "https://mimir:443/prometheus");
}

TEST(PercentTest, EncodesAllButTheUnreservedAndComesBack) {
  const std::string query = "sum(rate(x{a=\"b c\"}[2m])) + 1 % 2 ~ é";

  const std::string encoded = percent_encode(query);

  EXPECT_EQ(percent_encode("a-b_c.d~E1"), "a-b_c.d~E1");
  EXPECT_EQ(percent_encode("a b+c&d"), "a%20b%2Bc%26d");
  EXPECT_EQ(percent_decode(encoded), query);
}

TEST(PercentTest, FindsADecodedParameter) {
  EXPECT_EQ(query_parameter("a=1&query=up%20%3D%3D+1&b", "query"), "up == 1");
  EXPECT_EQ(query_parameter("a=1&b", "b"), "");
  EXPECT_EQ(query_parameter("aquery=1", "query"), "");
  EXPECT_EQ(percent_decode("100%"), "100%");
}

}  // namespace
}  // namespace stackscaler::http
