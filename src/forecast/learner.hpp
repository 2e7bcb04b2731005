// SPDX-License-Identifier: Apache-2.0
//
// Learner: predicts the highest value of a window of minutes to come, and how wrong it tends to be.
//
// The prediction is a ridge regression on a few features of the past, fitted anew every quarter of an hour to all
// samples with exponentially falling weight. Its own past errors, divided by how large errors were of late, fill a
// histogram; upper() is the prediction plus the error that is exceeded with the given probability. It learns from a
// prediction only when the window it spoke of has passed, so errors are those of real forecasts.
// Units: those of the series. Sources: ridge regression (Hoerl and Kennard, 1970); normalized residual quantiles as in
// conformal prediction (Vovk et al., 2005). Any thread, one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace stackscaler::forecast {

inline constexpr std::size_t kFeatures = 11;
using Features = std::array<double, kFeatures>;

class Learner {
 public:
  // The window: minutes `first` to `last` after the minute in which it is asked. `prior`: the weights that hold until
  // data say otherwise.
  Learner(int first, int last, const Features& prior);

  [[nodiscard]] int first() const { return first_; }
  [[nodiscard]] int last() const { return last_; }

  // The forecast made in minute `now`, kept for learn(). `scale`: what the features were divided by.
  void predict(std::int64_t now, const Features& features, double scale);
  // The window of the forecast made in minute `made` had this highest value.
  void learn(std::int64_t made, double highest);
  // What the window's highest value exceeds with probability `risk`, by the latest forecast.
  [[nodiscard]] double upper(double risk) const;
  // How large errors were in the last day or so, as a mean and a share of the scale.
  [[nodiscard]] double relative_error() const { return relative_error_; }
  [[nodiscard]] double expected() const { return kept(latest_).prediction; }

 private:
  struct Forecast {
    std::int64_t minute = -1;
    Features features{};
    double scale = 1;
    double prediction = 0;
    double spread = 1;
  };
  [[nodiscard]] const Forecast& kept(std::int64_t minute) const {
    return forecasts_[static_cast<std::size_t>(minute) % forecasts_.size()];
  }
  void note_error(const Forecast& forecast, double highest);
  void fit();
  [[nodiscard]] double quantile(double risk) const;

  int first_;
  int last_;
  Features prior_;
  Features weights_;
  std::array<Features, kFeatures> moments_{};
  Features products_{};
  double gain_ = 1;  // the weight of the next sample: it grows, instead of all others falling
  int samples_ = 0;
  std::vector<Forecast> forecasts_;  // a ring
  std::int64_t latest_ = 0;
  std::vector<double> errors_;  // histogram
  double error_gain_ = 1;
  double error_weight_ = 0;
  double spread_ = 0;  // the mean error of late
  double relative_error_ = 0.1;
};

}  // namespace stackscaler::forecast
