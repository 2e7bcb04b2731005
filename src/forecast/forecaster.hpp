// SPDX-License-Identifier: Apache-2.0
//
// Forecaster: from the need of instances so far, minute by minute, to how many will be needed.
//
// The need is a real number: how many instances would have been just enough. Two windows are looked at: the minutes
// in which an instance ordered now begins to serve, up to the sixteenth from now (when that needs more than there are,
// it is time to order), and all of the next 25 minutes (when that needs fewer than there are, some may go). The
// features are the level of the last minutes to an hour, the usual shape of the day, and the same time last week
// (yesterday, while there is no week). A rise that is unusually steep is carried on for some minutes. Where errors are
// large beside the load, more risk is taken than was set: headroom against noise costs the more instances the larger
// the noise is. It knows only what was observed before; nothing here reads a clock. At most a megabyte for 90 days.
// State is the series: observing the same minutes again brings it back. Any thread, one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "forecast/learner.hpp"
#include "forecast/record.hpp"
#include "forecast/series.hpp"

namespace stackscaler::forecast {

struct ForecastSettings {
  double risk = 0.1;
  Duration look_ahead = std::chrono::minutes(3);  // how long an instance takes until it serves
  Duration history = std::chrono::days(14);
  bool operator==(const ForecastSettings&) const = default;
};

struct Outlook {
  double soon = 0;      // needed, but for the risk, when an instance ordered now serves and until the sixteenth minute
  double longer = 0;    // needed, but for the risk, at some time of the next 25 minutes
  double expected = 0;  // the middle of `soon`
  bool surge = false;   // an unusually steep rise was carried on
};

class Forecaster {
 public:
  explicit Forecaster(const ForecastSettings& settings);

  // The need at a time: several in a minute are averaged, what is older than the last is passed over, and gaps of up to
  // a quarter of an hour are filled with the value before.
  void observe(WallTime time, double need);
  // What it holds, and the same minutes again: a forecaster that learned them forecasts as the one that held them, but
  // for what that one has forgotten.
  [[nodiscard]] Past past() const;
  void learn(const Past& past);
  // Absent until there is enough history.
  [[nodiscard]] std::optional<Outlook> outlook() const;
  [[nodiscard]] Duration seen() const { return std::chrono::minutes(series_.end()); }
  [[nodiscard]] std::optional<WallTime> last() const;
  [[nodiscard]] std::size_t bytes() const;

  static constexpr Duration kEnough = std::chrono::hours(1);

 private:
  void add(double need);
  void refresh();
  void keep_shape();
  [[nodiscard]] double scale() const;
  [[nodiscard]] Features features(const Learner& learner) const;
  [[nodiscard]] double usual(std::int64_t minute) const;
  void note_rise();

  ForecastSettings settings_;
  int lead_;  // minutes
  Series series_;
  Learner soon_;
  Learner longer_;
  std::array<double, 96> day_;     // the usual need by quarter of an hour
  std::int64_t first_minute_ = 0;  // since 1970, of the series' first
  std::int64_t minute_ = 0;        // since 1970, of the series' last
  int in_minute_ = 0;              // how many observations it has
  double level_ = 0;               // the mean of a day or so
  double usual_rise_ = 0.05;       // how much the need changes in five minutes, as a share
  double surge_ = 0;               // what a steep rise comes to, or 0
};

}  // namespace stackscaler::forecast
