// SPDX-License-Identifier: Apache-2.0
#include "api/access.hpp"

#include <gtest/gtest.h>

#include "api/idempotency.hpp"

namespace stackscaler::api {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kNow{std::chrono::hours(1)};

http::IncomingRequest request(const std::string& host, const std::string& token = "") {
  http::IncomingRequest out(http::Method::post, "/api/v1/pause", "");
  out.peer = "127.0.0.1";
  if (!host.empty()) out.headers.add("Host", host);
  if (!token.empty()) out.headers.add("Authorization", token);
  return out;
}

AccessSettings settings(int changes_per_minute = 0) {
  AccessSettings out;
  out.token = Secret("0123456789abcdef");
  out.hosts = {"scaler.example"};
  out.changes_per_minute = changes_per_minute;
  return out;
}

struct HostCase {
  std::string name;
  std::string host;
  int status;  // 0: let in
};

class HostTest : public testing::TestWithParam<HostCase> {};

TEST_P(HostTest, IsLetInWhenItIsAnAddressLocalhostOrAllowed) {
  const Access access(settings());

  const auto refused = access.check_host(request(GetParam().host));

  EXPECT_EQ(refused ? refused->status : 0, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    Access, HostTest,
    testing::Values(HostCase{"Address", "127.0.0.1:8008", 0}, HostCase{"Address6", "[::1]:8008", 0},
                    HostCase{"Localhost", "LocalHost", 0}, HostCase{"Allowed", "Scaler.Example:443", 0},
                    HostCase{"Rebound", "evil.example:8008", 403}, HostCase{"Suffix", "x.scaler.example", 403},
                    HostCase{"Lookalike", "127.0.0.1.evil.example", 403}, HostCase{"None", "", 400},
                    HostCase{"Port", "127.0.0.1:port", 400}, HostCase{"Broken6", "[::1", 400},
                    HostCase{"Userinfo", "localhost@evil.example", 403}),
    [](const auto& one) { return one.param.name; });

TEST(AccessTest, TwoHostsAreRefused) {
  auto twice = request("localhost");
  twice.headers.add("host", "evil.example");

  EXPECT_EQ(Access(settings()).check_host(twice)->status, 400);
}

TEST(AccessTest, OnlyTheRightTokenMayChangeSomething) {
  Access access(settings());

  EXPECT_EQ(access.check_change(request("localhost"), kNow)->status, 401);
  EXPECT_EQ(access.check_change(request("localhost", "Bearer 0123456789abcdeg"), kNow)->status, 401);
  EXPECT_EQ(access.check_change(request("localhost", "Bearer 0123456789abcde"), kNow)->status, 401);
  EXPECT_EQ(access.check_change(request("localhost", "Bearer 0123456789abcdef0"), kNow)->status, 401);
  EXPECT_EQ(access.check_change(request("localhost", "Bearer "), kNow)->status, 401);
  EXPECT_EQ(access.check_change(request("localhost", "Basic 0123456789abcdef"), kNow)->status, 401);
  EXPECT_FALSE(access.check_change(request("localhost", "bearer 0123456789abcdef"), kNow));
}

TEST(AccessTest, WithoutAConfiguredTokenNobodyMayChangeAnything) {
  Access access(AccessSettings{});

  EXPECT_EQ(access.check_change(request("localhost"), kNow)->status, 403);
  EXPECT_EQ(access.check_change(request("localhost", "Bearer x"), kNow)->status, 403);
  EXPECT_EQ(access.check_change(request("localhost", "Bearer "), kNow)->status, 403);
}

struct OriginCase {
  std::string name;
  std::string header;
  std::string value;
  int status;
};

class OriginTest : public testing::TestWithParam<OriginCase> {};

TEST_P(OriginTest, MustBeTheServersOwn) {
  Access access(settings());
  auto asked = request("localhost:8008", "Bearer 0123456789abcdef");
  asked.headers.add(GetParam().header, GetParam().value);

  const auto refused = access.check_change(asked, kNow);

  EXPECT_EQ(refused ? refused->status : 0, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(Access, OriginTest,
                         testing::Values(OriginCase{"Own", "Origin", "http://localhost:8008", 0},
                                         OriginCase{"OtherPort", "Origin", "http://localhost:9999", 403},
                                         OriginCase{"OtherSite", "Origin", "https://evil.example", 403},
                                         OriginCase{"Null", "Origin", "null", 403},
                                         OriginCase{"Empty", "Origin", "", 403},
                                         OriginCase{"CrossSite", "Sec-Fetch-Site", "cross-site", 403},
                                         OriginCase{"SameSite", "Sec-Fetch-Site", "same-site", 403},
                                         OriginCase{"SameOrigin", "Sec-Fetch-Site", "same-origin", 0}),
                         [](const auto& one) { return one.param.name; });

TEST(AccessTest, AClientThatChangesTooOftenHasToWaitAndOthersDoNot) {
  Access access(settings(2));
  const auto asked = request("localhost", "Bearer 0123456789abcdef");
  auto other = asked;
  other.peer = "127.0.0.2";

  EXPECT_FALSE(access.check_change(asked, kNow));
  EXPECT_FALSE(access.check_change(asked, kNow));
  const auto refused = access.check_change(asked, kNow);

  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(refused->headers.get("retry-after"), "30");
  EXPECT_FALSE(access.check_change(other, kNow));
  EXPECT_FALSE(access.check_change(asked, kNow + 30s));
}

TEST(AccessTest, GuessesOfTheTokenAreCountedToo) {
  Access access(settings(2));
  const auto guess = request("localhost", "Bearer no");
  (void)access.check_change(guess, kNow);
  (void)access.check_change(guess, kNow);

  EXPECT_EQ(access.check_change(guess, kNow)->status, 429);
}

TEST(IdempotencyTest, TheSameRequestGetsTheFirstAnswerAgain) {
  Idempotency keys;

  EXPECT_FALSE(keys.begin("k", "digest", kNow));
  EXPECT_EQ(keys.begin("k", "digest", kNow)->status, 409) << "still being answered";
  keys.finish("k", http::Response(202, "application/json", "{}"));
  const auto again = keys.begin("k", "digest", kNow + 1h);

  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 202);
  EXPECT_EQ(again->body, "{}");
  EXPECT_EQ(again->headers.get("idempotency-replayed"), "true");
}

TEST(IdempotencyTest, AnotherRequestWithTheKeyIsRefused) {
  Idempotency keys;
  EXPECT_FALSE(keys.begin("k", "digest", kNow));

  EXPECT_EQ(keys.begin("k", "other", kNow)->status, 422);
}

TEST(IdempotencyTest, AfterADayAndWhenItCameToNothingItIsNew) {
  Idempotency keys;
  EXPECT_FALSE(keys.begin("k", "digest", kNow));
  keys.forget("k");
  EXPECT_FALSE(keys.begin("k", "other", kNow));
  keys.finish("k", http::Response(200));

  EXPECT_FALSE(keys.begin("k", "third", kNow + 25h));
}

TEST(IdempotencyTest, TheOldestGoesWhenThereAreTooMany) {
  Idempotency keys;
  for (std::size_t i = 0; i <= Idempotency::kKeys; ++i) {
    EXPECT_FALSE(keys.begin("k" + std::to_string(i), "digest", kNow));
  }

  EXPECT_FALSE(keys.begin("k0", "other", kNow));
  EXPECT_EQ(keys.begin("k1000", "other", kNow)->status, 422);
}

}  // namespace
}  // namespace stackscaler::api
