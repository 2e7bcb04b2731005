// SPDX-License-Identifier: Apache-2.0
#include "simulate/replay.hpp"

#include <algorithm>
#include <deque>

namespace stackscaler::simulate {
namespace {

using decision::Action;

// The instances: serving, and those that boot, in the order in which they will serve.
class Fleet {
 public:
  explicit Fleet(int count) : serving_(count), total_(count) {}
  void boot(WallTime now) {
    while (!booting_.empty() && booting_.front().ready <= now) {
      serving_ += booting_.front().count;
      booting_.pop_front();
    }
  }
  void set(int count, WallTime ready) {
    if (count > total_) booting_.push_back({ready, count - total_});
    for (int surplus = total_ - count; surplus > 0;) {
      // The youngest go first.
      int& from = booting_.empty() ? serving_ : booting_.back().count;
      const int gone = std::min(from, surplus);
      from -= gone;
      surplus -= gone;
      if (!booting_.empty() && booting_.back().count == 0) booting_.pop_back();
    }
    total_ = count;
  }
  [[nodiscard]] int serving() const { return serving_; }
  [[nodiscard]] int total() const { return total_; }

 private:
  struct Batch {
    WallTime ready;
    int count;
  };
  std::deque<Batch> booting_;
  int serving_;
  int total_;
};

double seen_by(const policy::Metric& metric, const Load& load, double value, int serving) {
  if (metric.desired) return demand(value, load.slo);
  if (metric.preset == policy::Preset::instances) return serving;
  if (metric.target && metric.target->type != policy::TargetType::utilization &&
      metric.preset == policy::Preset::none) {
    return value * load.capacity;
  }
  return utilization(value, serving);
}

// The live loop's turn, with what it remembers between turns.
class Turns {
 public:
  Turns(const policy::ScalingPolicy& policy, const Load& load, const Conditions& conditions, const Advise& advise)
      : policy_(policy),
        load_(load),
        warmup_(policy.spec.behavior.warmup.value_or(conditions.boot_delay + load.tick)),
        advise_(advise) {
    for (const policy::Metric& metric : policy.spec.metrics) {
      decision::MetricReading reading;
      reading.name = metric.name;
      observation_.metrics.push_back(std::move(reading));
      presets_ = presets_ || metric.preset != policy::Preset::none;
    }
  }

  void begin(int count, WallTime now) {
    decision::remember(history_.recommendations, policy_.spec.behavior, count, now);
    due_ = now;
  }
  [[nodiscard]] bool due(WallTime now) const { return now >= due_; }

  decision::Decision turn(double load, const Fleet& fleet, WallTime now) {
    while (due_ <= now) due_ += policy_.spec.interval;
    observation_.current = fleet.total();
    if (presets_) observation_.reporting = fleet.serving();
    for (std::size_t i = 0; i < observation_.metrics.size(); ++i) {
      observation_.metrics[i].value = seen_by(policy_.spec.metrics[i], load_, load, fleet.serving());
    }
    const decision::Signals signals = decision::read_signals(policy_.spec, observation_, history_, now);
    const std::optional<decision::Advice> advice = advise_(Question{policy_, observation_, signals, now});
    decision::Decision out = decision::decide(policy_.spec, observation_, advice, history_, now);
    if (out.recommended) {
      decision::remember(history_.recommendations, policy_.spec.behavior, *out.recommended, now);
    }
    if (!out.suspended_by.empty()) {
      out.to = out.from;
      out.action = Action::no_change;
    }
    if (out.to != out.from) {
      decision::note_scaled(history_, policy_.spec.behavior, warmup_, out.from, out.to, now);
    }
    return out;
  }

 private:
  const policy::ScalingPolicy& policy_;
  const Load& load_;
  Duration warmup_;
  const Advise& advise_;
  decision::Observation observation_;
  decision::History history_;
  bool presets_ = false;
  WallTime due_;
};

int first_count(const policy::ScalingPolicy& policy, const Load& load, const Conditions& conditions) {
  const auto& bounds = policy.spec.bounds;
  return conditions.start.value_or(std::clamp(demand(load.values.front(), load.slo), bounds.min, bounds.max));
}

// Walks over the load; `decide` says at the end of a tick what the count is from then on, in the step's own fields.
template <class Decide>
Measures walk(const policy::ScalingPolicy& policy, const Load& load, const Conditions& conditions, const Sink& sink,
              Fleet& fleet, Decide decide) {
  const auto& bounds = policy.spec.bounds;
  Meter meter(load.tick);
  Step step;
  for (std::size_t t = 0; t < load.values.size(); ++t) {
    step.time = load.start + load.tick * static_cast<Duration::rep>(t);
    const WallTime end = step.time + load.tick;
    fleet.boot(step.time);
    step.load = load.values[t];
    step.serving = fleet.serving();
    step.total = fleet.total();
    step.demand = std::clamp(demand(step.load, load.slo), bounds.min, bounds.max);
    step.utilization = utilization(step.load, step.serving);
    meter.tick(step.load, step.serving, step.total, step.demand);
    decide(t, end, step, meter);
    if (step.desired != step.total) {
      meter.action(step.desired - step.total, end);
      fleet.set(step.desired, end + conditions.boot_delay);
    }
    if (sink) sink(step);
  }
  return meter.finish(conditions.price_per_hour);
}

}  // namespace

Measures replay(const policy::ScalingPolicy& policy, const Load& load, const Conditions& conditions,
                const Advise& advise, const Sink& sink) {
  Fleet fleet(first_count(policy, load, conditions));
  Turns turns(policy, load, conditions, advise);
  turns.begin(fleet.total(), load.start + load.tick);
  decision::Decision decision;
  const auto decide = [&](std::size_t /*t*/, WallTime end, Step& step, Meter& meter) {
    step.desired = step.total;
    step.action = Action::no_change;
    step.reason = step.message = {};
    if (!turns.due(end)) return;
    meter.decision();
    decision = turns.turn(step.load, fleet, end);
    step.desired = decision.to;
    step.action = decision.action;
    step.reason = decision.reason;
    step.message = decision.message;
  };
  return walk(policy, load, conditions, sink, fleet, decide);
}

Measures replay_oracle(const policy::ScalingPolicy& policy, const Load& load, const Conditions& conditions,
                       const Sink& sink) {
  const auto& bounds = policy.spec.bounds;
  const auto wanted = [&](std::size_t t) {
    return std::clamp(demand(load.values[t], load.slo), bounds.min, bounds.max);
  };
  Fleet fleet(first_count(policy, load, conditions));
  // An instance ordered at the end of tick t serves in tick t + 1 + lead.
  const auto lead = static_cast<std::size_t>((conditions.boot_delay + load.tick - Duration(1)) / load.tick);
  std::deque<std::size_t> highest;  // of the window, ticks of falling demand
  std::size_t next = 0;
  const auto decide = [&](std::size_t t, WallTime /*end*/, Step& step, Meter& /*meter*/) {
    for (; next < load.values.size() && next <= t + 1 + lead; ++next) {
      while (!highest.empty() && wanted(highest.back()) <= wanted(next)) highest.pop_back();
      highest.push_back(next);
    }
    while (!highest.empty() && highest.front() <= t) highest.pop_front();
    step.desired = highest.empty() ? step.total : wanted(highest.front());
    step.action = step.desired > step.total   ? Action::scale_up
                  : step.desired < step.total ? Action::scale_down
                                              : Action::no_change;
    step.reason = "Oracle";
    step.message = "knows the load to come";
  };
  return walk(policy, load, conditions, sink, fleet, decide);
}

}  // namespace stackscaler::simulate
