// SPDX-License-Identifier: Apache-2.0
#include "forecast/learner.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace stackscaler::forecast {
namespace {

// Half-lives in minutes.
constexpr double kWeightsLife = 5 * 1440;
constexpr double kErrorsLife = 3 * 1440;
constexpr double kSpreadLife = 45;
constexpr double kNoiseLife = 1440;
constexpr double kRidge = 20;
constexpr int kFitEvery = 15;
constexpr double kLeastSpread = 0.002;  // of the scale
// The histogram of errors, in spreads.
constexpr double kLowest = -4;
constexpr double kWidth = 0.05;
constexpr std::size_t kBins = 400;
constexpr double kFewErrors = 30;
constexpr double kFewErrorsSpreads = 2;  // until then
constexpr double kLargeGain = 1e9;

double growth(double half_life) {
  return std::exp2(1 / half_life);
}

}  // namespace

Learner::Learner(int first, int last, const Features& prior)
    : first_(first),
      last_(last),
      prior_(prior),
      weights_(prior),
      forecasts_(static_cast<std::size_t>(last) + 1),
      errors_(kBins) {}

void Learner::predict(std::int64_t now, const Features& features, double scale) {
  double sum = 0;
  for (std::size_t i = 0; i < kFeatures; ++i) sum += weights_[i] * features[i];
  latest_ = now;
  forecasts_[static_cast<std::size_t>(now) % forecasts_.size()] =
      Forecast{now, features, scale, std::max(0.0, sum * scale), spread_ + kLeastSpread * scale};
}

void Learner::learn(std::int64_t made, double highest) {
  const Forecast& forecast = kept(made);
  if (forecast.minute != made) return;
  note_error(forecast, highest);
  gain_ *= growth(kWeightsLife);
  const double target = highest / forecast.scale;
  for (std::size_t i = 0; i < kFeatures; ++i) {
    products_[i] += gain_ * forecast.features[i] * target;
    for (std::size_t j = 0; j <= i; ++j) moments_[i][j] += gain_ * forecast.features[i] * forecast.features[j];
  }
  if (gain_ > kLargeGain) {
    for (std::size_t i = 0; i < kFeatures; ++i) {
      products_[i] /= gain_;
      for (std::size_t j = 0; j <= i; ++j) moments_[i][j] /= gain_;
    }
    gain_ = 1;
  }
  if (++samples_ % kFitEvery == 0) fit();
}

void Learner::note_error(const Forecast& forecast, double highest) {
  const double error = highest - forecast.prediction;
  const double bin = std::floor((error / forecast.spread - kLowest) / kWidth);
  error_gain_ *= growth(kErrorsLife);
  errors_[static_cast<std::size_t>(std::clamp(bin, 0.0, static_cast<double>(kBins - 1)))] += error_gain_;
  error_weight_ += error_gain_;
  if (error_gain_ > kLargeGain) {
    for (double& weight : errors_) weight /= error_gain_;
    error_weight_ /= error_gain_;
    error_gain_ = 1;
  }
  relative_error_ += (1 - 1 / growth(kNoiseLife)) * (std::abs(error) / forecast.scale - relative_error_);
  spread_ += (1 - 1 / growth(kSpreadLife)) * (std::abs(error) - spread_);
}

// Solves (moments + ridge) w = products + ridge * prior by Cholesky's decomposition; the ridge keeps it positive.
void Learner::fit() {
  std::array<Features, kFeatures> lower{};
  Features right{};
  for (std::size_t i = 0; i < kFeatures; ++i) {
    right[i] = products_[i] / gain_ + kRidge * prior_[i];
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = moments_[i][j] / gain_ + (i == j ? kRidge : 0.0);
      for (std::size_t k = 0; k < j; ++k) sum -= lower[i][k] * lower[j][k];
      lower[i][j] = i == j ? std::sqrt(std::max(sum, 1e-9)) : sum / lower[j][j];
    }
  }
  for (std::size_t i = 0; i < kFeatures; ++i) {
    for (std::size_t k = 0; k < i; ++k) right[i] -= lower[i][k] * right[k];
    right[i] /= lower[i][i];
  }
  for (std::size_t i = kFeatures; i-- > 0;) {
    for (std::size_t k = i + 1; k < kFeatures; ++k) right[i] -= lower[k][i] * right[k];
    right[i] /= lower[i][i];
  }
  if (std::all_of(right.begin(), right.end(), [](double w) { return std::isfinite(w); })) weights_ = right;
}

double Learner::quantile(double risk) const {
  if (error_weight_ < kFewErrors * error_gain_) return kFewErrorsSpreads;
  double above = 0;
  for (std::size_t bin = kBins; bin-- > 0;) {
    above += errors_[bin];
    if (above >= risk * error_weight_) return kLowest + kWidth * static_cast<double>(bin + 1);
  }
  return kLowest;
}

double Learner::upper(double risk) const {
  const Forecast& forecast = kept(latest_);
  return forecast.prediction + quantile(risk) * forecast.spread;
}

}  // namespace stackscaler::forecast
