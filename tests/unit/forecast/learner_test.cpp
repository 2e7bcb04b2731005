// SPDX-License-Identifier: Apache-2.0
#include "forecast/learner.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace stackscaler::forecast {
namespace {

// One feature that says it all: the window's highest value is three times it.
TEST(LearnerTest, FindsTheWeightsThatDataShow) {
  Learner learner(1, 1, Features{0, 1});
  std::mt19937 engine(7);
  std::uniform_real_distribution<double> unit(1, 2);
  double before = 0;
  for (int minute = 0; minute < 3000; ++minute) {
    if (minute > 0) learner.learn(minute - 1, 3 * before);
    before = unit(engine);
    learner.predict(minute, Features{0, before}, 1);
  }

  EXPECT_NEAR(learner.expected(), 3 * before, 0.05);
}

TEST(LearnerTest, UpperIsExceededAboutAsOftenAsTheRiskSays) {
  for (const double risk : {0.05, 0.2, 0.5}) {
    Learner learner(1, 1, Features{0, 1});
    std::mt19937 engine(11);
    std::normal_distribution<double> noise(0, 1);
    int above = 0;
    int all = 0;
    double upper = 0;
    for (int minute = 0; minute < 8000; ++minute) {
      const double value = 10 + noise(engine);
      if (minute > 0) learner.learn(minute - 1, value);
      if (minute > 2000) {
        ++all;
        above += value > upper ? 1 : 0;
      }
      learner.predict(minute, Features{0, 1}, 10);
      upper = learner.upper(risk);
    }
    EXPECT_NEAR(static_cast<double>(above) / all, risk, 0.03) << risk;
  }
}

TEST(LearnerTest, TellsHowLargeErrorsAreBesideTheScale) {
  Learner learner(1, 1, Features{0, 1});
  for (int minute = 0; minute < 20000; ++minute) {
    if (minute > 0) learner.learn(minute - 1, minute % 2 == 0 ? 13 : 7);
    learner.predict(minute, Features{0, 1}, 10);
  }

  EXPECT_NEAR(learner.relative_error(), 0.3, 0.02);
}

TEST(LearnerTest, LearnsNothingFromAForecastThatWasNotMade) {
  Learner learner(1, 2, Features{0, 1});
  learner.predict(5, Features{0, 1}, 1);

  learner.learn(2, 100);

  EXPECT_DOUBLE_EQ(learner.expected(), 1);
}

}  // namespace
}  // namespace stackscaler::forecast
