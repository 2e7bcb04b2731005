// SPDX-License-Identifier: Apache-2.0
//
// The whole program by way of its API: real terraform, real Prometheus, HTTP.
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "e2e/world.hpp"
#include "http/client.hpp"
#include "support/run.hpp"

namespace stackscaler::e2e {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

struct Answer {
  int status = 0;
  std::string body;
  std::string location;
  [[nodiscard]] json parsed() const { return json::parse(body, nullptr, false); }
};

// One request on a connection of its own, so that it may come from any thread.
Answer ask(const std::string& url, http::Method method, const std::string& body = "", const std::string& key = "") {
  asio::io_context io{1};
  http::Client client(io.get_executor());
  http::Request request(method, *http::parse_url(url));
  request.deadline = 90s;
  request.body = body;
  if (method == http::Method::post) {
    request.headers.add("Authorization", std::string("Bearer ") + kToken);
    request.headers.add("Content-Type", "application/json");
  }
  if (!key.empty()) request.headers.add("Idempotency-Key", key);
  const auto got = test::run(io, client.send(std::move(request)));
  client.close();
  Answer out;
  if (!got) {
    out.body = got.error().message();
    return out;
  }
  out.status = got->status;
  out.body = got->body;
  out.location = got->headers.get("location");
  return out;
}

class ApiEndToEnd : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string what = World::missing(); !what.empty()) GTEST_SKIP() << what;
    token_ = (dir_ / "token").string();
    std::ofstream(token_) << kToken << "\n";
  }

  // Starts the program and waits until it serves.
  void start(World& w, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--token-file", token_});
    w.start(arguments);
    const std::string mark = "url=http://127.0.0.1:";
    ASSERT_TRUE(w.eventually([&] { return w.log().find(mark) != std::string::npos; }));
    const std::string log = w.log();
    const std::size_t at = log.rfind(mark) + mark.size();
    base_ = "http://127.0.0.1:" + log.substr(at, log.find('/', at) - at);
    ASSERT_TRUE(w.eventually([&] { return get("/readyz").status == 200; }));
  }
  Answer get(const std::string& path) { return ask(base_ + path, http::Method::get); }
  Answer post(const std::string& path, const std::string& body = "", const std::string& key = "") {
    return ask(base_ + path, http::Method::post, body, key);
  }
  static std::string scale_to(int count, const std::string& more = "") {
    return R"({"stack_id":"web","instance_count":)" + std::to_string(count) + R"(,"reason":"launch day")" + more + "}";
  }
  // A policy that is looked at rarely: nothing but the API moves anything.
  static std::string calm_policy(const std::string& bounds = "{ min: 1, max: 3 }") {
    std::string text = World::policy(bounds);
    text.replace(text.find("interval: 1s"), 12, "interval: 1h");
    return text;
  }

  test::TempDir dir_;
  std::string token_;
  std::string base_;
};

TEST_F(ApiEndToEnd, AScaleByHandWorksWhileAutoScalingIsOffAndItsOperationIsFollowedToItsEnd) {
  World w(1);
  w.write_policy("web.yaml", calm_policy());
  start(w, {});

  const Answer begun = post("/scaling/stack/scale", scale_to(2), "key-1");
  ASSERT_EQ(begun.status, 202) << begun.body;
  EXPECT_EQ(begun.parsed()["old_count"], 1);
  EXPECT_EQ(begun.parsed()["new_count"], 2);
  ASSERT_FALSE(begun.location.empty());
  const Answer events = get(begun.location + "/events");

  EXPECT_NE(events.body.find("event: operation"), std::string::npos) << events.body;
  EXPECT_NE(events.body.find("\"state\":\"succeeded\""), std::string::npos) << events.body;
  EXPECT_EQ(w.count(), 2);
  const json operation = get(begun.location).parsed();
  EXPECT_EQ(operation["state"], "succeeded");
  EXPECT_EQ(operation["requestedBy"], "api 127.0.0.1");
  EXPECT_EQ(operation["reason"], "Manual");
  EXPECT_EQ(operation["message"], "launch day");
  EXPECT_EQ(post("/scaling/stack/scale", scale_to(2), "key-1").body, begun.body) << "the key was used";
  EXPECT_EQ(post("/scaling/stack/scale?wait=30s", scale_to(2), "key-2").parsed()["status"], "unchanged");
  const json info = get("/scaling/stack/web/info").parsed();
  EXPECT_EQ(info["count"], 2);
  EXPECT_EQ(info["last_scale_reason"], "launch day");
  EXPECT_NE(w.log().find("msg=scaled"), std::string::npos);
}

TEST_F(ApiEndToEnd, ASimulationByTheApiIsThatOfTheCommandLine) {
  World w(1);
  std::string text = calm_policy("{ min: 1, max: 6 }");
  const std::size_t query = text.find("      query:");
  const std::size_t behavior = text.find("  behavior:");
  // A load that needs no scraped past: 10, and 30 in every second half of an hour.
  text.replace(query, behavior - query,
               "      query: 10 + 20 * (minute() >= bool 30)\n      target: { type: PerInstance, value: 8 }\n");
  text.replace(text.find("interval: 1h"), 12, "interval: 1m");
  w.write_policy("web.yaml", text);
  start(w, {});

  const Answer api =
      get("/api/v1/policies/default/web/simulation?since=2026-11-24T00:00:00Z&until=2026-11-24T06:00:00Z&bootDelay=3m");
  const Outcome line = w.command({"simulate", "-o", "json", "--policy", (w.policies() / "web.yaml").string(),
                                  "--prometheus-url", w.prometheus.url(), "--from", "2026-11-24T00:00:00Z", "--to",
                                  "2026-11-24T06:00:00Z", "--boot-delay", "3m", "--capacity-per-instance", "10"});

  ASSERT_EQ(api.status, 200) << api.body;
  ASSERT_EQ(line.exit_code, 0) << line.err;
  EXPECT_EQ(api.parsed(), json::parse(line.out, nullptr, false)[0]) << api.body << line.out;
  EXPECT_GT(api.parsed()["actions"], 10);
  EXPECT_GT(api.parsed()["minutesAbove80"], 10);
  EXPECT_EQ(w.count(), 1);
}

TEST_F(ApiEndToEnd, ASimulationThatCanNotBeSaysWhyAndTheNextOneWorks) {
  World w(1);
  w.write_policy("web.yaml", calm_policy());
  std::string load = calm_policy();
  load.replace(load.find("name: web"), 9, "name: load");
  load.replace(load.find("id: web"), 7, "id: load");
  const std::size_t query = load.find("      query:");
  load.replace(query, load.find("  behavior:") - query,
               "      query: 10 + 20 * (minute() >= bool 30)\n      target: { type: PerInstance, value: 8 }\n");
  w.write_policy("load.yaml", load);
  start(w, {});
  const std::string path = "/api/v1/policies/default/load/simulation";
  const std::string week = path + "?since=2026-11-17T00:00:00Z&until=2026-11-24T00:00:00Z";

  const Answer no_load = get("/api/v1/policies/default/web/simulation");
  EXPECT_EQ(no_load.status, 422) << no_load.body;
  EXPECT_NE(no_load.body.find("no metric of default/web tells the whole stack's load"), std::string::npos);

  std::vector<Answer> together(6);
  std::vector<std::thread> askers;
  for (Answer& answer : together) askers.emplace_back([&] { answer = get(week); });
  for (std::thread& asker : askers) asker.join();
  int done = 0;
  for (const Answer& answer : together) {
    done += answer.status == 200 ? 1 : 0;
    if (answer.status == 200) continue;
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_NE(answer.body.find("there is one at a time"), std::string::npos) << answer.body;
  }
  EXPECT_GE(done, 1);
  EXPECT_EQ(get(week).status, 200) << "the place is free again";

  w.prometheus.stop();
  EXPECT_EQ(get(path).status, 503);
  EXPECT_EQ(get("/readyz").status, 200);
}

TEST_F(ApiEndToEnd, BoundsStepCeilingAndGuardHoldForAPersonToo) {
  World w(1);
  w.write_policy("web.yaml", calm_policy());
  start(w, {"--max-instances-ceiling", "6"});

  const Answer beyond = post("/scaling/stack/scale?wait=60s", scale_to(5));
  EXPECT_EQ(beyond.status, 422) << beyond.body;
  EXPECT_NE(beyond.parsed()["detail"].get<std::string>().find("bounds 1 to 3"), std::string::npos) << beyond.body;
  EXPECT_EQ(post("/scaling/stack/scale?wait=60s", scale_to(7, R"(,"force":true)")).status, 422) << "the ceiling";

  const Answer forced = post("/scaling/stack/scale?wait=60s", scale_to(5, R"(,"force":true)"));
  ASSERT_EQ(forced.status, 200) << forced.body;
  EXPECT_EQ(w.count(), 5);
  EXPECT_EQ(get(forced.parsed()["operation_url"]).parsed()["reason"], "ManualForced");

  const Answer step = post("/scaling/stack/scale?wait=60s", scale_to(2, R"(,"force":true)"));
  EXPECT_EQ(step.status, 422) << step.body;
  EXPECT_NE(step.body.find("maxStep"), std::string::npos);
  EXPECT_EQ(w.count(), 5);

  w.stack.write("other.tf", "resource \"terraform_data\" \"other\" {}\n");
  const Answer refused = post("/scaling/stack/scale?wait=60s", scale_to(6, R"(,"force":true)"));
  EXPECT_GE(refused.status, 409) << refused.body;
  EXPECT_LT(refused.status, 500) << refused.body;
  EXPECT_EQ(refused.parsed()["reason"], "PlanRefused") << refused.body;
  EXPECT_EQ(w.count(), 5);
}

TEST_F(ApiEndToEnd, TheLoopDoesNotUndoAtOnceWhatAPersonDid) {
  World w(1);
  w.write_policy("web.yaml", World::policy());
  w.load.set(10);  // the policy wants one
  start(w, {"--enable"});
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "lastDecision.reason") != ""; }));

  const Answer scaled = post("/scaling/stack/scale?wait=60s", scale_to(3));

  ASSERT_EQ(scaled.status, 200) << scaled.body;
  EXPECT_EQ(scaled.parsed()["held_seconds"], 300);
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "Ready.reason") == "CountChangedOutside"; }));
  EXPECT_NE(w.status("web.yaml", "Ready.message").find("api 127.0.0.1"), std::string::npos);
  EXPECT_TRUE(w.always_for(3, [&] { return w.count() == 3; }));
  const json policy = get("/api/v1/policies").parsed()["policies"][0];
  EXPECT_EQ(policy["state"], "held") << policy.dump(1);
}

TEST_F(ApiEndToEnd, AutoScaleIsRefusedWhileOffAndRecommendChangesNothing) {
  World w(1);
  w.write_policy("web.yaml", calm_policy());
  w.load.set(90);
  start(w, {"--api-changes-a-minute", "0"});
  const auto tree = w.stack.tree();

  const Answer off = post("/scaling/stack/web/auto-scale");
  EXPECT_EQ(off.status, 409) << off.body;
  EXPECT_EQ(off.parsed()["type"], "https://stackscaler.dev/problems/auto-scaling-off");
  json advice;
  ASSERT_TRUE(w.eventually([&] {
    advice = post("/scaling/stack/web/recommend").parsed();
    return advice.value("action", "") == "scale_up";
  })) << advice.dump(1);
  EXPECT_EQ(advice["current_count"], 1);
  EXPECT_EQ(advice["target_count"], 2);
  EXPECT_EQ(advice["would_act"], true);
  EXPECT_EQ(w.stack.tree(), tree);
  EXPECT_EQ(post("/scaling/stack/none/auto-scale").status, 404);
  EXPECT_EQ(post("/scaling/stack/none/recommend").status, 404);
}

TEST_F(ApiEndToEnd, AutoScaleIsATurnNow) {
  World w(1);
  w.write_policy("web.yaml", calm_policy());
  w.load.set(50);
  start(w, {"--enable", "--api-changes-a-minute", "0"});
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "currentInstances") == "1"; }));
  w.load.set(90);
  ASSERT_TRUE(
      w.eventually([&] { return post("/scaling/stack/web/recommend").parsed().value("action", "") == "scale_up"; }));

  const Answer done = post("/scaling/stack/web/auto-scale?wait=60s");

  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.parsed()["status"], "done") << done.body;
  EXPECT_EQ(done.parsed()["old_count"], 1);
  EXPECT_EQ(done.parsed()["new_count"], 2);
  EXPECT_EQ(w.count(), 2);
}

TEST_F(ApiEndToEnd, PauseStopsEverythingAndResumeEndsIt) {
  World w(1);
  w.write_policy("web.yaml", calm_policy());
  start(w, {});

  EXPECT_EQ(post("/api/v1/pause", R"({"reason":"incident 42"})").parsed()["paused"], true);
  EXPECT_EQ(get("/api/v1/controller").parsed()["pause"]["reason"], "incident 42");
  const Answer refused = post("/scaling/stack/scale?wait=60s", scale_to(2));
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_EQ(refused.parsed()["type"], "https://stackscaler.dev/problems/paused");
  EXPECT_EQ(post("/api/v1/resume").parsed()["paused"], false);
  EXPECT_EQ(post("/scaling/stack/scale?wait=60s", scale_to(2)).status, 200);
  EXPECT_EQ(w.count(), 2);
}

TEST_F(ApiEndToEnd, TheSchedulerFindsTwoStacksScalesOneAndStopsGracefully) {
  World w(1);
  test::TerraformStack idle(1);
  ASSERT_EQ(w.adopt(idle, "idle").exit_code, 0);
  w.write_policy("web.yaml", World::policy("{ min: 1, max: 2 }"));
  std::string other = World::policy("{ min: 1, max: 2 }");
  other.replace(other.find("name: web"), 9, "name: idle");
  other.replace(other.find("id: web"), 7, "id: idle");
  for (std::size_t at = 0; (at = other.find("stack=\"web\"")) != std::string::npos;)
    other.replace(at, 11, "stack=~\"we.\"");
  other.replace(other.find("scaleUp: 75"), 11, "scaleUp: 99");
  w.write_policy("idle.yaml", other);
  w.load.set(90);
  start(w, {"--enable", "--log-format", "text"});

  ASSERT_TRUE(w.eventually([&] { return get("/scaling/stack/web/info").parsed().value("count", 0) == 2; }));
  EXPECT_EQ(idle.ids().size(), 1U);
  EXPECT_EQ(get("/scaling/stacks").parsed()["active"], 2);
  w.signal(SIGTERM);
  EXPECT_EQ(w.wait_for_exit(), 0);
  for (const char* line :
       {"Found 2 active stack(s)", "Stack web: Action=scale_up, Current=1, Target=2, Confidence=1.00",
        "Stack web: Successfully scaled from 1 to 2 instances"}) {
    EXPECT_NE(w.log().find(line), std::string::npos) << line << "\n" << w.log();
  }
}

TEST_F(ApiEndToEnd, Law13AStopFollowsAScaleByHandToItsEndAndClosesTheStreams) {
  const auto slow = [](int seconds) {
    return test::counted_stack("  provisioner \"local-exec\" {\n    command = \"sleep " + std::to_string(seconds) +
                               "\"\n  }\n");
  };
  World w(1, slow(0));
  w.stack.write("main.tf", slow(4));
  w.write_policy("web.yaml", calm_policy());
  start(w, {});
  Answer stream;
  std::thread listener([&] { stream = get("/api/v1/events"); });
  const Answer begun = post("/scaling/stack/scale", scale_to(2));
  ASSERT_EQ(begun.status, 202) << begun.body;
  EXPECT_TRUE(w.eventually([&] { return get(begun.location).parsed().value("phase", "") == "Applying"; }));

  w.signal(SIGTERM);

  EXPECT_EQ(w.wait_for_exit(), 0);
  listener.join();
  EXPECT_EQ(w.count(), 2);
  EXPECT_NE(stream.body.find("event: operation"), std::string::npos) << stream.body;
}

TEST_F(ApiEndToEnd, ATakenPortIsSaidWithTheFlagThatMendsIt) {
  World w(1);
  start(w, {});
  const std::string taken = base_.substr(base_.find("//") + 2);

  const Outcome second = w.command({"run", "--rehearsal", "--data", (dir_ / "data2").string(), "--listen", taken});

  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.err.find("--listen"), std::string::npos) << second.err;
  EXPECT_NE(second.err.find("in use"), std::string::npos) << second.err;
  const Outcome open = w.command({"run", "--rehearsal", "--data", (dir_ / "data2").string(), "--listen", "0.0.0.0:0"});
  EXPECT_EQ(open.exit_code, 1);
  EXPECT_NE(open.err.find("--token-file"), std::string::npos) << open.err;
}

}  // namespace
}  // namespace stackscaler::e2e
