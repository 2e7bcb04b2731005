// SPDX-License-Identifier: Apache-2.0
//
// ModelAdvisor and ModelClient against a real HTTP server that speaks Gemini's or OpenAI's format.
#include "advisor/model_advisor.hpp"

#include <gtest/gtest.h>

#include <boost/asio/write.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "advisor/by_type.hpp"
#include "advisor/rules.hpp"
#include "advisor_support.hpp"
#include "support/fake_clock.hpp"
#include "support/raw_server.hpp"
#include "support/run.hpp"
#include "support/scripted_http.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::advisor {
namespace {

using namespace std::chrono_literals;
using decision::Action;
using decision::Advice;
using nlohmann::json;

const std::string kGemini = "/v1beta/models/gemini-2.5-flash:generateContent";
const std::string kOpenAi = "/v1/chat/completions";
const std::string kKey = "AIzaSyVerySecretKey0123456789";

std::string gemini_answer(const std::string& text) {
  return json{{"candidates", {{{"content", {{"parts", {{{"text", text}}}}}}, {"finishReason", "STOP"}}}}}.dump();
}
std::string openai_answer(const std::string& text) {
  return json{{"choices", {{{"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}}}}}
      .dump();
}

class ModelAdvisorTest : public testing::Test {
 protected:
  ModelAdvisorTest() {
    environment["GEMINI_API_KEY"] = kKey;
    policy.key.name = "web";
    policy.spec = spec();
    policy.spec_digest = "1";
    policy.spec.advisor.type = policy::AdvisorType::gemini;
    policy.spec.advisor.base_url = server.url();
    policy.spec.advisor.timeout = 2s;
    server.answer(kGemini, 200, gemini_answer(words("scale_up", "7", "0.85")));
  }
  ~ModelAdvisorTest() override { http.close(); }

  Advice advise(double cpu = 80, int current = 5) { return advise(observe(current, cpu)); }
  Advice advise(const decision::Observation& o) {
    const auto signals = decision::read_signals(policy.spec, o, {}, kNow);
    auto advice = test::run(io, advisor.advise(policy, o, signals));
    EXPECT_TRUE(advice);
    return advice ? *advice : Advice();
  }
  void use_openai(const std::string& text) {
    policy.spec.advisor.type = policy::AdvisorType::openai;
    server.answer(kOpenAi, 200, openai_answer(text));
  }
  std::size_t asked() const { return server.asked().size(); }
  void expect_fallback(const Advice& a, const std::string& reason, const std::string& said) {
    EXPECT_EQ(a.advisor, "rules");
    EXPECT_EQ(a.target, 6);  // what cpu 80 asks for
    EXPECT_EQ(a.unavailable, reason);
    EXPECT_NE(a.message.find(said), std::string::npos) << a.message;
    EXPECT_NE(a.message.find("; rules: cpu 80 is above 75"), std::string::npos) << a.message;
    EXPECT_EQ(a.message.find(kKey), std::string::npos);
  }

  boost::asio::io_context io;
  test::FakeClock clock{io};
  test::MemoryLog log;
  Random random{1};
  std::map<std::string, std::string> environment;
  test::ScriptedHttp server{io};
  http::Client http{io.get_executor()};
  ModelClient client{http, clock, log, nullptr, [this](const std::string& name) -> std::optional<std::string> {
                       const auto found = environment.find(name);
                       if (found == environment.end()) return std::nullopt;
                       return found->second;
                     }};
  RulesAdvisor rules;
  ModelAdvisor advisor{ModelAdvisor::Parts{client, clock, log, random, rules, rules}};
  policy::ScalingPolicy policy;
};

TEST_F(ModelAdvisorTest, GeminiAdvises) {
  const Advice a = advise();

  EXPECT_EQ(a.advisor, "gemini");
  EXPECT_EQ(a.action, Action::scale_up);
  EXPECT_EQ(a.target, 7);
  EXPECT_EQ(a.confidence, 0.85);
  EXPECT_TRUE(a.unavailable.empty());
  EXPECT_EQ(json::parse(a.asked)["count"], 5);
  ASSERT_EQ(asked(), 1U);
  EXPECT_EQ(server.requests()[0].headers.get("x-goog-api-key"), kKey);
  EXPECT_EQ(advisor.stats().asked, 1U);
  EXPECT_GT(advisor.stats().prompt_bytes, 100U);
}

TEST_F(ModelAdvisorTest, ALocalOpenAiServerAdvisesWithoutAKey) {
  use_openai("```json\n" + words("scale_up", "6", "0.9") + "\n```");

  const Advice a = advise();

  EXPECT_EQ(a.advisor, "openai");
  EXPECT_EQ(a.target, 6);
  EXPECT_EQ(server.requests()[0].headers.get("Authorization"), "");
}

TEST_F(ModelAdvisorTest, WhatAServerRejectsIsLeftOutThenAndFromThenOn) {
  use_openai(words("scale_up", "6", "0.9"));
  server.answer(kOpenAi, 400, R"({"error":{"message":"'response_format.type' must be 'json_object'"}})");
  EXPECT_EQ(advise().unavailable, "AdvisorRefused");
  ASSERT_EQ(asked(), 3U);
  const auto format = [&](std::size_t i) {
    return json::parse(server.requests()[i].body).value("response_format", json());
  };
  EXPECT_EQ(format(0)["type"], "json_schema");
  EXPECT_EQ(format(1)["type"], "json_object");
  EXPECT_TRUE(format(2).is_null());
  EXPECT_EQ(advisor.stats().asked, 1U);
}

TEST_F(ModelAdvisorTest, AMissingKeyLeadsToRulesWithoutARequestOrAStorm) {
  environment.clear();
  for (int i = 0; i < 10; ++i) {
    expect_fallback(advise(), "AdvisorNotConfigured",
                    "gemini is not configured: the environment variable GEMINI_API_KEY is not set");
    clock.advance(1min);
  }
  EXPECT_EQ(asked(), 0U);
  int warnings = 0;
  for (const std::string& line : log.lines()) warnings += line.find("not available") != std::string::npos ? 1 : 0;
  EXPECT_EQ(warnings, 1);

  environment["GEMINI_API_KEY"] = kKey;
  EXPECT_EQ(advise().advisor, "gemini");
  EXPECT_TRUE(log.contains("available again"));
}

TEST_F(ModelAdvisorTest, TheKeyMayComeFromAFileThatIsReadForEachQuestion) {
  const test::TempDir dir;
  policy.spec.advisor.key_file = (dir / "key").string();
  expect_fallback(advise(), "AdvisorNotConfigured", "apiKey.file");
  std::ofstream(dir / "key") << "first-key\n";

  EXPECT_EQ(advise().advisor, "gemini");
  std::ofstream(dir / "key") << "second-key\n";
  EXPECT_EQ(advise(90).advisor, "gemini");

  EXPECT_EQ(server.requests()[0].headers.get("x-goog-api-key"), "first-key");
  EXPECT_EQ(server.requests()[1].headers.get("x-goog-api-key"), "second-key");
  std::ofstream(dir / "key") << "two\nlines\n";
  expect_fallback(advise(80, 5), "AdvisorNotConfigured", "more than one line");
}

TEST_F(ModelAdvisorTest, NoOtherSecretOfTheProcessCanBeSent) {
  environment["AWS_SECRET_ACCESS_KEY"] = "aws";
  policy.spec.advisor.key_env = "AWS_SECRET_ACCESS_KEY";

  expect_fallback(advise(), "AdvisorNotConfigured", "must end in _API_KEY");
  EXPECT_EQ(asked(), 0U);
}

TEST_F(ModelAdvisorTest, FaultsOfTheServerLeadToRules) {
  const std::string echo = R"({"error":{"message":")" + kKey + R"("}})";
  const std::tuple<int, std::string, std::string> cases[] = {{401, "AdvisorRefused", "HTTP 401"},
                                                             {404, "AdvisorRefused", "HTTP 404"},
                                                             {429, "AdvisorThrottled", "HTTP 429"},
                                                             {500, "AdvisorUnreachable", "HTTP 500"},
                                                             {503, "AdvisorUnreachable", "HTTP 503"}};
  for (const auto& [status, reason, said] : cases) {
    policy.spec_digest += "x";  // an edited policy is tried at once
    server.answer(kGemini, status, echo);
    expect_fallback(advise(), reason, said);
  }
  for (const std::string& line : log.lines()) EXPECT_EQ(line.find(kKey), std::string::npos) << line;
}

TEST_F(ModelAdvisorTest, NonsenseLeadsToRulesAndTheTraceSaysWhatItWas) {
  server.answer(kGemini, 200, gemini_answer("I think you should scale to about seven."));

  const Advice a = advise();

  expect_fallback(a, "AdviceInvalid", "gemini's answer is no advice: the answer holds no JSON object");
  ASSERT_FALSE(a.trace.empty());
  EXPECT_EQ(a.trace[0].step, "validation");
  EXPECT_EQ(advisor.stats().invalid, 1U);
}

TEST_F(ModelAdvisorTest, AnAnswerThatEchoesTheKeyIsNotUsed) {
  server.answer(kGemini, 200,
                gemini_answer(R"({"action":"scale_up","target":6,"confidence":1,"reason":")" + kKey + "\"}"));

  expect_fallback(advise(), "AdviceInvalid", "the key in its text");
}

TEST_F(ModelAdvisorTest, ASlowServerIsLeftAtTheDeadline) {
  server.hang(kGemini);
  policy.spec.advisor.timeout = 200ms;

  const auto begun = std::chrono::steady_clock::now();
  expect_fallback(advise(), "AdvisorUnreachable", "did not answer within 200ms");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

TEST_F(ModelAdvisorTest, AnAnswerThatIsTooLongIsNotRead) {
  server.answer(kGemini, 200, gemini_answer(std::string(kMaxReply, 'a')));

  expect_fallback(advise(), "AdviceInvalid", "too long");
}

TEST_F(ModelAdvisorTest, AConnectionThatBreaksOffLeadsToRules) {
  test::RawServer raw(io, [](test::RawSocket& socket, int) -> boost::asio::awaitable<void> {
    co_await test::read_request_head(socket);
    co_await test::send_bytes(
        socket, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"candi");
  });
  policy.spec.advisor.base_url = raw.url();

  expect_fallback(advise(), "AdvisorUnreachable", "can't be reached");
}

TEST_F(ModelAdvisorTest, AConnectionThatWasClosedMeanwhileIsNoFailure) {
  const std::string body = gemini_answer(words("scale_up", "7", "0.85"));
  const std::string whole =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  test::RawServer raw(io, [&](test::RawSocket& socket, int number) -> boost::asio::awaitable<void> {
    co_await test::read_request_head(socket);
    if (number > 1) co_await test::send_bytes(socket, whole);
  });
  policy.spec.advisor.base_url = raw.url();

  EXPECT_EQ(advise().advisor, "gemini");
  EXPECT_EQ(raw.connections(), 2);
}

TEST_F(ModelAdvisorTest, AfterThreeFailuresTheServerIsLeftAloneAndComesBackByItself) {
  server.answer(kGemini, 500, "");
  for (int i = 0; i < 20; ++i) expect_fallback(advise(), "AdvisorUnreachable", "HTTP 500");
  EXPECT_EQ(asked(), 3U);
  EXPECT_EQ(advisor.stats().held_back, 17U);

  server.answer(kGemini, 200, gemini_answer(words("scale_up", "7", "0.85")));
  expect_fallback(advise(), "AdvisorUnreachable", "HTTP 500");
  clock.advance(31s);
  EXPECT_EQ(advise().advisor, "gemini");
}

TEST_F(ModelAdvisorTest, RetryAfterIsObeyedAtOnce) {
  server.answer(kGemini, 429, "{}");
  server.header(kGemini, "Retry-After", "120");
  expect_fallback(advise(), "AdvisorThrottled", "HTTP 429");
  server.answer(kGemini, 200, gemini_answer(words("scale_up", "7", "0.85")));

  clock.advance(119s);
  expect_fallback(advise(), "AdvisorThrottled", "HTTP 429");
  EXPECT_EQ(asked(), 1U);
  clock.advance(1s);
  EXPECT_EQ(advise().advisor, "gemini");
}

TEST_F(ModelAdvisorTest, TheSameNumbersAreNotAskedAgainWithinHalfAnHour) {
  server.answer(kGemini, 200, gemini_answer(words("no_change", "5", "0.9")));
  EXPECT_EQ(advise(50).message, "gemini advises no change (0.90): load");
  for (int i = 0; i < 20; ++i) {
    clock.advance(1min);
    EXPECT_EQ(advise(50.000001).advisor, "gemini");
  }
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(advisor.stats().cached, 20U);

  advise(51);
  EXPECT_EQ(asked(), 2U);
  clock.advance(31min);
  advise(51);
  EXPECT_EQ(asked(), 3U);
}

TEST_F(ModelAdvisorTest, TheSameAdviceAgainAndAgainBecomesTheSameQuestion) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(advise().target, 7);

  EXPECT_EQ(asked(), 2U);  // without and with its own first answer
}

TEST_F(ModelAdvisorTest, EarlierLooksAndAnswersAreInTheNextQuestion) {
  advise(80, 5);
  advise(82, 7);
  const Advice a = advise(50, 7);

  const json question = json::parse(a.asked);
  EXPECT_EQ(question["past"].size(), 2U);
  EXPECT_EQ(question["past"][0]["count"], 5);
  EXPECT_EQ(question["advised"][0]["from"], 5);
  EXPECT_EQ(question["advised"][0]["countAfter"], 7);
}

TEST_F(ModelAdvisorTest, OnPressureItIsAskedOnlyNearALimit) {
  policy.spec.advisor.consult = policy::Consult::on_pressure;
  const Advice calm = advise(50);
  EXPECT_EQ(calm.advisor, "rules");
  EXPECT_TRUE(calm.unavailable.empty());
  EXPECT_EQ(calm.trace.at(0).message, "gemini was not asked: no metric is near a limit");
  EXPECT_EQ(asked(), 0U);

  EXPECT_EQ(advise(70).advisor, "gemini");
  EXPECT_EQ(advisor.stats().not_asked, 1U);
}

TEST_F(ModelAdvisorTest, EverySoOftenItIsAskedAndRulesDecideBetween) {
  policy.spec.advisor.consult = policy::Consult::every;
  policy.spec.advisor.consult_every = 15min;
  EXPECT_EQ(advise(80).advisor, "gemini");
  clock.advance(14min);
  EXPECT_EQ(advise(81).advisor, "rules");
  clock.advance(1min);
  EXPECT_EQ(advise(82).advisor, "gemini");
  EXPECT_EQ(asked(), 2U);
}

TEST_F(ModelAdvisorTest, WithoutAnyValueNobodyIsAsked) {
  const Advice a = advise(observe(5, std::nullopt));

  EXPECT_EQ(a.advisor, "rules");
  EXPECT_EQ(a.action, Action::no_change);
  EXPECT_EQ(asked(), 0U);
}

TEST_F(ModelAdvisorTest, NotAppliedItStandsBesideTheRules) {
  policy.spec.advisor.apply = false;
  const auto o = observe(5, 50.0);

  const Advice a = advise(o);

  EXPECT_EQ(a.advisor, "rules");
  EXPECT_EQ(a.action, Action::no_change);
  ASSERT_TRUE(a.beside);
  EXPECT_EQ(a.beside->target, 7);
  const auto d = decision::decide(policy.spec, o, a, {}, kNow);
  EXPECT_EQ(d.to, 5);
  EXPECT_NE(d.message.find("; not applied: gemini advises 7 (0.85): load"), std::string::npos) << d.message;
}

class OtherAdvisor final : public ports::Advisor {
 public:
  boost::asio::awaitable<Result<Advice>> advise(const policy::ScalingPolicy&, const decision::Observation&,
                                                const decision::Signals&) override {
    if (broken) co_return fail(ErrorKind::unavailable, "no history");
    Advice a;
    a.advisor = "forecast";
    a.action = Action::scale_up;
    a.target = 9;
    a.message = "peak ahead";
    co_return a;
  }
  bool broken = false;
};

TEST_F(ModelAdvisorTest, TheFallbackIsThePolicysAndRulesStandBehindIt) {
  environment.clear();
  policy.spec.advisor.fallback = policy::AdvisorType::forecast;
  OtherAdvisor forecast;
  ModelAdvisor with_forecast{ModelAdvisor::Parts{client, clock, log, random, rules, forecast}};
  const auto o = observe(5, 80.0);
  const auto signals = decision::read_signals(policy.spec, o, {}, kNow);

  const auto a = test::run(io, with_forecast.advise(policy, o, signals));
  forecast.broken = true;
  const auto b = test::run(io, with_forecast.advise(policy, o, signals));

  EXPECT_EQ(a->advisor, "forecast");
  EXPECT_EQ(a->target, 9);
  EXPECT_EQ(b->advisor, "rules");
}

TEST_F(ModelAdvisorTest, ThePolicysTypePicksTheAdvisor) {
  AdvisorByType by_type(AdvisorByType::Parts{rules, nullptr, &advisor});
  const auto o = observe(5, 80.0);
  const auto signals = decision::read_signals(policy.spec, o, {}, kNow);

  EXPECT_EQ(test::run(io, by_type.advise(policy, o, signals))->advisor, "gemini");
  policy.spec.advisor.type = policy::AdvisorType::rules;
  EXPECT_EQ(test::run(io, by_type.advise(policy, o, signals))->advisor, "rules");
  policy.spec.advisor.type = policy::AdvisorType::forecast;
  EXPECT_EQ(test::run(io, by_type.advise(policy, o, signals))->unavailable, "AdvisorNotConfigured");
  OtherAdvisor forecast;
  forecast.broken = true;
  AdvisorByType broken(AdvisorByType::Parts{rules, &forecast, &advisor});
  const auto instead = test::run(io, broken.advise(policy, o, signals));
  EXPECT_EQ(instead->target, 6);
  EXPECT_EQ(instead->unavailable_message, "forecast: no history");
}

TEST_F(ModelAdvisorTest, WhatIsShownIsWhatIsSent) {
  advise();
  const auto o = observe(5, 80.0);
  const Prompt p =
      make_prompt(policy.spec, policy.spec.bounds, o, decision::read_signals(policy.spec, o, {}, kNow), {}, {});

  const auto shown = ModelClient::shown_request(policy.spec.advisor, p);

  ASSERT_TRUE(shown);
  EXPECT_EQ(*shown, server.url() + kGemini + "\n" + server.requests()[0].body);
}

}  // namespace
}  // namespace stackscaler::advisor
