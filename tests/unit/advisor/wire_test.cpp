// SPDX-License-Identifier: Apache-2.0
#include "advisor/wire.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "advisor/breaker.hpp"
#include "advisor/gemini.hpp"
#include "advisor/openai.hpp"

namespace stackscaler::advisor {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const Secret kKey("AIzaSyVerySecretKey0123456789");

policy::Advisor settings(policy::AdvisorType type, std::string base = "", std::string model = "") {
  policy::Advisor a;
  a.type = type;
  a.base_url = std::move(base);
  a.model = std::move(model);
  return a;
}

const Prompt kPrompt{"be brief", R"({"count":4})"};

http::Response answered(int status, const std::string& body, const std::string& type = "application/json") {
  return http::Response(status, type, body);
}

TEST(GeminiTest, AsksInTheDocumentedForm) {
  const auto request = gemini_request(settings(policy::AdvisorType::gemini), kPrompt, Dialect(), kKey);

  ASSERT_TRUE(request);
  EXPECT_EQ(request->url.display(),
            "https://generativelanguage.googleapis.com:443/v1beta/models/gemini-2.5-flash:generateContent");
  EXPECT_EQ(request->headers.get("x-goog-api-key"), kKey.reveal());
  EXPECT_TRUE(request->url.query.empty());
  const json body = json::parse(request->body);
  EXPECT_EQ(body["systemInstruction"]["parts"][0]["text"], "be brief");
  EXPECT_EQ(body["contents"][0]["role"], "user");
  EXPECT_EQ(body["contents"][0]["parts"][0]["text"], R"({"count":4})");
  EXPECT_EQ(body["generationConfig"]["temperature"], 0);
  EXPECT_EQ(body["generationConfig"]["responseMimeType"], "application/json");
  EXPECT_EQ(body["generationConfig"]["responseSchema"]["required"],
            json::array({"action", "target", "confidence", "reason"}));
  EXPECT_EQ(request->body.find(kKey.reveal()), std::string::npos);
}

TEST(GeminiTest, BaseAndModelMakeThePath) {
  const auto path = [](const std::string& base, const std::string& model) {
    const auto r = gemini_request(settings(policy::AdvisorType::gemini, base, model), kPrompt, Dialect(), kKey);
    return r ? r->url.path : "refused";
  };

  EXPECT_EQ(path("http://h:1/", "m"), "/v1beta/models/m:generateContent");
  EXPECT_EQ(path("http://h:1/proxy/v1beta/", "tunedModels/x"), "/proxy/v1beta/tunedModels/x:generateContent");
  EXPECT_EQ(path("http://h:1", "../../admin"), "refused");
  EXPECT_EQ(path("http://h:1", "a//b"), "refused");
}

TEST(OpenAiTest, AsksInTheDocumentedForm) {
  const auto request = openai_request(settings(policy::AdvisorType::openai), kPrompt, Dialect(), kKey);

  ASSERT_TRUE(request);
  EXPECT_EQ(request->url.display(), "https://api.openai.com:443/v1/chat/completions");
  EXPECT_EQ(request->headers.get("Authorization"), "Bearer " + kKey.reveal());
  const json body = json::parse(request->body);
  EXPECT_EQ(body["model"], "gpt-4o-mini");
  EXPECT_EQ(body["messages"][0]["role"], "system");
  EXPECT_EQ(body["messages"][1]["content"], R"({"count":4})");
  EXPECT_EQ(body["temperature"], 0);
  EXPECT_EQ(body["stream"], false);
  EXPECT_EQ(body["response_format"]["type"], "json_schema");
  EXPECT_EQ(body["response_format"]["json_schema"]["strict"], true);
}

TEST(OpenAiTest, ALocalServerNeedsNeitherKeyNorPath) {
  const auto request =
      openai_request(settings(policy::AdvisorType::openai, "http://127.0.0.1:11434"), kPrompt, Dialect(), Secret());

  ASSERT_TRUE(request);
  EXPECT_EQ(request->url.path, "/v1/chat/completions");
  EXPECT_EQ(request->headers.get("Authorization"), "");
}

TEST(DialectTest, LeavesOutWhatTheServerComplainsOf) {
  Dialect d;
  EXPECT_FALSE(d.leave_out("model not found"));
  EXPECT_TRUE(d.leave_out(R"({"error":{"message":"Invalid parameter: 'response_format' of type 'json_schema'"}})"));
  EXPECT_TRUE(d.json_mode && !d.schema);
  EXPECT_TRUE(d.leave_out("response_format is not supported"));
  EXPECT_FALSE(d.json_mode);
  EXPECT_FALSE(d.leave_out("response_format is not supported"));
  EXPECT_TRUE(d.leave_out("Unsupported value: 'temperature'"));
  EXPECT_TRUE(d.leave_out("'max_tokens' is not supported; use 'max_completion_tokens'"));
}

struct Wrong {
  std::string name;
  int status;
  std::string body;
  std::string reason;
  std::string said;
  std::string type = "application/json";
};

void expect_wrong(const Result<std::string>& text, const Wrong& c) {
  ASSERT_FALSE(text) << c.name;
  EXPECT_EQ(text.error().reason(), c.reason) << c.name;
  EXPECT_NE(text.error().message().find(c.said), std::string::npos) << c.name << ": " << text.error().message();
  EXPECT_FALSE(holds_key(text.error().message(), kKey)) << c.name;
}

// Both formats.
std::vector<Wrong> http_faults() {
  const std::string echo =
      R"({"error":{"code":")" + kKey.reveal() + R"(","message":"bad key )" + kKey.reveal() + "\"}}";
  return {{"401", 401, echo, "AdvisorRefused", "HTTP 401: is the key right?"},
          {"403", 403, "{}", "AdvisorRefused", "HTTP 403"},
          {"404", 404, R"({"error":{"code":"model_not_found"}})", "AdvisorRefused", "(model_not_found)"},
          {"429", 429, R"({"error":{"status":"RESOURCE_EXHAUSTED"}})", "AdvisorThrottled", "(RESOURCE_EXHAUSTED)"},
          {"400", 400, "{}", "AdvisorRefused", "HTTP 400"},
          {"302", 302, "", "AdvisorRefused", "not followed"},
          {"500", 500, "oops", "AdvisorUnreachable", "HTTP 500"},
          {"503", 503, "<html>", "AdvisorUnreachable", "HTTP 503", "text/html"},
          {"free_text_code", 500, R"({"error":{"code":"please <b>call</b> us"}})", "AdvisorUnreachable", "HTTP 500"},
          {"part_of_the_key", 500, R"({"error":{"code":"VerySecretKey"}})", "AdvisorUnreachable", "HTTP 500"},
          {"html", 200, "<html>", "AdviceInvalid", "HTML", "text/html; charset=utf-8"},
          {"stream", 200, "data: {}", "AdviceInvalid", "stream", "text/event-stream"},
          {"text", 200, "hello", "AdviceInvalid", "not JSON", "text/plain"},
          {"broken", 200, "{\"candidates\":[", "AdviceInvalid", "broken JSON"},
          {"deep", 200, std::string(200'000, '['), "AdviceInvalid", "broken JSON"},
          {"array", 200, "[]", "AdviceInvalid", "without a"}};
}

TEST(WireTest, HttpFaultsAreToldApartInBothFormatsAndNeverShowTheKey) {
  for (const Wrong& c : http_faults()) {
    expect_wrong(gemini_text(answered(c.status, c.body, c.type), kKey), c);
    expect_wrong(openai_text(answered(c.status, c.body, c.type), kKey), c);
  }
}

TEST(WireTest, ACompressedAnswerIsRefused) {
  http::Response r = answered(200, "x");
  r.headers.add("Content-Encoding", "gzip");

  expect_wrong(gemini_text(r, kKey), {"gzip", 200, "", "AdviceInvalid", "compressed"});
}

TEST(GeminiTest, ReadsTheTextsOfTheFirstCandidateWithoutItsThoughts) {
  const auto text = gemini_text(
      answered(200,
               R"({"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"{\"a\""},)"
               R"({"text":":1}"}]},"finishReason":"STOP"}],"usageMetadata":{"totalTokenCount":9}})",
               "application/json; charset=UTF-8"),
      kKey);

  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, R"({"a":1})");
}

TEST(GeminiTest, SaysWhyThereIsNoText) {
  const Wrong cases[] = {
      {"blocked", 200, R"({"promptFeedback":{"blockReason":"SAFETY"}})", "AdviceInvalid", "blocks"},
      {"none", 200, R"({"candidates":[]})", "AdviceInvalid", "without a candidate"},
      {"cut", 200, R"({"candidates":[{"finishReason":"MAX_TOKENS","content":{"parts":[{"text":"{"}]}}]})",
       "AdviceInvalid", "cut off"},
      {"safety", 200, R"({"candidates":[{"finishReason":"SAFETY"}]})", "AdviceInvalid", "not STOP"},
      {"no_parts", 200, R"({"candidates":[{"finishReason":"STOP","content":{}}]})", "AdviceInvalid", "without a text"},
      {"odd_parts", 200, R"({"candidates":[{"content":{"parts":[1,"x",{"text":7}]}}]})", "AdviceInvalid",
       "without a text"},
      {"bad_key", 400, R"({"error":{"status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}})",
       "AdvisorRefused", "is the key right?"}};
  for (const Wrong& c : cases) expect_wrong(gemini_text(answered(c.status, c.body), kKey), c);
}

TEST(OpenAiTest, ReadsTheFirstChoiceOrSaysWhyNot) {
  const auto text = openai_text(
      answered(
          200,
          R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"{}"},"finish_reason":"stop"}]})"),
      kKey);
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "{}");
  const Wrong cases[] = {
      {"none", 200, R"({"choices":[]})", "AdviceInvalid", "without a choice"},
      {"cut", 200, R"({"choices":[{"finish_reason":"length","message":{"content":"{"}}]})", "AdviceInvalid", "cut off"},
      {"filter", 200, R"({"choices":[{"finish_reason":"content_filter","message":{"content":"{"}}]})", "AdviceInvalid",
       "not stop"},
      {"refusal", 200, R"({"choices":[{"finish_reason":"stop","message":{"content":null,"refusal":"I can't"}}]})",
       "AdviceInvalid", "refuses"},
      {"null", 200, R"({"choices":[{"finish_reason":"stop","message":{"content":null}}]})", "AdviceInvalid",
       "without a text"},
      {"quota", 429, R"({"error":{"type":"insufficient_quota","code":"insufficient_quota"}})", "AdvisorThrottled",
       "insufficient_quota"}};
  for (const Wrong& c : cases) expect_wrong(openai_text(answered(c.status, c.body), kKey), c);
}

TEST(WireTest, RetryAfterIsSecondsOrADateAndAnHourAtMost) {
  const WallTime now = *parse_rfc3339("2026-11-24T10:00:00Z");
  EXPECT_EQ(retry_after("7", now), 7s);
  EXPECT_EQ(retry_after("Tue, 24 Nov 2026 10:00:30 GMT", now), 30s);
  EXPECT_EQ(retry_after("Tue, 24 Nov 2026 09:00:00 GMT", now), 0s);
  EXPECT_EQ(retry_after("99999999", now), 1h);
  EXPECT_EQ(retry_after("99999999999999999999999", now), 1h);
  EXPECT_EQ(retry_after("-5", now), 0s);
  EXPECT_EQ(retry_after("soon", now), 0s);
  EXPECT_EQ(retry_after("", now), 0s);
}

TEST(WireTest, PartsOfAKeyAreNoticed) {
  EXPECT_TRUE(holds_key("x VerySecretKey y", kKey));
  EXPECT_FALSE(holds_key("AIzaSy", kKey));
  EXPECT_TRUE(holds_key("the short one", Secret("short")));
  EXPECT_FALSE(holds_key("anything", Secret()));
}

TEST(BreakerTest, OpensAfterThreeFailuresLetsOneTryAndClosesBySuccess) {
  Random random(1);
  Breaker b;
  SteadyTime now{1h};
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(b.admit(now));
    b.failed(now, random);
  }
  EXPECT_FALSE(b.admit(now));
  EXPECT_FALSE(b.admit(now + 14s));

  now += Breaker::kFirst;
  EXPECT_TRUE(b.admit(now));   // half-open
  EXPECT_FALSE(b.admit(now));  // one at a time
  now += 5min;
  EXPECT_TRUE(b.admit(now));  // whoever asked is gone
  b.failed(now, random);
  EXPECT_FALSE(b.admit(now + 29s));  // longer than before
  now += 1min;
  EXPECT_TRUE(b.admit(now));
  b.succeeded();
  EXPECT_TRUE(b.admit(now));
}

TEST(BreakerTest, NeverStaysOpenLongerThanItsLongestAndObeysAServersWish) {
  Random random(2);
  Breaker b;
  SteadyTime now{1h};
  for (int i = 0; i < 50; ++i) {
    now += Breaker::kLongest;
    ASSERT_TRUE(b.admit(now)) << i;
    b.failed(now, random);
  }
  Breaker throttled;
  EXPECT_TRUE(throttled.admit(now));
  throttled.open_for(20min, now);
  EXPECT_FALSE(throttled.admit(now + 19min));
  EXPECT_TRUE(throttled.admit(now + 20min));
  throttled.given_up();
  EXPECT_TRUE(throttled.admit(now + 20min));
}

}  // namespace
}  // namespace stackscaler::advisor
