// SPDX-License-Identifier: Apache-2.0
//
// The whole program with a model as advisor: real terraform, real Prometheus, and a server that speaks Gemini's format.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "e2e/model_server.hpp"
#include "e2e/world.hpp"

namespace stackscaler::e2e {
namespace {

const std::string kKey = "AIzaSyNobodyMaySeeThis-0123456789";

std::string words(const std::string& action, int target, double confidence) {
  std::ostringstream out;
  out << R"({"action":")" << action << R"(","target":)" << target << R"(,"confidence":)" << confidence
      << R"(,"reason":"by the numbers"})";
  return out.str();
}

class AdvisorEndToEnd : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string what = World::missing(); !what.empty()) GTEST_SKIP() << what;
    ::setenv("GEMINI_API_KEY", kKey.c_str(), 1);
  }
  void TearDown() override { ::unsetenv("GEMINI_API_KEY"); }

  [[nodiscard]] std::string policy(const std::string& more = "",
                                   const std::string& bounds = "{ min: 1, max: 4 }") const {
    return World::policy(bounds, "  advisor: { type: gemini, baseURL: \"" + model.url() + "\"" + more + " }\n");
  }
  static bool decided(const World& w, const std::string& reason) {
    return w.eventually([&] { return w.status("web.yaml", "lastDecision.reason") == reason; });
  }

  ModelServer model;
};

// Every file below the folder whose bytes hold the text.
std::vector<std::string> files_with(const std::filesystem::path& folder, const std::string& text) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.find(text) != std::string::npos) out.push_back(entry.path().string());
  }
  return out;
}

TEST_F(AdvisorEndToEnd, SureAdviceScalesAndUnsureAdviceDoesNotAndSaysWhy) {
  World w(1);
  model.say(words("scale_up", 3, 0.6));
  w.write_policy("web.yaml", policy());
  w.start();

  ASSERT_TRUE(decided(w, "LowConfidence"));
  EXPECT_NE(w.status("web.yaml", "lastDecision.message").find("confidence 0.60 is below 0.70"), std::string::npos);
  EXPECT_EQ(w.status("web.yaml", "lastDecision.advisor"), "gemini");
  EXPECT_EQ(w.count(), 1);

  model.say(words("scale_up", 3, 0.85));
  w.load.set(51);  // the same numbers would not be asked again
  ASSERT_TRUE(w.eventually([&] { return w.count() == 3; }));
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "currentInstances") == "3"; }));
  EXPECT_EQ(w.status("web.yaml", "AdvisorAvailable.status"), "True");
  EXPECT_EQ(model.keys().front(), kKey);
  EXPECT_TRUE(model.bodies().front().starts_with("/v1beta/models/gemini-2.5-flash:generateContent\n"));
  EXPECT_EQ(model.bodies().front().find("test_cpu"), std::string::npos);
}

TEST_F(AdvisorEndToEnd, GarbageLeadsToTheRulesWhichScale) {
  World w(1);
  model.say("As a language model I would scale up a lot!");
  w.write_policy("web.yaml", policy());
  w.load.set(90);
  w.start();

  ASSERT_TRUE(w.eventually([&] { return w.count() == 2; }));
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "AdvisorAvailable.reason") == "AdviceInvalid"; }));
  EXPECT_EQ(w.status("web.yaml", "AdvisorAvailable.status"), "False");
  EXPECT_EQ(w.status("web.yaml", "lastDecision.advisor"), "rules");
  EXPECT_LE(model.bodies().size(), 5U);  // the breaker
}

TEST_F(AdvisorEndToEnd, DroppingToZeroAtFullLoadIsVetoed) {
  World w(3);
  model.say(words("scale_down", 0, 1.0));
  w.write_policy("web.yaml", policy(", authority: full", "{ min: 0, max: 4 }"));
  w.load.set(95);
  w.start();

  ASSERT_TRUE(decided(w, "MetricVeto"));
  EXPECT_NE(w.status("web.yaml", "lastDecision.message").find("no scale-down while cpu 95 is above 75"),
            std::string::npos);
  EXPECT_TRUE(w.always_for(3, [&] { return w.count() == 3; }));
}

TEST_F(AdvisorEndToEnd, WithoutAKeyTheRulesDecideAndItIsSaidOnce) {
  ::unsetenv("GEMINI_API_KEY");
  World w(1);
  w.write_policy("web.yaml", policy("", "{ min: 1, max: 2 }"));
  w.load.set(90);
  w.start();

  ASSERT_TRUE(w.eventually([&] { return w.count() == 2; }));
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "AdvisorAvailable.reason") == "AdvisorNotConfigured"; }));
  EXPECT_NE(w.status("web.yaml", "lastDecision.message").find("gemini is not configured"), std::string::npos);
  EXPECT_TRUE(w.always_for(4, [] { return true; }));
  const std::string log = w.log();
  const std::string once = "the advisor is not available";
  const std::size_t first = log.find(once);
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(log.find(once, first + 1), std::string::npos);
  EXPECT_EQ(log.find("level=error"), std::string::npos);
  EXPECT_TRUE(model.bodies().empty());
}

TEST_F(AdvisorEndToEnd, Law8TheKeyIsInNoLogStatusJournalOrError) {
  World w(1);
  model.say(kKey, 503);  // an error that repeats the key
  w.write_policy("web.yaml", policy());
  w.start();
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "AdvisorAvailable.reason") == "AdvisorUnreachable"; }));

  model.say(R"({"action":"scale_up","target":2,"confidence":1,"reason":")" + kKey + "\"}");
  w.write_policy("web.yaml", policy(", timeout: 9s"));  // an edit is tried at once
  ASSERT_TRUE(w.eventually([&] { return w.status("web.yaml", "AdvisorAvailable.reason") == "AdviceInvalid"; }));

  model.say(words("scale_up", 2, 0.9));
  w.write_policy("web.yaml", policy(", timeout: 8s"));
  ASSERT_TRUE(w.eventually([&] { return w.count() == 2; }));
  const Outcome shown = w.command(
      {"advise", "--print-prompt", (w.policies() / "web.yaml").string(), "--prometheus-url", w.prometheus.url()});
  const Outcome asked =
      w.command({"advise", "-o", "json", (w.policies() / "web.yaml").string(), "--prometheus-url", w.prometheus.url()});
  w.signal(SIGTERM);
  EXPECT_EQ(w.wait_for_exit(), 0);

  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_EQ((shown.out + shown.err + asked.out + asked.err).find(kKey), std::string::npos);
  EXPECT_NE(shown.out.find(model.url() + "/v1beta/models/gemini-2.5-flash:generateContent\n{"), std::string::npos);
  EXPECT_EQ(files_with(w.policies().parent_path(), kKey), std::vector<std::string>());
  EXPECT_EQ(files_with(w.stack.folder(), kKey), std::vector<std::string>());
  EXPECT_FALSE(files_with(w.policies().parent_path(), "AdvisorUnreachable").empty());  // the search finds what is there
}

TEST_F(AdvisorEndToEnd, NotAppliedTheAdviceIsReportedBesideTheRules) {
  World w(1);
  model.say(words("scale_up", 4, 0.95));
  w.write_policy("web.yaml", policy(", apply: false"));
  w.start();

  ASSERT_TRUE(w.eventually([&] {
    return w.status("web.yaml", "lastDecision.message").find("not applied: gemini advises 4 (0.95)") !=
           std::string::npos;
  }));
  EXPECT_EQ(w.status("web.yaml", "lastDecision.advisor"), "rules");
  EXPECT_TRUE(w.always_for(3, [&] { return w.count() == 1; }));
}

}  // namespace
}  // namespace stackscaler::e2e
