// SPDX-License-Identifier: Apache-2.0
//
// The client: errors, retries, fairness, and the small things built on it.
#include "kube/client.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "kube/objects.hpp"
#include "kube/secret_data.hpp"
#include "support/temp_dir.hpp"
#include "unit/kube/harness.hpp"

namespace stackscaler::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Json = nlohmann::json;
using test::Fault;
using test::run;

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

const std::string kMaps = "/api/v1/namespaces/ns/configmaps";

Request get_of(const std::string& name) {
  return Request(http::Method::get, kMaps + "/" + name);
}

Request put_of(const std::string& name, const std::string& body) {
  Request request(http::Method::put, kMaps + "/" + name);
  request.body = body;
  return request;
}

asio::awaitable<void> keep(Client* client, Request request, std::optional<Result<Answer>>* out) {
  auto answer = co_await client->send(std::move(request));
  out->emplace(std::move(answer));
}

TEST(StatusTest, MapsEachStatusToWhatTheCallerShouldDo) {
  const auto kind = [](int status) { return status_error(status, "{}", "GET /x").kind(); };

  for (const int status : {400, 405, 413, 415, 422}) EXPECT_EQ(kind(status), ErrorKind::invalid_input) << status;
  for (const int status : {401, 403}) EXPECT_EQ(kind(status), ErrorKind::unauthorized) << status;
  for (const int status : {409, 410}) EXPECT_EQ(kind(status), ErrorKind::conflict) << status;
  for (const int status : {0, 302, 408, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(kind(status), ErrorKind::unavailable) << status;
  }
  EXPECT_EQ(kind(404), ErrorKind::not_found);
  EXPECT_EQ(status_error(410, "", "GET /x").reason(), kExpired);
}

TEST(StatusTest, KeepsTheServersSentenceAndReasonAsOneBoundedLine) {
  const Error invalid = status_error(
      422, R"({"kind":"Status","reason":"Invalid","message":"spec.min: Invalid value: 9:\n must be at most max"})",
      "PUT /x");
  const Error html = status_error(502, "<html>\r\n" + std::string(5000, 'x'), "GET /x");

  EXPECT_EQ(invalid.message(), "PUT /x: spec.min: Invalid value: 9:  must be at most max (422)");
  EXPECT_EQ(invalid.reason(), "Invalid");
  EXPECT_LT(html.message().size(), 1100U);
  EXPECT_EQ(html.message().find('\n'), std::string::npos);
}

TEST(KubeClientTest, SendsTheTokenAndGivesTheBody) {
  test::Harness h;
  h.api.put(kMaps + "/a", Json::object());

  const auto answer = run(h.io, h.client.send(get_of("a")));

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(Json::parse(answer->body)["metadata"]["name"], "a");
  EXPECT_EQ(h.api.requests().front().headers.get("Authorization"), "Bearer s3cret-token");
}

TEST(KubeClientTest, AGetIsSentAgainAfterAnyFailureOfTheServer) {
  test::Harness h;
  h.api.put(kMaps + "/a", Json::object());
  for (const Fault fault : {Fault::broken, Fault::drop, Fault::cut, Fault::busy}) h.api.fail_next(fault);

  const auto answer = run(h.io, h.client.send(get_of("a")));

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(h.api.requests().size(), 5U);
  // A request on a kept connection that turns out closed is sent once more by the connection's own client.
  EXPECT_EQ(h.client.stats().retries + h.http.stats().retries, 4U);
}

TEST(KubeClientTest, AWriteIsSentAgainOnlyWhenTheServerSaidThatItDidNothing) {
  test::Harness h;
  h.api.put(kMaps + "/a", Json::object());
  h.api.fail_next(Fault::busy);
  const auto after_busy = run(h.io, h.client.send(put_of("a", "{}")));
  h.api.fail_next(Fault::broken);
  const auto after_broken = run(h.io, h.client.send(put_of("a", "{}")));
  h.api.fail_next(Fault::drop);
  const auto after_drop = run(h.io, h.client.send(put_of("a", "{}")));

  EXPECT_TRUE(after_busy);
  ASSERT_FALSE(after_broken);
  EXPECT_EQ(after_broken.error().kind(), ErrorKind::unavailable);
  ASSERT_FALSE(after_drop);
  EXPECT_EQ(after_drop.error().kind(), ErrorKind::unavailable);
  EXPECT_EQ(h.api.requests_of(http::Method::put, kMaps + "/a"), 4);
}

TEST(KubeClientTest, RetryAfterIsKeptAndHoldsBackItsKindOfRequests) {
  test::Harness h(true);
  h.api.put(kMaps + "/a", Json::object());
  h.api.retry_after(7);
  h.api.fail_next(Fault::busy);
  std::optional<Result<Answer>> first;
  std::optional<Result<Answer>> second;
  TaskGroup group(h.io.get_executor(), h.log);

  group.spawn("first", keep(&h.client, get_of("a"), &first));
  h.until([&] { return h.fake.sleepers() == 1; });
  group.spawn("second", keep(&h.client, get_of("a"), &second));
  h.until([&] { return h.fake.sleepers() == 2; });
  h.fake.advance(6900ms);
  const std::size_t before = h.api.requests().size();
  h.fake.advance(1s);
  h.until([&] { return first && second; });

  EXPECT_EQ(before, 1U);
  EXPECT_TRUE(*first);
  EXPECT_TRUE(*second);
  h.stop(group);
}

TEST(KubeClientTest, ARequestThatWouldHaveToWaitBeyondItsDeadlineFailsAtOnce) {
  test::Harness h(true);
  h.api.retry_after(60);
  h.api.fail_next(Fault::busy);

  const auto answer = run(h.io, h.client.send(get_of("a")));
  const auto next = run(h.io, h.client.send(get_of("a")));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::unavailable);
  ASSERT_FALSE(next);
  EXPECT_SAYS(next.error().message(), "would have to wait");
  EXPECT_EQ(h.api.requests().size(), 1U);
}

TEST(KubeClientTest, ASilentServerIsATimeout) {
  test::Harness h;
  h.api.fail_next(Fault::silent);
  Request request = get_of("a");
  request.deadline = 50ms;

  const auto answer = run(h.io, h.client.send(std::move(request)));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::timeout);
}

TEST(KubeClientTest, AnUnauthorizedTokenFileIsReadAgainOnceAndTheSecretIsInNoError) {
  test::Harness h;
  const stackscaler::test::TempDir dir;
  std::ofstream(dir / "token") << "hunter2-old";
  ClusterConfig config(h.api.url());
  config.token_file = (dir / "token").string();
  Credentials credentials(h.io.get_executor(), std::move(config), h.clock, h.pool);
  Client client(h.io.get_executor(), h.http, credentials, h.clock, h.random, test::quick());
  h.api.put(kMaps + "/a", Json::object());
  static_cast<void>(run(h.io, client.send(get_of("a"))));
  std::ofstream(dir / "token") << "hunter2-new";

  h.api.fail_next(Fault::unauthorized);
  const auto renewed = run(h.io, client.send(put_of("a", "{}")));
  h.api.fail_next(Fault::unauthorized);
  h.api.fail_next(Fault::unauthorized);
  const auto refused = run(h.io, client.send(get_of("a")));

  EXPECT_TRUE(renewed);
  EXPECT_EQ(h.api.requests().at(2).headers.get("Authorization"), "Bearer hunter2-new");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::unauthorized);
  EXPECT_EQ(refused.error().message().find("hunter2"), std::string::npos);
}

TEST(KubeClientTest, AFloodOfWritesDelaysNeitherReadsNorTheLease) {
  ClientOptions options = test::quick();
  options.write_places = 3;
  test::Harness h(false, options);
  h.api.put(kMaps + "/a", Json::object());
  h.api.put("/apis/coordination.k8s.io/v1/namespaces/ns/leases/l", Json::object());
  h.api.put("/api/v1/namespaces/ns/secrets/s", Json::object());
  h.api.hold(kMaps);
  std::vector<std::optional<Result<Answer>>> writes(50);
  TaskGroup group(h.io.get_executor(), h.log);
  for (auto& out : writes) group.spawn("write", keep(&h.client, put_of("a", "{}"), &out));
  h.until([&] { return h.api.holding() == 3; });

  Request lease(http::Method::put, "/apis/coordination.k8s.io/v1/namespaces/ns/leases/l");
  lease.body = "{}";
  lease.priority = Priority::lease;
  const auto renewed = run(h.io, h.client.send(std::move(lease)));
  const auto read = run(h.io, h.client.send(Request(http::Method::get, "/api/v1/namespaces/ns/secrets/s")));
  const int holding = h.api.holding();
  h.api.release();
  h.until([&] { return group.size() == 0; });

  EXPECT_TRUE(renewed);
  EXPECT_TRUE(read);
  EXPECT_EQ(holding, 3) << "as many writes at once as there are places";
  for (const auto& out : writes) EXPECT_TRUE(out && *out);
}

TEST(KubeClientTest, WritesBeyondTheBurstAreSpreadOut) {
  ClientOptions options = test::quick();
  options.writes_per_second = 10;
  options.write_burst = 5;
  test::Harness h(true, options);
  h.api.put(kMaps + "/a", Json::object());
  std::vector<std::optional<Result<Answer>>> writes(8);
  TaskGroup group(h.io.get_executor(), h.log);
  for (auto& out : writes) group.spawn("write", keep(&h.client, put_of("a", "{}"), &out));
  h.until([&] { return h.api.requests().size() == 5 && group.size() == 3; });

  h.fake.advance(100ms);
  h.until([&] { return group.size() == 2; });
  h.fake.advance(200ms);
  h.until([&] { return group.size() == 0; });

  EXPECT_EQ(h.api.requests().size(), 8U);
}

TEST(KubeClientTest, AWaitForAPlaceEndsWithItsDeadlineAndWithCancellation) {
  ClientOptions options = test::quick();
  options.write_places = 1;
  test::Harness h(true, options);
  h.api.put(kMaps + "/a", Json::object());
  h.api.hold(kMaps);
  std::optional<Result<Answer>> first;
  std::optional<Result<Answer>> late;
  std::optional<Result<Answer>> stopped;
  TaskGroup group(h.io.get_executor(), h.log);
  TaskGroup other(h.io.get_executor(), h.log);
  group.spawn("first", keep(&h.client, put_of("a", "{}"), &first));
  h.until([&] { return h.api.holding() == 1; });
  Request impatient = put_of("a", "{}");
  impatient.deadline = 1s;
  group.spawn("late", keep(&h.client, std::move(impatient), &late));
  other.spawn("stopped", keep(&h.client, put_of("a", "{}"), &stopped));
  h.until([&] { return h.fake.sleepers() == 2; });

  h.fake.advance(1s);
  h.until([&] { return late.has_value(); });
  h.stop(other);
  h.api.release();
  h.until([&] { return first.has_value(); });

  ASSERT_FALSE(*late);
  EXPECT_EQ(late->error().kind(), ErrorKind::timeout);
  ASSERT_FALSE(*stopped);
  EXPECT_EQ(stopped->error().kind(), ErrorKind::cancelled);
  EXPECT_TRUE(*first);
  h.stop(group);
}

TEST(KubeClientTest, AStreamThatIsRefusedGivesTheServersError) {
  test::Harness h;
  h.api.fail_next(Fault::gone);
  auto open = [](Client* client) -> asio::awaitable<Result<int>> {
    auto stream = co_await client->stream(kMaps, "watch=1&resourceVersion=5", http::StreamLimits());
    if (!stream) co_return fail(stream.error());
    co_return stream->status();
  };

  const auto gone = run(h.io, open(&h.client));

  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().reason(), kExpired);
  EXPECT_SAYS(gone.error().message(), "too old resource version");
}

TEST(ObjectsTest, PathsAndContentTypesAreThoseOfTheApi) {
  test::Harness h;
  Resource policies;
  policies.group = "stackscaler.dev";
  policies.version = "v1alpha1";
  policies.plural = "scalingpolicies";
  const std::string base = "/apis/stackscaler.dev/v1alpha1/namespaces/ns/scalingpolicies";
  h.api.put(base + "/web/status", Json::object());
  ObjectPath path(policies, "ns", "web", "status");

  const auto applied = run(h.io, apply(h.client, path, R"({"status":{"current":3}})", "stackscaler status", true));
  const auto patched = run(h.io, merge_patch(h.client, path, R"({"status":{"current":4}})", "m"));

  ASSERT_TRUE(applied) << applied.error().message();
  ASSERT_TRUE(patched) << patched.error().message();
  const auto& first = h.api.requests().at(0);
  EXPECT_EQ(first.method, http::Method::patch);
  EXPECT_EQ(first.path, base + "/web/status");
  EXPECT_EQ(first.query, "fieldManager=stackscaler%20status&force=true");
  EXPECT_EQ(first.headers.get("Content-Type"), "application/apply-patch+yaml");
  EXPECT_EQ(h.api.requests().at(1).headers.get("Content-Type"), "application/merge-patch+json");
  EXPECT_EQ(Json::parse(patched->json)["status"]["current"], 4);
  EXPECT_EQ(policies.path("", ""), "/apis/stackscaler.dev/v1alpha1/scalingpolicies");
  EXPECT_EQ(policies.path("a/b", "c?d"), "/apis/stackscaler.dev/v1alpha1/namespaces/a%2Fb/scalingpolicies/c%3Fd");
}

TEST(ObjectsTest, CreatesReplacesGuardedByTheVersionAndRemoves) {
  test::Harness h;
  const ObjectPath path(test::config_maps(), "ns", "a");

  const auto made = run(h.io, create(h.client, path, R"({"metadata":{"name":"a"}})"));
  ASSERT_TRUE(made) << made.error().message();
  h.api.put(kMaps + "/a", Json::object());
  const auto stale = run(h.io, replace(h.client, path, made->json));
  const auto gone = run(h.io, remove(h.client, path, DeleteOptions()));
  const auto missing = run(h.io, get(h.client, path));

  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().kind(), ErrorKind::conflict);
  EXPECT_EQ(stale.error().reason(), "Conflict");
  EXPECT_TRUE(gone);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::not_found);
}

TEST(SecretDataTest, ReadsOneKeyByGetOfThatNameOnly) {
  test::Harness h;
  h.api.put("/api/v1/namespaces/ns/secrets/s", Json{{"data", {{"key", "aHVudGVyMg=="}, {"bad", "*hunter2*"}}}});
  const auto read = [&](const std::string& name, const std::string& key, std::size_t limit = 100) {
    return run(h.io, read_secret_key(h.client, SecretKey("ns", name, key), limit));
  };

  const auto good = read("s", "key");
  const auto bad = read("s", "bad");
  const auto large = read("s", "key", 3);
  const auto no_key = read("s", "other");
  const auto no_secret = read("t", "key");

  ASSERT_TRUE(good) << good.error().message();
  EXPECT_EQ(good->reveal(), "hunter2");
  ASSERT_FALSE(bad || large || no_key || no_secret);
  EXPECT_EQ(bad.error().message(), "Secret ns/s: key 'bad' is no base64");
  EXPECT_EQ(large.error().message(), "Secret ns/s: key 'key' is larger than 3 bytes");
  EXPECT_EQ(no_key.error().kind(), ErrorKind::not_found);
  EXPECT_EQ(no_secret.error().kind(), ErrorKind::not_found);
  for (const auto& request : h.api.requests()) {
    EXPECT_EQ(request.method, http::Method::get);
    EXPECT_TRUE(request.path.starts_with("/api/v1/namespaces/ns/secrets/")) << request.path;
  }
}

TEST(SecretDataTest, ANameThatWouldLeadElsewhereIsNeverSent) {
  test::Harness h;

  for (const char* name : {"..", ".", "a/b", "a%2Fb", "", "../configmaps/x"}) {
    const auto got = run(h.io, read_secret_key(h.client, SecretKey("ns", name, "key")));
    ASSERT_FALSE(got) << name;
    EXPECT_EQ(got.error().kind(), ErrorKind::invalid_input) << name;
  }

  EXPECT_TRUE(h.api.requests().empty());
}

TEST(SecretDataTest, ReadsAnAnnotationOfAConfigMap) {
  test::Harness h;
  h.api.put(kMaps + "/pause", Json{{"metadata", {{"annotations", {{"stackscaler.dev/pause", "true"}}}}}});

  const auto there = run(h.io, read_config_map_annotation(h.client, "ns", "pause", "stackscaler.dev/pause"));
  const auto unset = run(h.io, read_config_map_annotation(h.client, "ns", "pause", "other"));
  const auto missing = run(h.io, read_config_map_annotation(h.client, "ns", "none", "other"));

  ASSERT_TRUE(there);
  EXPECT_EQ(*there, "true");
  ASSERT_TRUE(unset);
  EXPECT_FALSE(unset->has_value());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::not_found);
}

}  // namespace
}  // namespace stackscaler::kube
