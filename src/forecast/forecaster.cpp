// SPDX-License-Identifier: Apache-2.0
#include "forecast/forecaster.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stackscaler::forecast {
namespace {

constexpr std::int64_t kDay = 1440;
constexpr std::int64_t kWeek = 7 * kDay;
constexpr std::int64_t kSlot = 15;
// An order made now has to last until minute kSoon, and nothing that goes is needed again until minute kLonger; with a
// long lead so many minutes beyond it.
constexpr int kSoon = 16;
constexpr int kSoonBeyond = 5;
constexpr int kLonger = 25;
constexpr int kLongerBeyond = 10;
constexpr std::int64_t kFilled = 15;
constexpr double kShapeGain = 0.35;  // of the newest day
constexpr double kConstant = 0.3;    // the feature that is always the same; small, so that the ridge holds it down
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
// A rise over kRiseOver minutes is steep from so many times the usual one on, and is carried on for so many minutes.
constexpr std::int64_t kRiseOver = 5;
constexpr double kSteep = 2.5;
constexpr int kCarriedOn = 4;
constexpr double kRiseLife = 720;
// Errors of up to kOrdinary of the load cost what the risk says. Beyond, each minute above the limit that is avoided
// costs more instances, so the risk that is taken grows in proportion, up to kMostRisk.
constexpr double kOrdinary = 0.2;
constexpr double kMostRisk = 0.8;

std::size_t minutes_of(Duration duration) {
  return static_cast<std::size_t>(std::max<Duration::rep>(1, duration / std::chrono::minutes(1)));
}

int lead_of(Duration look_ahead) {
  return static_cast<int>(std::clamp<Duration::rep>(
      (look_ahead + std::chrono::minutes(1) - Duration(1)) / std::chrono::minutes(1), 0, 120));
}

double share(double half_life) {
  return 1 - std::exp2(-1 / half_life);
}

double risk_taken(double risk, const Learner& learner) {
  return std::clamp(risk * learner.relative_error() / kOrdinary, risk, std::max(risk, kMostRisk));
}

// A mixture of the last minutes until something is learned.
constexpr Features kPrior{0, 0.25, 0.25, 0.5};

}  // namespace

Forecaster::Forecaster(const ForecastSettings& settings)
    : settings_(settings),
      lead_(lead_of(settings.look_ahead)),
      series_(minutes_of(std::min<Duration>(settings.history, std::chrono::days(90))) + 2 * kSlot),
      soon_(lead_ + 1, std::max(lead_ + kSoonBeyond, kSoon), kPrior),
      longer_(1, std::max(lead_ + kLongerBeyond, kLonger), kPrior) {
  day_.fill(kNone);
}

std::optional<WallTime> Forecaster::last() const {
  if (series_.end() == 0) return std::nullopt;
  return WallTime(std::chrono::minutes(minute_));
}

Past Forecaster::past() const {
  Past out;
  out.needs = series_.values();
  out.first = minute_ + 1 - static_cast<std::int64_t>(out.needs.size());
  return out;
}

void Forecaster::learn(const Past& past) {
  std::int64_t minute = past.first;
  for (const float need : past.needs) {
    ++minute;  // the end of the one that the need is of
    if (!std::isnan(need)) observe(WallTime(std::chrono::minutes(minute)), static_cast<double>(need));
  }
}

std::size_t Forecaster::bytes() const {
  return sizeof(*this) + series_.bytes() + 2 * (sizeof(double) * 400 + sizeof(Features) * 160);
}

void Forecaster::observe(WallTime time, double need) {
  if (!std::isfinite(need) || need < 0) return;
  // What is said at the end of a minute is of that minute.
  const std::int64_t minute = (time.time_since_epoch() - Duration(1)) / std::chrono::minutes(1);
  if (series_.end() == 0) {
    first_minute_ = minute;
    minute_ = minute - 1;
  }
  if (minute < minute_) return;
  if (minute == minute_) {
    const double mean = series_.mean(series_.end() - 1, series_.end() - 1);
    const double sum = std::isnan(mean) ? need : (mean * in_minute_ + need) / (in_minute_ + 1);
    ++in_minute_;
    series_.replace_last(static_cast<float>(sum));
    refresh();
    return;
  }
  const std::int64_t gap = minute - minute_ - 1;
  if (gap > std::max<std::int64_t>(kWeek, static_cast<std::int64_t>(minutes_of(settings_.history)))) {
    *this = Forecaster(settings_);  // nothing of it is true any more
    observe(time, need);
    return;
  }
  const double held = gap <= kFilled ? series_.mean(series_.end() - 1, series_.end() - 1) : kNone;
  for (std::int64_t i = 0; i < gap; ++i) add(held);
  add(need);
  in_minute_ = 1;
}

void Forecaster::add(double need) {
  ++minute_;
  series_.add(static_cast<float>(need));
  if (std::isnan(need)) return;
  const auto known = static_cast<double>(std::min<std::int64_t>(series_.end(), kDay));
  level_ += (need - level_) / known;
  for (Learner* learner : {&soon_, &longer_}) {
    const std::int64_t made = series_.end() - 1 - learner->last();
    if (made < 0 || !series_.complete(made + learner->first(), made + learner->last())) continue;
    learner->learn(made, series_.max(made + learner->first(), made + learner->last()));
  }
  keep_shape();
  note_rise();
  refresh();
}

// Forecasts anew from the newest minute.
void Forecaster::refresh() {
  if (seen() < kEnough) return;
  for (Learner* learner : {&soon_, &longer_}) learner->predict(series_.end() - 1, features(*learner), scale());
}

void Forecaster::keep_shape() {
  if (minute_ % kSlot != kSlot - 1) return;
  const double now = series_.mean(series_.end() - kSlot, series_.end() - 1);
  double& slot = day_[static_cast<std::size_t>((minute_ % kDay) / kSlot)];
  slot = std::isnan(slot) ? now : slot + kShapeGain * (now - slot);
}

// Between the middles of two slots.
double Forecaster::usual(std::int64_t minute) const {
  const double at = static_cast<double>(minute % kDay) / kSlot - 0.5;
  const double below = std::floor(at);
  const auto slot = static_cast<std::size_t>(below + 96);
  const double part = at - below;
  return day_[slot % 96] * (1 - part) + day_[(slot + 1) % 96] * part;
}

double Forecaster::scale() const {
  const double hour = series_.mean(series_.end() - 60, series_.end() - 1);
  return std::max({0.5 * hour + 0.5 * level_, 0.1 * level_, 1e-6});
}

Features Forecaster::features(const Learner& learner) const {
  const std::int64_t now = series_.end() - 1;
  const double hour = series_.mean(now - 59, now);
  const auto or_hour = [hour](double value) { return std::isnan(value) ? hour : value; };
  const double shape_then = usual(minute_ + (learner.first() + learner.last()) / 2);
  const double shape_now = usual(minute_);
  const bool shaped = !std::isnan(shape_then) && !std::isnan(shape_now);
  double before_then = hour;
  double before_now = hour;
  for (const std::int64_t back : {kWeek, kDay}) {
    if (now < back + kSlot || !series_.holds(now - back - kSlot + 1)) continue;
    before_then = or_hour(series_.mean(now - back + learner.first() - 7, now - back + learner.last() + 7));
    before_now = or_hour(series_.mean(now - back - kSlot + 1, now - back));
    break;
  }
  Features out{0,
               or_hour(series_.mean(now, now)),
               or_hour(series_.mean(now - 2, now)),
               or_hour(series_.mean(now - 9, now)),
               or_hour(series_.mean(now - 29, now)),
               hour,
               shaped ? shape_then : hour,
               shaped ? shape_now : hour,
               before_then,
               before_now,
               or_hour(series_.max(now - 29, now))};
  const double by = scale();
  for (double& value : out) value /= by;
  out[0] = kConstant;
  return out;
}

void Forecaster::note_rise() {
  const std::int64_t now = series_.end() - 1;
  surge_ = 0;
  const double here = series_.mean(now - 1, now);
  const double there = series_.mean(now - 1 - kRiseOver, now - kRiseOver);
  if (now < 2 * kRiseOver || std::isnan(here) || std::isnan(there)) return;
  const double rise = here - there;
  usual_rise_ += share(kRiseLife) * (std::abs(rise) / std::max(here, 1e-3) - usual_rise_);
  if (rise <= kSteep * usual_rise_ * here) return;
  surge_ = here + rise / kRiseOver * kCarriedOn;
}

std::optional<Outlook> Forecaster::outlook() const {
  if (seen() < kEnough) return std::nullopt;
  Outlook out;
  out.expected = soon_.expected();
  const double soon = soon_.upper(risk_taken(settings_.risk, soon_));
  const double longer = longer_.upper(risk_taken(settings_.risk, longer_));
  if (!std::isfinite(soon) || !std::isfinite(longer)) return std::nullopt;
  out.surge = surge_ > soon;
  out.soon = std::max(soon, surge_);
  out.longer = std::max(longer, surge_);
  return out;
}

}  // namespace stackscaler::forecast
