// SPDX-License-Identifier: Apache-2.0
#include "api/api.hpp"

#include <gtest/gtest.h>

#include "unit/api/fakes.hpp"

namespace stackscaler::api {
namespace {

std::string problem_type(const Rig::Answer& answer) {
  EXPECT_EQ(answer.headers.get("content-type"), "application/problem+json");
  const std::string type = answer.parsed().value("type", "");
  return type.substr(type.rfind('/') + 1);
}

TEST(ApiTest, AScaleIsOrderedAndItsOperationNamed) {
  Rig rig;
  rig.actions.change->status = ChangeView::Status::running;
  rig.actions.change->operation = "0f1e";
  rig.actions.change->from = 1;
  rig.actions.change->to = 2;

  const auto answer =
      rig.post("/scaling/stack/scale?wait=30s", R"({"stack_id":"web","instance_count":2,"reason":"launch"})");

  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.headers.get("location"), "/api/v1/operations/0f1e");
  EXPECT_EQ(answer.parsed()["old_count"], 1);
  EXPECT_EQ(answer.parsed()["new_count"], 2);
  ASSERT_EQ(rig.actions.scaled.size(), 1U);
  EXPECT_EQ(rig.actions.scaled[0].stack, "web");
  EXPECT_EQ(rig.actions.scaled[0].count, 2);
  EXPECT_EQ(rig.actions.scaled[0].reason, "launch");
  EXPECT_FALSE(rig.actions.scaled[0].force);
  EXPECT_EQ(rig.actions.scaled[0].by.name(), "api 127.0.0.1");
  EXPECT_EQ(rig.actions.waits[0], Duration(30s));
}

TEST(ApiTest, WhoAskedForWhatIsLoggedAndTheTokenIsNot) {
  Rig rig;

  (void)rig.post("/api/v1/pause", R"({"reason":"incident"})");
  (void)rig.post("/api/v1/pause", "{}", "not-the-token-at-all");

  EXPECT_TRUE(rig.log.contains("what=answered peer=127.0.0.1 route=/api/v1/pause"));
  EXPECT_TRUE(rig.log.contains("what=refused"));
  for (const std::string& line : rig.log.lines()) {
    EXPECT_EQ(line.find(kToken), std::string::npos);
    EXPECT_EQ(line.find("not-the-token"), std::string::npos);
  }
}

TEST(ApiTest, AnIdempotencyKeyDoesItOnce) {
  Rig rig;
  http::Headers key;
  key.add("Idempotency-Key", "abc");
  const std::string body = R"({"stack_id":"web","instance_count":2})";

  const auto first = rig.post("/scaling/stack/scale", body, kToken, key);
  const auto again = rig.post("/scaling/stack/scale", body, kToken, key);
  const auto other = rig.post("/scaling/stack/scale", R"({"stack_id":"web","instance_count":3})", kToken, key);

  EXPECT_EQ(rig.actions.scaled.size(), 1U);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(problem_type(other), "idempotency-mismatch");
}

TEST(ApiTest, AReasonIsCountedInCharacters) {
  Rig rig;
  const auto pause = [&](std::size_t length) {
    std::string reason;
    for (std::size_t i = 0; i < length; ++i) reason += "\xc3\xa4";
    return rig.post("/api/v1/pause", R"({"reason":")" + reason + "\"}").status;
  };

  EXPECT_EQ(pause(501), 422);
  EXPECT_EQ(pause(500), 200);
}

TEST(ApiTest, AnEmptyKeyIsNotTakenForNone) {
  Rig rig;
  http::Headers key;
  key.add("Idempotency-Key", "");

  EXPECT_EQ(rig.post("/api/v1/pause", "{}", kToken, key).status, 400);
  EXPECT_FALSE(rig.actions.state.paused);
}

TEST(ApiTest, AKeyOfWhatFailedMayBeUsedAgain) {
  Rig rig;
  http::Headers key;
  key.add("Idempotency-Key", "abc");
  const std::string body = R"({"stack_id":"web","instance_count":2})";
  rig.actions.throws = 1;
  EXPECT_EQ(rig.post("/scaling/stack/scale", body, kToken, key).status, 500);
  rig.actions.change = fail(ErrorKind::conflict, "StackBusy", "busy");
  EXPECT_EQ(rig.post("/scaling/stack/scale", body, kToken, key).status, 409);
  rig.actions.change = ChangeView();

  EXPECT_EQ(rig.post("/scaling/stack/scale", body, kToken, key).status, 200);
}

struct BadBody {
  std::string name;
  std::string body;
  int status;
};
class BadBodyTest : public testing::TestWithParam<BadBody> {};

TEST_P(BadBodyTest, IsRefusedAndNothingIsOrdered) {
  Rig rig;

  const auto answer = rig.post("/scaling/stack/scale", GetParam().body);

  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_FALSE(answer.parsed().value("action", "").empty());
  EXPECT_TRUE(rig.actions.scaled.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Api, BadBodyTest,
    testing::Values(BadBody{"NoJson", "{", 400}, BadBody{"List", "[]", 400}, BadBody{"Missing", "{}", 422},
                    BadBody{"NoCount", R"({"stack_id":"web"})", 422},
                    BadBody{"Fraction", R"({"stack_id":"web","instance_count":2.5})", 422},
                    BadBody{"Text", R"({"stack_id":"web","instance_count":"2"})", 422},
                    BadBody{"Negative", R"({"stack_id":"web","instance_count":-1})", 422},
                    BadBody{"Huge", R"({"stack_id":"web","instance_count":99999999999999999999})", 422},
                    BadBody{"TooMany", R"({"stack_id":"web","instance_count":100001})", 422},
                    BadBody{"Traversal", R"({"stack_id":"../web","instance_count":1})", 422},
                    BadBody{"Dots", R"({"stack_id":"..","instance_count":1})", 422},
                    BadBody{"Unknown", R"({"stack_id":"web","instance_count":1,"count":1})", 422},
                    BadBody{"Force", R"({"stack_id":"web","instance_count":1,"force":1})", 422}),
    [](const auto& one) { return one.param.name; });

TEST(ApiTest, ABodyOfAnotherTypeIsRefused) {
  Rig rig;
  http::Headers form;
  form.add("Content-Type", "application/x-www-form-urlencoded");

  const auto answer = rig.post("/scaling/stack/scale", R"({"stack_id":"web","instance_count":2})", kToken, form);

  EXPECT_EQ(answer.status, 415);
  EXPECT_TRUE(rig.actions.scaled.empty());
}

TEST(ApiTest, ErrorsOfTheControllerHaveTheirKind) {
  Rig rig;
  const std::string body = R"({"stack_id":"web","instance_count":2})";
  const std::vector<std::tuple<Error, int, std::string>> rows{
      {Error(ErrorKind::conflict, "NotEnabled", "off"), 409, "auto-scaling-off"},
      {Error(ErrorKind::conflict, "Paused", "stopped"), 409, "paused"},
      {Error(ErrorKind::conflict, "StackBusy", "busy"), 409, "conflict"},
      {Error(ErrorKind::invalid_input, "OutOfBounds", "40 is above 20"), 422, "out-of-bounds"},
      {Error(ErrorKind::not_found, "StackNotAdopted", "no stack"), 404, "not-found"},
      {Error(ErrorKind::cancelled, "Stopping", "stopping"), 503, "unavailable"},
      {Error(ErrorKind::internal, "a fault"), 500, "internal"}};
  for (const auto& [error, status, type] : rows) {
    rig.actions.change = fail(error);
    const auto answer = rig.post("/scaling/stack/scale", body);

    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(problem_type(answer), type);
    EXPECT_EQ(answer.parsed()["detail"], error.message());
  }
}

TEST(ApiTest, APolicysStateIsToldAtAGlance) {
  Rig rig;
  auto& entry = rig.fleet.add("web");
  const auto state = [&] { return rig.get("/api/v1/policies").parsed()["policies"][0]["state"]; };

  EXPECT_EQ(state(), "observing");
  rig.fleet.view.enabled = true;
  EXPECT_EQ(state(), "ok");
  entry.policy.spec.suspend = true;
  EXPECT_EQ(state(), "suspended");
  entry.policy.spec.dry_run = true;
  EXPECT_EQ(state(), "dry-run");
  rig.fleet.view.pause.paused = true;
  EXPECT_EQ(state(), "paused");
  entry.last->status.conditions[0].status = policy::ConditionStatus::false_;
  EXPECT_EQ(state(), "degraded");
  entry.last->held = "another hand";
  EXPECT_EQ(state(), "held");
  policy::Condition stalled;
  stalled.type = "Stalled";
  stalled.status = policy::ConditionStatus::true_;
  entry.last->status.conditions.push_back(stalled);
  EXPECT_EQ(state(), "stalled");
  entry.last->status.operation = policy::OperationStatus();
  EXPECT_EQ(state(), "scaling");
  entry.last.reset();
  EXPECT_EQ(state(), "pending");
}

TEST(ApiTest, SignalsStandAgainstTheirThresholds) {
  Rig rig;
  rig.fleet.add("web");

  const auto signal = rig.get("/api/v1/policies").parsed()["policies"][0]["signals"][0];

  EXPECT_EQ(signal["name"], "cpu");
  EXPECT_EQ(signal["value"], 81.3);
  EXPECT_EQ(signal["state"], "above");
  EXPECT_EQ(signal["scaleUp"], 75);
  EXPECT_EQ(signal["scaleDown"], 30);
  EXPECT_EQ(signal["desiredInstances"], 3);
}

TEST(ApiTest, HistoryIsOfTheJournalAndOfTheLastTurns) {
  Rig rig;
  rig.fleet.add("web");
  const WallTime now = rig.clock.wall_now();
  ports::DecisionRecord record;
  record.time = now - 2h;
  record.seen = now - 1h;
  record.policy = "default/web";
  record.action = "no_change";
  record.from = record.to = 2;
  record.detail = R"({"signals":[{"name":"cpu","value":50.5,"message":""}]})";
  rig.records.decided.push_back(record);
  HistoryPoint point;
  point.time = now - 1min;
  point.count = 2;
  point.desired = 3;
  point.values.emplace_back("cpu", std::nullopt);
  policy::PolicyKey key;
  key.name = "web";
  rig.api.recent().add(key, point);

  const auto history = rig.get("/api/v1/policies/default/web/history").parsed();

  ASSERT_EQ(history["points"].size(), 3U) << history.dump(1);
  EXPECT_EQ(history["points"][0]["values"]["cpu"], 50.5);
  EXPECT_EQ(history["points"][2]["values"]["cpu"], nullptr);
  EXPECT_EQ(history["points"][2]["desired"], 3);
  EXPECT_EQ(history["decisions"].size(), 1U);
  EXPECT_EQ(history["truncated"], false);
}

TEST(ApiTest, PagesAreNamedByTheirNext) {
  Rig rig;
  rig.records.decided.resize(3);
  for (auto& record : rig.records.decided) record.action = "no_change";

  const auto page = rig.get("/api/v1/decisions?limit=2&policy=default/web&before=9").parsed();

  EXPECT_EQ(page["decisions"].size(), 2U);
  EXPECT_EQ(page["next"], "7");
  EXPECT_EQ(rig.records.last_query.policy, "default/web");
  EXPECT_EQ(rig.records.last_query.before, 9);
}

TEST(ApiTest, ADamagedDetailIsNotWorthAnError) {
  Rig rig;
  rig.fleet.add("web");
  ports::DecisionRecord record;
  record.action = "no_change";
  record.message = "caf\xe9";  // no UTF-8
  record.detail = "{half";
  rig.records.decided.push_back(record);

  const auto answer = rig.get("/api/v1/policies/default/web/explain");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.parsed()["detail"], json::object());
}

TEST(ApiTest, ASimulationTakesADayUnlessItIsToldOtherwise) {
  Rig rig;
  rig.fleet.add("web");
  const std::string path = "/api/v1/policies/default/web/simulation";

  EXPECT_EQ(rig.get(path).status, 200);
  ASSERT_TRUE(rig.fleet.simulated);
  EXPECT_EQ(rig.fleet.simulated->until - rig.fleet.simulated->since, 24h);
  EXPECT_EQ(rig.fleet.simulated->boot_delay, 2min);

  const std::string span = "?since=2026-11-24T10:00:00Z&until=2026-11-24T11:00:00Z";
  EXPECT_EQ(rig.get(path + span + "&bootDelay=60m&slo=0.5").status, 200);
  EXPECT_EQ(format_rfc3339(rig.fleet.simulated->since), "2026-11-24T10:00:00Z");
  EXPECT_EQ(rig.fleet.simulated->until - rig.fleet.simulated->since, 1h);
  EXPECT_EQ(rig.fleet.simulated->boot_delay, 1h);
  EXPECT_DOUBLE_EQ(rig.fleet.simulated->slo, 0.5);
}

TEST(ApiTest, ASimulationThatCannotBeIsRefusedBeforeAnythingIsAsked) {
  Rig rig;
  rig.fleet.add("web");
  const std::string path = "/api/v1/policies/default/web/simulation";

  for (const char* wrong : {"?bootDelay=61m", "?bootDelay=-1s", "?bootDelay=2", "?slo=0", "?slo=nan", "?slo=1.1",
                            "?slo=0.8x", "?since=x", "?since=2026-11-24T10:00:00Z&until=2026-11-24T10:09:59Z",
                            "?since=2026-11-24T10:00:00Z&until=2026-11-23T10:00:00Z",
                            "?since=2026-11-24T10:00:00Z&until=2026-12-01T10:00:01Z"}) {
    EXPECT_EQ(rig.get(path + wrong).status, 400) << wrong;
  }
  EXPECT_EQ(rig.get("/api/v1/policies/default/none/simulation").status, 404);
  EXPECT_FALSE(rig.fleet.simulated);

  rig.fleet.cannot_simulate = Error(ErrorKind::unavailable, "another simulation is under way");
  EXPECT_EQ(rig.get(path).status, 503);
  rig.fleet.cannot_simulate = Error(ErrorKind::invalid_input, "no metric tells the load");
  EXPECT_EQ(rig.get(path).status, 422);
}

TEST(ApiTest, AnUnknownPathAMethodAndAParameterAreNamed) {
  Rig rig;

  EXPECT_EQ(rig.get("/nothing").status, 404);
  EXPECT_EQ(rig.get("/api/v1/decisions?limit=0").status, 400);
  EXPECT_EQ(rig.get("/api/v1/decisions?limits=1").status, 400);
  EXPECT_EQ(rig.get("/api/v1/decisions?limit=1&limit=2").status, 400);
  EXPECT_EQ(rig.get("/api/v1/decisions?since=yesterday").status, 400);
  const auto wrong = rig.post("/api/v1/policies", "{}");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.get("allow"), "GET, HEAD");
}

TEST(ApiTest, ReadyOnlyWhileThePoliciesAreLoadedAndNothingStops) {
  Rig rig;
  EXPECT_EQ(rig.get("/readyz").status, 503);
  rig.fleet.view.ready = true;
  EXPECT_EQ(rig.get("/readyz").status, 200);
  rig.fleet.view.stopping = true;
  EXPECT_EQ(rig.get("/readyz").status, 503);
  EXPECT_EQ(rig.get("/healthz").status, 200);
}

TEST(ApiTest, ATokenCanBeTried) {
  Rig rig;

  EXPECT_EQ(rig.get("/api/v1/whoami").parsed()["authenticated"], false);
  EXPECT_EQ(rig.get("/api/v1/whoami", kToken).parsed()["mayChange"], true);
  EXPECT_EQ(rig.get("/api/v1/whoami", "wrong").status, 401);
}

TEST(ApiTest, EveryAnswerForbidsSniffingFramingAndForeignScripts) {
  Rig rig;

  for (const char* path : {"/", "/docs", "/api/v1/policies", "/nothing"}) {
    const auto answer = rig.get(path);
    EXPECT_EQ(answer.headers.get("x-content-type-options"), "nosniff") << path;
    EXPECT_NE(answer.headers.get("content-security-policy").find("frame-ancestors 'none'"), std::string::npos) << path;
    EXPECT_EQ(answer.headers.get("content-security-policy").find("unsafe"), std::string::npos) << path;
  }
  EXPECT_EQ(rig.get("/api/v1/policies").headers.get("cache-control"), "no-store");
  EXPECT_EQ(rig.get("/").headers.get("cache-control"), "no-cache");
}

TEST(ApiTest, AnAssetThatIsKnownIsNotSentAgain) {
  Rig rig;
  http::Headers known;
  known.add("If-None-Match", std::string(rig.get("/").headers.get("etag")));

  const auto answer = rig.send(http::Method::get, "/", "", "", known);

  EXPECT_EQ(answer.status, 304);
  EXPECT_TRUE(answer.body.empty());
}

TEST(ApiTest, AnOperationIsFollowedToItsEnd) {
  Rig rig;
  ports::OperationRecord record;
  record.id = "0f1e";
  record.stack = "web";
  ports::OperationProgress progress;
  progress.id = "0f1e";
  progress.phase = "Applying";
  progress.progress = "1 of 2 created";
  rig.api.operation_moved(record, progress);
  asio::steady_timer later(rig.io, 50ms);
  later.async_wait([&](const boost::system::error_code&) {
    record.phase = ports::Phase::succeeded;
    rig.records.operated.push_back(record);
    rig.api.operation_ended(record);
  });

  const auto stream = rig.get("/api/v1/operations/0f1e/events");

  EXPECT_EQ(stream.headers.get("content-type"), "text/event-stream");
  EXPECT_NE(stream.body.find("\"progress\":\"1 of 2 created\""), std::string::npos) << stream.body;
  EXPECT_NE(stream.body.find("\"state\":\"succeeded\""), std::string::npos) << stream.body;
  EXPECT_EQ(rig.get("/api/v1/operations/0f1e").parsed()["state"], "succeeded");
}

}  // namespace
}  // namespace stackscaler::api
