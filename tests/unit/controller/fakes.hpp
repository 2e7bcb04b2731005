// SPDX-License-Identifier: Apache-2.0
//
// In-memory ports for the loop's tests: they keep state, record calls and fail by script. The contract suites hold the
// real adapters to the same behaviour.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <map>
#include <memory>
#include <stdexcept>

#include "advisor/rules.hpp"
#include "controller/loop.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_journal.hpp"
#include "support/memory_log.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class FakeMetrics final : public ports::MetricSource {
 public:
  std::optional<double> cpu = 50;
  std::string missing = "no data";
  int reads = 0;
  int throws = 0;
  std::function<void()> on_read;  // what happens meanwhile
  std::optional<int> reporting;
  asio::awaitable<ports::MetricsReading> read(const policy::ScalingPolicy& policy) override {
    ++reads;
    if (throws-- > 0) throw std::runtime_error("fault");
    if (on_read) on_read();
    ports::MetricsReading out;
    for (const auto& m : policy.spec.metrics) {
      decision::MetricReading r;
      r.name = m.name;
      r.value = cpu;
      if (!cpu) r.missing = missing;
      out.metrics.push_back(std::move(r));
    }
    out.reporting = reporting;
    co_return out;
  }
};

class FakeDriver final : public ports::StackDriver {
 public:
  explicit FakeDriver(Clock& clock) : clock_(clock) {}

  struct Scale {
    int from;
    int to;
    bool operator==(const Scale&) const = default;
  };
  int count = 3;
  bool changed = false;
  std::string config_stamp = "1";
  Duration apply_time{};
  int planned = 0;
  Duration plan_time{};
  std::deque<Result<ports::PlanReport>> plans;  // what plan() answers, then that all is well
  std::vector<std::string> steps;               // progress of a scale, ten seconds apart
  std::deque<Error> fail_observe;
  std::deque<Error> fail_scale;
  std::vector<Scale> scaled;
  int observed = 0;
  std::function<void()> on_observe;  // what happens meanwhile
  std::function<void()> on_drain;    // what happens during a drain; without it there is none
  int at_once = 0;
  int most_at_once = 0;
  int fail_recover = 0;
  std::optional<ports::OperationRecord> recovered;

  asio::awaitable<Result<ports::StackView>> observe(policy::StackRef stack) override {
    ++observed;
    if (on_observe) on_observe();
    if (!fail_observe.empty()) {
      Error error = fail_observe.front();
      fail_observe.pop_front();
      co_return fail(std::move(error));
    }
    ports::StackView view;
    view.name = stack.id;
    view.identity = "/stacks/" + stack.id;
    view.count = count;
    view.config_stamp = config_stamp;
    changed = false;
    co_return view;
  }
  asio::awaitable<Result<ports::PlanReport>> plan(policy::StackRef, int to) override {
    ++planned;
    if (plan_time != Duration(0)) (void)co_await clock_.sleep_for(plan_time);
    if (!plans.empty()) {
      auto scripted = std::move(plans.front());
      plans.pop_front();
      co_return scripted;
    }
    ports::PlanReport report;
    report.from = count;
    report.to = to;
    co_return report;
  }
  asio::awaitable<Result<ports::ScaleReport>> scale(const ports::WritePermit& permit, ports::ScaleOrder order,
                                                    ports::ProgressSink progress) override {
    if (auto open = permit.check(); !open) co_return fail(open.error());
    if (order.from && *order.from != count) co_return fail(ErrorKind::conflict, "CountChanged", "another count");
    if (order.still_wanted) {
      if (auto wanted = order.still_wanted(); !wanted) co_return fail(wanted.error());
    }
    if (on_drain && order.still_right) {
      on_drain();
      auto right = co_await order.still_right();
      if (!right) co_return fail(right.error());
    }
    most_at_once = std::max(most_at_once, ++at_once);
    ports::OperationProgress p;
    p.id = "op";
    p.phase = "Applying";
    p.from = order.from.value_or(count);
    p.to = order.to;
    progress(p);
    for (const std::string& text : steps) {
      (void)co_await clock_.sleep_for(10s);
      p.progress = text;
      progress(p);
    }
    if (apply_time != Duration(0)) (void)co_await clock_.sleep_for(apply_time);
    --at_once;
    if (!fail_scale.empty()) {
      Error error = fail_scale.front();
      fail_scale.pop_front();
      co_return fail(std::move(error));
    }
    scaled.push_back({order.from.value_or(count), order.to});
    count = order.to;
    ports::ScaleReport report;
    report.operation_id = "op";
    report.from = order.from.value_or(count);
    report.count_after = order.to;
    report.changed = true;
    co_return report;
  }
  asio::awaitable<Result<ports::OperationRecord>> recover(const ports::WritePermit&, ports::OperationRecord open,
                                                          ports::ProgressSink) override {
    (void)co_await clock_.sleep_for(10s);
    if (fail_recover-- > 0) co_return fail(ErrorKind::unavailable, "no state");
    open.phase = ports::Phase::succeeded;
    recovered = open;
    co_return open;
  }
  asio::awaitable<std::vector<std::string>> changed_stacks() override {
    std::vector<std::string> names;
    if (changed) names.emplace_back("web");
    co_return names;
  }
  void stop() override {}
  void interrupt() override {}

 private:
  Clock& clock_;
};

class FakeStatus final : public ports::StatusWriter {
 public:
  std::vector<policy::Status> written;
  int failures = 0;
  int attempts = 0;
  asio::awaitable<Result<void>> write(policy::PolicyKey, policy::Status status) override {
    ++attempts;
    if (failures-- > 0) co_return fail(ErrorKind::conflict, "read-only");
    written.push_back(std::move(status));
    co_return Result<void>{};
  }
};

class FakeEvents final : public ports::EventSink {
 public:
  std::vector<ports::Happening> told;
  void tell(const policy::ScalingPolicy&, ports::Happening happening) override { told.push_back(std::move(happening)); }
  [[nodiscard]] std::vector<std::string> reasons() const {
    std::vector<std::string> out;
    for (const auto& one : told) out.push_back(one.reason);
    return out;
  }
};

// Operations as a test has scripted them; decisions, recommendations and generations as test::FakeJournal keeps them.
class FakeJournal final : public test::FakeJournal {
 public:
  std::map<std::string, ports::OperationRecord> applied;  // by stack
  std::vector<ports::OperationRecord> open;
  std::optional<ports::OperationRecord> orphans;
  std::vector<ports::Scaling> all_scalings;

  asio::awaitable<Result<void>> put_operation(ports::OperationRecord) override { co_return Result<void>{}; }
  asio::awaitable<Result<std::vector<ports::OperationRecord>>> unfinished_operations() override { co_return open; }
  asio::awaitable<Result<std::optional<ports::OperationRecord>>> last_applied(std::string stack) override {
    const auto found = applied.find(stack);
    if (found == applied.end()) co_return std::optional<ports::OperationRecord>{};
    co_return std::optional<ports::OperationRecord>(found->second);
  }
  asio::awaitable<Result<std::optional<ports::OperationRecord>>> possible_orphans(std::string stack) override {
    if (orphans && orphans->stack != stack) co_return std::optional<ports::OperationRecord>{};
    co_return orphans;
  }
  asio::awaitable<Result<std::vector<ports::Scaling>>> scalings(std::string stack, WallTime since) override {
    std::vector<ports::Scaling> out;
    for (const auto& one : all_scalings) {
      if (one.ended >= since && (stack.empty() || stack == one.stack)) out.push_back(one);
    }
    co_return out;
  }
};

inline std::shared_ptr<policy::ScalingPolicy> policy_of(std::string name, Duration interval = 30s) {
  auto p = std::make_shared<policy::ScalingPolicy>();
  p->key.name = name;
  p->origin = "policies/" + name + ".yaml";
  p->spec.stack.id = name;
  p->spec.bounds = {1, 10};
  p->spec.interval = interval;
  policy::Metric cpu;
  cpu.name = "cpu";
  cpu.query = "q";
  cpu.threshold = policy::Threshold{75, 30, {1, false}};
  p->spec.metrics.push_back(cpu);
  p->spec.behavior.scale_down.stabilization_window = Duration(0);
  p->spec_digest = "digest-1-" + name;
  return p;
}

// The whole loop on fakes and a fake clock.
struct World {
  explicit World(ports::GateSettings settings = {.enabled = true}, ReconcilerSettings rules = {})
      : gate(settings),
        reconciler(Reconciler::Parts{clock, log, random, metrics, advisor, driver, &status, journal, gate, &events},
                   rules) {}
  ~World() {
    loop.stop();
    main.request_stop();
    clock.advance(1h);  // whatever converges comes to its end
  }

  void start() {
    main.spawn("loop", loop.run());
    main.spawn("states", loop.watch_states());
    main.spawn("plans", loop.watch_plans());
  }
  void watch_pause() { main.spawn("pause", loop.watch_pause(gate)); }
  void add(std::shared_ptr<policy::ScalingPolicy> p) { loop.upsert(std::move(p)); }

  asio::io_context io;
  test::FakeClock clock{io};
  test::MemoryLog log;
  Random random{7};
  FakeMetrics metrics;
  advisor::RulesAdvisor advisor;
  FakeDriver driver{clock};
  FakeStatus status;
  FakeJournal journal;
  FakeEvents events;
  ports::Gate gate;
  Reconciler reconciler;
  Loop loop{io.get_executor(), clock, log, random, reconciler};
  TaskGroup main{io.get_executor(), log};
};

}  // namespace stackscaler::controller
