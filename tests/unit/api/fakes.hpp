// SPDX-License-Identifier: Apache-2.0
//
// A fleet in memory, and orders that are kept: what the Api is tested on, behind a real server on loopback.
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "api/api.hpp"
#include "http/client.hpp"
#include "http/server.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"

namespace stackscaler::api {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

inline constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

class FakeFleet final : public Fleet {
 public:
  struct Entry {
    policy::ScalingPolicy policy;
    std::optional<LastTurn> last;
  };
  std::map<policy::PolicyKey, Entry> entries;
  std::vector<StackView> listed;
  ControllerView view;
  std::optional<std::string> yaml = "kind: ScalingPolicy\n";

  // A policy of one threshold metric, evaluated: cpu 81.3, 2 -> 3.
  Entry& add(const std::string& name) {
    Entry entry;
    entry.policy.key.name = name;
    entry.policy.spec.stack.id = name;
    entry.policy.spec_digest = "d1";
    entry.policy.origin = name + ".yaml";
    policy::Metric metric;
    metric.name = "cpu";
    metric.threshold = policy::Threshold{75, 30, {}};
    entry.policy.spec.metrics.push_back(metric);
    LastTurn last;
    last.status.current_instances = 2;
    last.status.desired_instances = 3;
    last.status.count_age = 3s;
    policy::LastDecision decision;
    decision.action = "scale_up";
    decision.from = 2;
    decision.to = 3;
    decision.advisor = "rules";
    decision.reason = "AboveThreshold";
    decision.message = "cpu 81.3 is above 75";
    last.status.last_decision = decision;
    policy::Condition ready;
    ready.type = "Ready";
    ready.status = policy::ConditionStatus::true_;
    ready.reason = "Ready";
    last.status.conditions.push_back(ready);
    decision::Signal signal;
    signal.name = "cpu";
    signal.value = 81.3;
    signal.proposal = 3;
    signal.above = true;
    signal.message = "cpu 81.3 is above 75";
    last.signals.push_back(signal);
    entry.last = last;
    const auto key = entry.policy.key;
    return entries[key] = std::move(entry);
  }
  std::vector<policy::PolicyKey> keys() const override {
    std::vector<policy::PolicyKey> out;
    for (const auto& [key, entry] : entries) out.push_back(key);
    return out;
  }
  std::optional<PolicyView> policy(const policy::PolicyKey& key) const override {
    const auto found = entries.find(key);
    if (found == entries.end()) return std::nullopt;
    PolicyView out;
    out.policy = &found->second.policy;
    out.last = found->second.last ? &*found->second.last : nullptr;
    out.stack = found->second.policy.spec.stack.id;
    return out;
  }
  std::optional<policy::PolicyKey> policy_of(const std::string& stack) const override {
    for (const auto& [key, entry] : entries) {
      if (entry.policy.spec.stack.id == stack) return key;
    }
    return std::nullopt;
  }
  ControllerView controller() const override { return view; }
  asio::awaitable<Result<PolicyText>> text(policy::PolicyKey) override {
    PolicyText out;
    out.yaml = yaml;
    out.is_loaded = true;
    co_return out;
  }
  asio::awaitable<Result<std::vector<StackView>>> stacks() override { co_return listed; }
  asio::awaitable<Result<StackView>> stack(std::string id) override {
    for (const StackView& one : listed) {
      if (one.id == id) co_return one;
    }
    co_return fail(ErrorKind::not_found, "StackNotAdopted", "no stack '" + id + "'");
  }
  asio::awaitable<Result<MetricsView>> metrics(std::string id) override {
    if (auto known = co_await stack(id); !known) co_return fail(known.error());
    MetricsView out;
    decision::MetricReading reading;
    reading.name = "cpu";
    reading.value = 81.3;
    reading.age = 5s;
    out.metrics.push_back(reading);
    reading = {};
    reading.name = "memory";
    reading.missing = "no data";
    out.metrics.push_back(reading);
    co_return out;
  }

  std::optional<SimulationQuery> simulated;
  std::optional<Error> cannot_simulate;
  asio::awaitable<Result<std::string>> simulate(SimulationQuery query) override {
    simulated = std::move(query);
    if (cannot_simulate) co_return fail(*cannot_simulate);
    co_return R"({"policy":"default/web","advisor":"rules","start":"2026-11-24T10:00:00Z","hours":24,"ticks":1440,)"
              R"("capacityPerInstance":1,"instanceHours":50.5,"minutesAbove80":3,"minutesAbove90":0,"actions":12,)"
              R"("flaps":1,"thetaU":0.1,"thetaO":9,"tauU":2,"tauO":40,"upsilon":-3.5,"lostLoad":0,"offeredLoad":30,)"
              R"("cost":0,"decisions":1440})";
  }
};

class FakeRecords final : public Records {
 public:
  std::vector<ports::DecisionRecord> decided;    // newest first
  std::vector<ports::OperationRecord> operated;  // newest first
  std::optional<Error> failure;
  DecisionQuery last_query;

  asio::awaitable<Result<DecisionPage>> decisions(DecisionQuery query) override {
    if (failure) co_return fail(*failure);
    last_query = query;
    DecisionPage out;
    out.records = decided;
    if (static_cast<int>(out.records.size()) > query.limit) {
      out.records.resize(static_cast<std::size_t>(query.limit));
      out.next = 7;
    }
    co_return out;
  }
  asio::awaitable<Result<OperationPage>> operations(OperationQuery) override {
    OperationPage out;
    out.records = operated;
    co_return out;
  }
  asio::awaitable<Result<std::optional<ports::OperationRecord>>> operation(std::string id) override {
    for (const auto& one : operated) {
      if (one.id == id) co_return std::optional(one);
    }
    co_return std::optional<ports::OperationRecord>();
  }
  std::string explain(const ports::DecisionRecord& d, const std::optional<ports::OperationRecord>&) const override {
    return d.message;
  }
};

class FakeActions final : public Actions {
 public:
  std::vector<ScaleCommand> scaled;
  std::vector<Duration> waits;
  Result<ChangeView> change = ChangeView();
  Result<AutoScaleView> automatic = AutoScaleView();
  PauseView state;
  int recommended = 0;
  int throws = 0;

  asio::awaitable<Result<ChangeView>> scale(ScaleCommand command, Duration wait) override {
    if (throws-- > 0) throw std::runtime_error("fault");
    scaled.push_back(std::move(command));
    waits.push_back(wait);
    co_return change;
  }
  asio::awaitable<Result<RecommendationView>> recommend(std::string) override {
    ++recommended;
    RecommendationView out;
    out.policy = "default/web";
    out.decision.action = "scale_up";
    out.decision.from = 2;
    out.decision.to = 3;
    out.decision.detail = "{}";
    out.threshold = 0.7;
    co_return out;
  }
  asio::awaitable<Result<AutoScaleView>> auto_scale(std::string, Asker, Duration) override { co_return automatic; }
  asio::awaitable<Result<PauseView>> pause(Asker by, std::string reason) override {
    state.paused = true;
    state.by = by.name();
    state.reason = std::move(reason);
    co_return state;
  }
  asio::awaitable<Result<PauseView>> resume(Asker) override {
    state = PauseView();
    co_return state;
  }
};

// The Api behind a real server, with a real clock.
class Rig {
 public:
  explicit Rig(AccessSettings access = with_token(), http::ServerLimits limits = quick())
      : clock(io.get_executor()),
        api(Api::Parts{io.get_executor(), clock, log, fleet, records, actions}, std::move(access), "boot"),
        server(
            io.get_executor(), log, [this](http::IncomingRequest request) { return api.handle(std::move(request)); },
            limits),
        client(io.get_executor()) {
    if (!server.start("127.0.0.1", 0)) throw std::runtime_error("no server");
  }
  ~Rig() {
    client.close();
    api.close();
    test::run(io, server.stop());
    io.restart();
    io.poll();
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  static AccessSettings with_token() { return with_token(0); }
  static AccessSettings with_token(int changes_per_minute) {
    AccessSettings out;
    out.token = Secret(kToken);
    out.changes_per_minute = changes_per_minute;
    return out;
  }
  static http::ServerLimits quick() {
    http::ServerLimits out;
    out.body_bytes = 4 * Api::kBodyBytes;
    out.stop_grace = 50ms;
    out.evict_idle = true;
    return out;
  }

  struct Answer {
    int status = 0;
    http::Headers headers;
    std::string body;
    [[nodiscard]] json parsed() const { return json::parse(body, nullptr, false); }
  };
  Answer get(const std::string& path, const std::string& token = "") {
    return send(http::Method::get, path, "", token, {});
  }
  Answer post(const std::string& path, const std::string& body, const std::string& token = kToken,
              const http::Headers& more = {}) {
    return send(http::Method::post, path, body, token, more);
  }
  Answer send(http::Method method, const std::string& target, const std::string& body, const std::string& token,
              const http::Headers& more) {
    const std::size_t mark = target.find('?');
    http::Url url("127.0.0.1", server.port(), target.substr(0, mark),
                  mark == std::string::npos ? "" : target.substr(mark + 1));
    http::Request request(method, std::move(url));
    request.body = body;
    if (!body.empty() && more.get("content-type").empty()) request.headers.add("Content-Type", "application/json");
    if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
    for (const auto& [name, value] : more) request.headers.add(name, value);
    auto got = test::run(io, client.send(std::move(request)));
    if (!got) throw std::runtime_error(got.error().message());
    Answer out;
    out.status = got->status;
    out.headers = got->headers;
    out.body = got->body;
    return out;
  }

  asio::io_context io;
  test::MemoryLog log;
  SystemClock clock;
  FakeFleet fleet;
  FakeRecords records;
  FakeActions actions;
  Api api;
  http::Server server;
  http::Client client;
};

}  // namespace stackscaler::api
