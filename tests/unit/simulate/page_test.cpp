// SPDX-License-Identifier: Apache-2.0
#include "simulate/page.hpp"

#include <gtest/gtest.h>

#include "replay_support.hpp"

namespace stackscaler::simulate {
namespace {

TEST(PageTest, NothingFromOutsideLeavesItsPlace) {
  const std::string hostile = "</script><script>alert(1)</script>\"'&\xe2\x80\xa8<!--";
  const Load load = load_of({0.5, 0.9, 0.9});
  Page page(load);
  page.begin(hostile, "rules");
  Step step;
  step.total = 1;
  step.desired = 2;
  step.message = hostile;
  step.reason = "AboveThreshold";
  page.step(step);
  page.end(Measures{});

  const std::string html = page.render();

  EXPECT_EQ(html.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(html.find("<script>alert"), std::string::npos);
  EXPECT_EQ(html.find("<!--"), std::string::npos);
  EXPECT_NE(html.find("\\u003c/script\\u003e\\u003cscript\\u003ealert(1)"), std::string::npos);
  EXPECT_NE(html.find("&lt;/script&gt;"), std::string::npos);
}

TEST(PageTest, AsksNobodyForAnything) {
  const Load load = load_of({0.5});
  Page page(load);

  const std::string html = page.render();

  EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(html.find("src=\""), std::string::npos);
  EXPECT_EQ(html.find("href=\""), std::string::npos);
  EXPECT_EQ(html.find("https://"), std::string::npos);
}

TEST(PageTest, ALongSimulationIsCutIntoSpansWithTheirWorst) {
  const Load load = load_of(std::vector<double>(30'000, 0.5));
  Page page(load);
  page.begin("web", "rules");
  Step step;
  step.total = step.desired = step.serving = 1;
  for (int i = 0; i < 30'000; ++i) {
    step.time = load.start + load.tick * i;
    step.load = i == 20'001 ? 7 : 0.5;
    page.step(step);
  }
  page.end(Measures{});

  const std::string html = page.render();

  EXPECT_NE(html.find("\"span\":180,"), std::string::npos);
  EXPECT_NE(html.find(",7,0.5"), std::string::npos);
  EXPECT_LT(html.size(), 400'000U);
}

}  // namespace
}  // namespace stackscaler::simulate
